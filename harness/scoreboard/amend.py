"""What became of a contract between two revisions: tightened, loosened, reworded, added or removed.

A bound that is implied by the old one and does not imply it is looser; that is asked of the provers where it
is a formula, and of arithmetic where it is a number. What nobody can order counts as changed, which voids
evidence as a loosening does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from harness.engine.demand import runs_text
from harness.kinds._outcomes import OTHERWISE, written
from harness.model.contract import Contract, Criterion, Obligation
from harness.model.kind import Kind
from harness.model.proof import Question
from harness.model.values import Printed
from harness.scoreboard.change import (
    VOIDING,
    Change,
    basis_change,
    runs_change,
    scale_change,
    severity_change,
)
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import is_truth, names, shown

Ask = Callable[[Question], bool]
"""Tells whether a question is proved."""
_CEILINGS = frozenset({"at_most", "below", "allow_unjudged", "tolerance"})
_FLOORS = frozenset({"at_least", "above", "falls_by", "min_rows"})
_FORMULAS = frozenset({"rows", "holds", "prove"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Amendment:
    """One change of one criterion, with what it is about."""

    criterion: str
    change: Change
    about: str


def amendments(old: Contract, new: Contract, ask: Ask) -> tuple[Amendment, ...]:
    """Returns every change between two revisions of a contract, in the order of the criteria."""
    before = {row.id: row for row in old.criteria}
    after = {row.id: row for row in new.criteria}
    found: list[Amendment] = []
    for name in [*before, *(extra for extra in after if extra not in before)]:
        if name not in after:
            found.append(Amendment(criterion=name, change=Change.REMOVED, about="the criterion"))
        elif name not in before:
            found.append(Amendment(criterion=name, change=Change.ADDED, about="the criterion"))
        else:
            changes = _criterion(old, new, before[name], after[name], ask)
            found += [Amendment(criterion=name, change=kind, about=about) for kind, about in changes]
    return tuple(found)


def bump(found: tuple[Amendment, ...]) -> str:
    """Returns which part of the version the changes ask for: major, minor, patch or none."""
    kinds = {item.change for item in found}
    if kinds & VOIDING:
        return "major"
    return "minor" if kinds & {Change.ADDED, Change.TIGHTENED} else "patch" if kinds else "none"


def raised(version: str, part: str) -> str:
    """Returns a version raised by a part: 1.2.3 by minor is 1.3.0; one that is not of numbers stays."""
    places = {"major": 0, "minor": 1, "patch": 2}
    numbers = version.split(".")
    if (
        part not in places
        or len(numbers) > 3
        or not all(text.isascii() and text.isdigit() for text in numbers)
    ):
        return version
    place = places[part]
    counts = [int(text) for text in (*numbers, "0", "0")][:3]
    counts = [*counts[:place], counts[place] + 1, *(0 for _ in counts[place + 1 :])]
    return ".".join(map(str, counts[: max(len(numbers), place + 1)]))


def _criterion(
    old: Contract, new: Contract, before: Criterion, after: Criterion, ask: Ask
) -> Iterator[tuple[Change, str]]:
    if before.severity is not after.severity:
        change = severity_change(before.severity, after.severity)
        yield change, f"severity {before.severity} → {after.severity}"
    if before.claim_digest != after.claim_digest or before.clause != after.clause:
        yield Change.REWORDED, "the claim"
    if before.basis != after.basis:
        yield basis_change(frozenset(before.basis), frozenset(after.basis)), "the basis asked for"
    if before.scale != after.scale:
        yield scale_change(before.scale, after.scale), "the scale asked for"
    ran = runs_change(runs_text(old, before.obligations), runs_text(new, after.obligations))
    if ran is not None:
        yield ran
    left = list(after.obligations)
    gone = []
    for item in before.obligations:
        same = next((one for one in left if one.digest == item.digest), None)
        if same is None:
            gone.append(item)
        else:
            left.remove(same)
    for item in gone:
        match = next((one for one in left if one.kind_name == item.kind_name), None)
        if match is None:
            yield Change.LOOSENED, f"{item.kind_name} was taken out"
            continue
        left.remove(match)
        yield from _obligation(old, new, item, match, ask)
    for extra in left:
        yield Change.TIGHTENED, f"{extra.kind_name} was added"


def _obligation(
    old: Contract, new: Contract, before: Obligation, after: Obligation, ask: Ask
) -> Iterator[tuple[Change, str]]:
    one, two = before.kind, after.kind
    if one is None or two is None or type(one) is not type(two):
        yield Change.CHANGED, before.kind_name
        return
    told = False
    for name, was, now in _fields(one, two):
        told = True
        expected = _expected(one, two) if name == "outcomes" else None
        change = formula_change(*expected, ask) if expected else _field(name, (old, was), (new, now), ask)
        yield change, f"{before.kind_name}: {name} {_short(was)} → {_short(now)}"
    if not told:
        yield Change.CHANGED, f"{before.kind_name}: what its formulas, constants or inputs mean"


def _expected(one: Any, two: Any) -> tuple[str, str] | None:
    """Returns the condition of the outcome that both predictions expect, before and after."""
    both = [kind.outcomes.get(kind.expects, OTHERWISE) for kind in (one, two)]
    same = one.expects == two.expects and one.outcomes.keys() == two.outcomes.keys()
    return (written(both[0]), written(both[1])) if same and OTHERWISE not in both else None


def _fields(one: Kind, two: Kind) -> Iterator[tuple[str, Any, Any]]:
    for item in fields(one):  # type: ignore[arg-type]
        was, now = getattr(one, item.name), getattr(two, item.name)
        if was != now:
            yield item.name, was, now


def _field(name: str, old: tuple[Contract, Any], new: tuple[Contract, Any], ask: Ask) -> Change:
    if name in _CEILINGS | _FLOORS:
        return _limit(old[1], new[1], ceiling=name in _CEILINGS)
    if name not in _FORMULAS:
        return Change.CHANGED
    try:
        before, after = _joined(*old), _joined(*new)
    except ExpressionError:
        return Change.CHANGED
    return formula_change(before, after, ask)


def formula_change(old: str, new: str, ask: Ask) -> Change:
    """Orders two conditions by what implies what; what is none, or cannot be ordered, counts as changed."""
    try:
        forward, backward = _implies(old, new, ask), _implies(new, old, ask)
    except ExpressionError:
        return Change.CHANGED
    if forward:
        return Change.REWORDED if backward else Change.LOOSENED
    return Change.TIGHTENED if backward else Change.CHANGED


def _joined(contract: Contract, value: Any) -> str:
    return " and ".join(f"({_closed(str(text), contract)})" for text in _listed(value))


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _closed(text: str, contract: Contract) -> str:
    """Returns a formula with those of ``let:`` written out; raises ``ExpressionError``."""
    return shown(expand(parse_with(text, contract.formulas), contract.formulas))


def _implies(given: str, claim: str, ask: Ask) -> bool:
    trees = [parse_with(text, {}) for text in (given, claim)]
    if not all(map(is_truth, trees)):
        raise ExpressionError("a number implies nothing", given, 0)
    found = names(trees[0]) | names(trees[1])
    return ask(Question(given=(given,), claim=claim, variables=tuple(sorted(found)), part=True, seconds=5.0))


def _limit(was: Any, now: Any, *, ceiling: bool) -> Change:
    if was is None or now is None:
        return Change.TIGHTENED if was is None else Change.LOOSENED
    old, new = (value.exact if isinstance(value, Printed) else value for value in (was, now))
    if old == new:
        return Change.REWORDED
    return Change.LOOSENED if (new > old) is ceiling else Change.TIGHTENED


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
