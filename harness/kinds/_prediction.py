"""Which outcome came about in each log, and whether it is the one that was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.kinds._judge import MAX_WITNESSES, printed
from harness.kinds._limits import Ask, Found, stretch, thin, value_of
from harness.kinds._mutants import data_mutants
from harness.kinds._outcomes import VALUE
from harness.model.frame import few
from harness.model.proof import ProofStep
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.symbolic.columns import Table, holds, number
from harness.symbolic.tree import Node, Number, names, walk
from harness.symbolic.vectors import FINE, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """The outcomes as trees and as text, and the one that the author expects."""

    trees: Mapping[str, Node]
    texts: Mapping[str, str]
    expects: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came about in one log: the outcome, or an empty name and those that the digits leave open."""

    where: str
    value: str
    outcome: str
    between: tuple[str, ...] = ()
    sure: bool = True


def came_about(value: Vector, drawn: Drawn) -> tuple[str, tuple[str, ...]]:
    """Returns the one outcome that surely holds of a number, else none and all that may hold."""
    table = Table(values={VALUE: value}, rows=1)
    truths = {name: holds(tree, table) for name, tree in drawn.trees.items()}
    fine = {name: bool(found.state[0] == FINE) for name, found in truths.items()}
    sure = [name for name, found in truths.items() if fine[name] and found.holds[0]]
    may = tuple(name for name, found in truths.items() if not (fine[name] and found.fails[0]))
    return (sure[0], ()) if len(sure) == 1 and may == (sure[0],) else ("", may)


def outcome_in(found: Found, ask: Ask, drawn: Drawn) -> Came | None:
    """Names the outcome of one log; None where it has no number at the place asked for."""
    if found.values is None or found.trouble or bool(found.bad.all()):
        return None
    value = value_of(found.values, ~found.bad, found, ask)
    if value.state[0] != FINE:
        return None
    name, between = came_about(value, drawn)
    return Came(
        where=found.name if found.row is None else found.places[found.row],
        value=printed(value, 0),
        outcome=name,
        between=between,
        sure=found.row is not None or not found.bad.any(),
    )


def conclude(
    found: Sequence[Found], ask: Ask, drawn: Drawn, basis: Basis, proofs: tuple[ProofStep, ...]
) -> Verdict:
    """Folds all logs into one verdict, which names the outcome of each."""
    came = [(entry, outcome_in(entry, ask, drawn)) for entry in found]
    told = [one for _, one in came if one is not None]
    wrong = [one for one in told if one.sure and _other(one, drawn)]
    doubt = next(_doubts(came, ask, drawn), None)
    outcome, reason, detail = Outcome.DISCHARGED, None, ""
    if wrong:
        outcome = Outcome.FALSIFIED
    elif doubt is not None:
        outcome, (reason, detail) = Outcome.INCONCLUSIVE, doubt
    lost = few(note for entry in found for note in entry.notes)
    notes = dict.fromkeys((*lost, *(text for entry in found for text in entry.remarks)))
    bad = sum(int(entry.bad.sum()) + len(entry.notes) for entry in found)
    total = sum(len(entry.places) + len(entry.notes) for entry in found)
    return Verdict(
        outcome=outcome,
        reason=reason,
        basis=basis,
        denominator=Denominator(
            judged=total - bad,
            total=total,
            unit="rows",
            excluded=sum(entry.excluded for entry in found),
            unjudged=bad,
        ),
        detail="; ".join(part for part in (_named(told), detail, *notes) if part),
        measured=", ".join(dict.fromkeys(one.value for one in told)) or None,
        threshold=f"{drawn.expects}: {drawn.texts[drawn.expects]}",
        witnesses=tuple(_witness(one, drawn) for one in wrong[:MAX_WITNESSES]),
        proofs=proofs,
    )


def _other(one: Came, drawn: Drawn) -> bool:
    """Tells whether the expected outcome surely did not come about."""
    return drawn.expects not in one.between if one.between else one.outcome not in ("", drawn.expects)


def _named(told: Sequence[Came]) -> str:
    """Names what came about: one outcome, or the outcome of each log."""
    words = dict.fromkeys(one.outcome or f"between {' and '.join(one.between)}" for one in told)
    if len(words) == 1:
        return f"came about: {next(iter(words))}"
    return "; ".join(f"{one.where}: {one.outcome or 'between ' + ' and '.join(one.between)}" for one in told)


def _witness(one: Came, drawn: Drawn) -> Witness:
    name = one.outcome or " or ".join(one.between)
    return Witness(
        where=one.where,
        found=f"{one.value}, which is {name}",
        expected=f"{drawn.expects}: {drawn.texts[drawn.expects]}",
    )


def _doubts(
    came: Iterable[tuple[Found, Came | None]], ask: Ask, drawn: Drawn
) -> Iterator[tuple[Reason, str]]:
    came = list(came)
    if not came:
        yield Reason.TOO_FEW, "nothing to judge"
    for entry, _ in came:
        yield from thin(entry, ask)
    unjudged = sum(int(entry.bad.sum()) + len(entry.notes) for entry, _ in came)
    if unjudged > ask.allow_unjudged:
        yield Reason.UNJUDGED, f"{unjudged} rows without a value (missing, nan, cut off or said again)"
    for entry, one in came:
        if one is None:
            yield Reason.UNJUDGED, f"{entry.name}: there is no number at the place asked for"
        elif not one.outcome:
            between = " or ".join(one.between) or "no outcome"
            yield Reason.UNDECIDED, f"{one.where}: {one.value} to its printed digits may be {between}"
        elif one.outcome != drawn.expects:
            yield Reason.UNJUDGED, f"{one.where}: {one.outcome}, of the rows that have a value"
    data = names(ask.metric) - ask.setting.constants.keys()
    if not data:
        yield Reason.VACUOUS, f"{ask.text} names no column"
    elif not any(_movable(entry, ask, drawn, data) for entry, _ in came):
        yield Reason.VACUOUS, "no change of the data brings another outcome about"


def _movable(entry: Found, ask: Ask, drawn: Drawn, data: frozenset[str]) -> bool:
    """Tells whether changed data bring about another outcome than the expected one."""
    table = entry.table
    if table is None:
        return False
    parts = [part for tree in drawn.trees.values() for part in walk(tree)]
    edges = [abs(float(part.value)) for part in parts if isinstance(part, Number)]
    for name in sorted(data):
        for mutant in data_mutants(table.values[name], 10 * max(edges, default=1.0)):
            changed = replace(table, values={**table.values, name: mutant})
            values = stretch(number(ask.metric, changed), changed.rows)
            one = outcome_in(replace(entry, values=values), ask, drawn)
            if one is not None and one.outcome not in ("", drawn.expects):
                return True
    return False
