"""From the rows of some frames to one verdict: the rules that every row-wise kind shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.kinds import _guards, _mutants
from harness.kinds._claims import Claim, used_names
from harness.kinds._judge import MAX_WITNESSES, Judged, deepest, deviation, judge, slack, witnesses
from harness.kinds._mutants import Site
from harness.kinds._rows import Setting, distinct, links, select, superseded, table_of
from harness.model.contract import Formula
from harness.model.frame import Frame
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict
from harness.symbolic.columns import RESOLUTION, Table
from harness.symbolic.tree import Apply, Node, names, walk
from harness.symbolic.vectors import point


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is asked of every row, and how much of a log must be judged for a discharge."""

    rows: tuple[Claim, ...]
    setting: Setting
    first: tuple[Claim, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    select: Node | None = None
    every: int | None = None
    step_column: str = "step"
    allow_unjudged: int = 0
    min_rows: int = 1
    unit: str = "rows"
    over_log: bool = True

    @property
    def fixed(self) -> frozenset[str]:
        """The names that are no data: constants, and beside a log also published numbers."""
        numbers = self.setting.numbers.keys() if self.over_log else ()
        return frozenset(self.setting.constants).union(numbers)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Group:
    """One frame (and one rule) with what was found in it; None where no row was selected."""

    name: str
    judged: Judged | None
    distinct: int = 0
    excluded: int = 0
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def group_of(frame: Frame, rule: Rule) -> Group:
    """Judges one frame; raises ``InputError`` for a column that is not there."""
    name = frame.label or frame.source
    if not len(frame):
        return Group(name=name, judged=None, notes=frame.notes, remarks=frame.remarks)
    chosen = select(frame, rule.select, rule.setting)
    used = used_names(*(claim.node for claim in (*rule.rows, *rule.first)))
    linked = None if rule.every is None else links(frame, chosen.rows, rule.step_column, rule.every)
    selecting = frozenset[str]() if rule.select is None else names(rule.select)
    table = table_of(frame, chosen.rows, used | selecting, rule.setting, linked)
    if not chosen.rows:
        return Group(
            name=name, judged=None, excluded=chosen.excluded, notes=frame.notes, remarks=frame.remarks
        )
    places = [frame.places[row] for row in chosen.rows]
    judged = judge(
        table,
        places,
        rule.rows,
        first=rule.first,
        unsure=chosen.unsure,
        superseded=superseded(frame, chosen.rows),
    )
    return Group(
        name=name,
        judged=judged,
        distinct=distinct(frame, chosen.rows, used, rule.step_column),
        excluded=chosen.excluded,
        notes=frame.notes,
        remarks=frame.remarks,
    )


def conclude(found: Sequence[tuple[Group, Rule]], text: str, basis: Basis) -> Verdict:
    """Folds what was found into one verdict: a certain failure first, then every reason to doubt.

    A discharge needs in every group at least ``min_rows`` and half of its rows judged, no more unjudged
    ones than allowed, and claims that a change of the data breaks.
    """
    judged = [group.judged for group, _ in found if group.judged is not None]
    seen = [witness for entry in judged for witness in witnesses(entry)]
    denominator = _denominator(found)
    outcome, reason, detail = _decide(found, judged, denominator)
    notes = tuple(dict.fromkeys(note for group, _ in found for note in (*group.notes, *group.remarks)))
    notes = (*notes, *_coarser(found))
    worst = max((far for entry in judged if (far := deviation(entry)) is not None), default=None)
    return Verdict(
        outcome=outcome,
        reason=reason,
        basis=basis,
        denominator=denominator,
        detail="; ".join(part for part in (detail, *notes) if part),
        measured=f"largest relative deviation {worst[0]:.2g}, at {worst[1]}" if worst else None,
        threshold=text,
        margin=_margin(found) if outcome is Outcome.DISCHARGED else None,
        witnesses=tuple(seen[:MAX_WITNESSES]) if outcome is Outcome.FALSIFIED else (),
    )


def _coarser(found: Sequence[tuple[Group, Rule]]) -> tuple[str, ...]:
    """Says that the contract asks for another resolution than the usual one."""
    own = found[0][1].setting.resolution if found else RESOLUTION
    return (f"resolution {float(own):g} instead of {float(RESOLUTION):g}",) if own != RESOLUTION else ()


def _margin(found: Sequence[tuple[Group, Rule]]) -> str | None:
    """Says how far an equality could be off unseen, and how near the closest value is to its bound."""
    parts = []
    nodes = [claim.written for _, rule in found for claim in (*rule.rows, *rule.first)]
    if any(isinstance(part, Apply) and part.op == "==" for node in nodes for part in walk(node)):
        parts.append(f"a value off by {float(found[0][1].setting.resolution):g} of itself would have shown")
    slacks = [near for group, _ in found if group.judged is not None if (near := slack(group.judged))]
    if slacks:
        share, place = min(slacks)
        parts.append(f"closest to a bound: {share:.2g} of it, at {place}")
    return "; ".join(parts) or None


def _denominator(found: Sequence[tuple[Group, Rule]]) -> Denominator:
    judged = [group.judged for group, _ in found if group.judged is not None]
    torn = sum(len(group.notes) for group, _ in found)
    return Denominator(
        judged=sum(int(entry.judged.sum()) for entry in judged),
        total=sum(entry.table.rows for entry in judged) + torn,
        unit=found[0][1].unit if found else "rows",
        excluded=sum(group.excluded for group, _ in found),
        unjudged=sum(int(entry.unjudged.sum()) for entry in judged) + torn,
        undecided=sum(int(entry.undecided.sum()) for entry in judged),
    )


def _decide(
    found: Sequence[tuple[Group, Rule]], judged: Sequence[Judged], denominator: Denominator
) -> tuple[Outcome, Reason | None, str]:
    failed = sum(int(entry.failed.sum()) for entry in judged)
    if failed:
        unit = denominator.unit
        return Outcome.FALSIFIED, None, f"{failed} of {denominator.total} {unit} contradict the claim"
    for doubt in (_too_few, _unjudged, _undecided, _vacuous):
        for reason, detail in doubt(found):
            return Outcome.INCONCLUSIVE, reason, detail
    return Outcome.DISCHARGED, None, _coverage(found)


def _too_few(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    if not found:
        yield Reason.TOO_FEW, "nothing to judge"
    for group, rule in found:
        rows = 0 if group.judged is None else group.judged.table.rows
        needed, told = max(1, rule.min_rows), min(rows, group.distinct)
        if told < needed:
            alike = f" ({rows} that repeat each other)" if told < rows else ""
            yield Reason.TOO_FEW, f"{group.name}: {told} {rule.unit}{alike}, {needed} needed"


def _unjudged(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    """Adds up the rows without a value over all groups; a torn line is one of them."""
    lost = [
        (place, group)
        for group, _ in found
        if group.judged is not None
        for place, bad in zip(group.judged.places, group.judged.unjudged & ~group.judged.first, strict=True)
        if bad
    ]
    count = len(lost) + sum(len(group.notes) for group, _ in found)
    allowed = found[0][1].allow_unjudged
    if count > allowed:
        at = f", first at {lost[0][0]}" if lost else ""
        why = "missing, nan, gap, cut off, said again"
        detail = f"{count} {found[0][1].unit} without a value ({why}){at}; {allowed} allowed"
        yield Reason.UNJUDGED, detail


def _undecided(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    for group, rule in found:
        if group.judged is None:
            continue
        decided, total = int(group.judged.judged.sum()), group.judged.table.rows
        if decided < rule.min_rows or 2 * decided < total:
            share = f"{float(rule.setting.resolution):.0%}"
            settled = f"{group.name}: the digits settle {decided} of {total} {rule.unit}"
            yield Reason.UNDECIDED, f"{settled}; in the others a value off by {share} would not show"


def _vacuous(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    import numpy as np

    for rule in {id(rule): rule for _, rule in found}.values():
        own = [g.judged for g, r in found if r is rule and g.judged is not None]
        everywhere = [_site(entry.table, entry, rule) for entry in own]
        head = [replace(site, asked=np.arange(site.table.rows) < deepest(rule.rows)) for site in everywhere]
        for claim, sites in [(c, everywhere) for c in rule.rows] + [(c, head) for c in rule.first]:
            why = _mutants.vacuous(claim, sites, rule.fixed)
            why = why or _guards.steered(claim.node, sites, rule.fixed)
            why = why or _guards.idle(claim.written, sites, rule.formulas, rule.fixed)
            if why:
                yield Reason.VACUOUS, f"{claim.text}: {why}"


def _site(table: Table, entry: Judged, rule: Rule) -> Site:
    import numpy as np

    everywhere = np.ones(table.rows, bool)
    return Site(table=table, asked=everywhere, judged=entry.judged, select=rule.select)


def _coverage(found: Sequence[tuple[Group, Rule]]) -> str:
    """Says how many changes of the formulas' constants these rows would have noticed."""
    killed, survivors = 0, []
    for rule in {id(rule): rule for _, rule in found}.values():
        judged = [g.judged for g, r in found if r is rule and g.judged is not None]
        for mutant in _mutants.formula_mutants(rule.rows, rule.formulas, rule.setting.constants):
            if any(_notices(mutant, entry, rule) for entry in judged):
                killed += 1
            else:
                survivors.append(mutant.title)
    total = killed + len(survivors)
    if not total:
        return ""
    if not killed:
        return f"kills none of {total} formula mutants: a changed constant would not have been noticed"
    rest = f"; not {', '.join(survivors[:5])}{' …' if len(survivors) > 5 else ''}" if survivors else ""
    return f"kills {killed} of {total} formula mutants{rest}"


def _notices(mutant: _mutants.Mutant, entry: Judged, rule: Rule) -> bool:
    planted = {name: point(value) for name, value in mutant.constants.items()}
    table = replace(entry.table, values={**entry.table.values, **planted})
    return _mutants.fails_on(mutant.node, replace(_site(table, entry, rule), select=None))
