"""Outcomes of scenarios: which count, and what so many failures say of the rate; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.values import Cell, Printed
from harness.statistics.rates import failure_bounds, mcnemar, smallest_excluded, trials_needed

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """The columns, the rate that may be left, and how sure to be; ``control`` is empty if none is asked."""

    scenario: str
    passed: str
    control: str
    at_most: float
    never: bool
    scenarios: int | None
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What one log says: its rows, and how each scenario came out.

    ``failed`` maps the scenario to its place; ``only_this`` and ``only_control`` count the pairs in which
    one alone failed. ``twice`` names a scenario that stands there twice; ``unsaid`` counts rows that say no
    outcome.
    """

    source: str
    rows: int
    judged: int
    failed: Mapping[str, str] = field(default_factory=dict)
    only_this: int = 0
    only_control: int = 0
    unsaid: int = 0
    unsaid_at: str = ""
    twice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What the counts show: whether the claim holds, fails, or why neither; and the bounds of the rate."""

    state: Literal["holds", "fails", "open"]
    why: str
    low: float
    high: float


def tally(frame: Frame, ask: Ask) -> Tally:
    """Counts the rows of a log; raises ``InputError`` for a column that is not there."""
    ids, passed = (frame.columns[column_of(frame, name)] for name in (ask.scenario, ask.passed))
    control = frame.columns[column_of(frame, ask.control)] if ask.control else passed
    seen: dict[str, str] = {}
    failed: dict[str, str] = {}
    alone, unsaid, unsaid_at, twice = [0, 0], len(frame.notes), "", ""
    for at, place in enumerate(frame.places):
        name, this, other = ids[at], _outcome(passed[at]), _outcome(control[at])
        if _nameless(name) or this is None or other is None:
            unsaid, unsaid_at = unsaid + 1, unsaid_at or place
            continue
        key = str(name)
        if key in seen:
            twice = twice or f"scenario {key} stands at {seen[key]} and at {place}"
        seen[key] = place
        if not this:
            failed[key] = place
        alone[0] += other and not this
        alone[1] += this and not other
    return Tally(
        source=frame.source,
        rows=len(frame) + len(frame.notes),
        judged=len(seen),
        failed=failed,
        only_this=alone[0],
        only_control=alone[1],
        unsaid=unsaid,
        unsaid_at=unsaid_at or next(iter(frame.notes), ""),
        twice=twice,
    )


def _nameless(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, Printed) and not cell.finite)


def _outcome(cell: Cell) -> bool | None:
    """Returns true or false where a cell says so: a truth value, its word, or 0 and 1."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, Printed):
        return {"0": False, "1": True}.get(cell.text)
    return _WORDS.get(cell.lower()) if isinstance(cell, str) else None


def judged(found: Tally, ask: Ask, runs: int = 1) -> Judged:
    """Judges one log of ``runs``; what has no outcome counts as passed where the claim could fail by it.

    It holds if the upper bound of the rate is not above ``at_most`` and, with a control, McNemar's p is
    not above 1 - confidence. It fails if the lower bound is above, or this one fails more often than its
    control; these chances of an error are shared between both and all runs.
    """
    failures, alpha = len(found.failed), 1 - ask.confidence
    _, high = failure_bounds(failures, found.judged, ask.confidence)
    share = alpha / (runs * (2 if ask.control else 1))
    most = max(found.judged + found.unsaid, ask.scenarios or 0)
    low, _ = failure_bounds(failures, most, 1 - share)
    better = mcnemar(found.only_this, found.only_control) if ask.control else 0.0
    worse = mcnemar(found.only_control, found.only_this) if ask.control else 1.0
    pairs = f"{found.only_control} pairs in which only the control failed, {found.only_this} the other way"
    state: Literal["holds", "fails", "open"] = "open"
    if low > ask.at_most:
        state, why = "fails", f"a rate of at least {low:.3g}"
    elif ask.never and failures:
        state, why = "fails", "and it is claimed never to fail"
    elif worse <= share:
        state, why = "fails", f"more often than its control: {pairs}, p {worse:.2g}"
    elif high > ask.at_most:
        needed = trials_needed(ask.at_most, ask.confidence)
        why = f"{found.judged} exclude no rate of {ask.at_most:g}: without a failure {needed} do"
    elif better > alpha:
        why = f"no more seldom than its control as far as this shows: {pairs}, p {better:.2g}"
    else:
        state, why = "holds", f"p {better:.2g} against its control: {pairs}" if ask.control else ""
    return Judged(state=state, why=why, low=low, high=high)


def told(found: Tally, answer: Judged, ask: Ask) -> str:
    """Says in words what was seen and what it cannot show."""
    sure = f"{100 * ask.confidence:.4g} %"
    least = smallest_excluded(found.judged, ask.confidence)
    failures = len(found.failed) or "none"
    said = (
        f"{failures} of {found.judged} failed: a rate of at most {answer.high:.3g} at {sure}, if scenarios "
        f"are drawn one by one as they will be met; so many exclude no rate below {least:.3g}, and no number "
        "shows that it never fails"
    )
    return f"{said}; {answer.why}" if answer.why else said
