"""From the rows of a log to curves, and from their trends to a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.trends import FEWEST, Trend, trend

Doubt = tuple[Reason, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is claimed of a curve, and which of its rows are meant."""

    shape: str
    column: str
    clock: str
    margin: float
    steps: tuple[int, ...]
    since: int | None
    until: int | None
    confidence: float

    @property
    def threshold(self) -> str:
        """The claim in words."""
        if self.shape == "flat":
            return f"changes by less than {self.margin:g}"
        return f"{self.shape} by more than {self.margin:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """The values of one run in the order of their steps; ``unfit`` rows have no finite one."""

    label: str
    values: tuple[float, ...]
    unfit: int
    doubts: tuple[Doubt, ...]


def curves(frames: Sequence[Frame], ask: Ask) -> list[Curve]:
    """Reads one curve a run; raises ``InputError`` for a column that is not there."""
    return [_curve(frame, ask) for frame in frames]


def _curve(frame: Frame, ask: Ask) -> Curve:
    if not len(frame):
        return Curve(label=frame.label or frame.source, values=(), unfit=0, doubts=())
    cells = frame.columns[column_of(frame, ask.column)]
    if ask.clock not in frame.columns:
        raise InputError(f"{frame.source}: no column {ask.clock} orders the rows", "MISSING_COLUMN")
    again = frozenset(frame.superseded)
    points: dict[int, float] = {}
    unfit, twice, undeclared = 0, 0, list[int]()
    for index, (cell, at) in enumerate(zip(cells, frame.columns[ask.clock], strict=True)):
        if index in again or cell is None:  # a row taken back, or one of another stream
            continue
        if not (isinstance(at, Printed) and at.finite):
            unfit += 1
            continue
        step = int(at.exact)
        if not _meant(step, ask):
            undeclared += [step] * bool(ask.steps)
            continue
        if not (isinstance(cell, Printed) and cell.finite):
            unfit += 1
            continue
        twice += step in points
        points[step] = float(cell)
    doubts = list(_doubts(frame.source, ask, sorted(points), unfit, twice, undeclared))
    return Curve(
        label=frame.label or frame.source,
        values=tuple(points[step] for step in sorted(points)),
        unfit=unfit,
        doubts=tuple(doubts),
    )


def _doubts(
    source: str, ask: Ask, order: Sequence[int], unfit: int, twice: int, undeclared: Sequence[int]
) -> Iterator[Doubt]:
    """Yields what keeps the points of a log from being a curve."""
    if unfit:
        yield Reason.UNJUDGED, f"{source}: {unfit} rows have no finite {ask.column}"
    if twice:
        yield Reason.ILL_POSED, f"{source}: {twice} steps count twice"
    there = set(order)
    if missing := [step for step in ask.steps if step not in there]:
        told = f"{len(missing)} of {len(ask.steps)} declared steps are missing, {missing[0]} for one"
        yield Reason.UNJUDGED, f"{source}: {told}"
    if undeclared:  # whoever picks the steps afterwards picks the curve
        told = f"{len(undeclared)} rows with {ask.column} lie at steps that are not declared"
        yield Reason.ILL_POSED, f"{source}: {told}, {undeclared[0]} for one"
    if uneven := _uneven(order):
        yield Reason.ILL_POSED, f"{source}: {uneven}: bound the stretch by since and until"


def _uneven(order: Sequence[int]) -> str:
    """Says how far apart steps are where they are not evenly so.

    The first and the last may be nearer than the others: many a log begins with step 1 and ends with the
    last step of all.
    """
    gaps = [b - a for a, b in pairwise(order)]
    inner = gaps[1:-1] or gaps
    if len(set(inner)) > 1 or max((gaps[:1] + gaps[-1:]), default=0) > max(inner, default=0):
        return f"steps are {min(gaps)} to {max(gaps)} apart"
    return ""


def _meant(step: int, ask: Ask) -> bool:
    if ask.steps:
        return step in ask.steps
    return (ask.since is None or step >= ask.since) and (ask.until is None or step <= ask.until)


def conclude(found: Sequence[Curve], ask: Ask, basis: Basis) -> Verdict:
    """Judges every curve: one that does the contrary falsifies, one that shows too little leaves it open."""
    doubts = [doubt for curve in found for doubt in curve.doubts]
    if not any(curve.values for curve in found):
        doubts = doubts or [(Reason.TOO_FEW, f"no row has {ask.column}")]
    tests = [None if doubts else _test(curve.values, ask) for curve in found]
    witnesses: list[Witness] = []
    told: list[str] = []
    for curve, test in zip(found, tests, strict=True):
        if doubts and not curve.values:
            continue
        if test is None:
            if not doubts:
                few = f"{len(curve.values)} points make fewer than {FEWEST} blocks long against its memory"
                told.append(f"{curve.label}: {few}; a bend looks like it: bound the stretch by since")
            continue
        told.append(_told(curve, test))
        if _against(test, ask):
            change = f"changes by {test.change:.5g}, in [{test.low:.5g}, {test.high:.5g}]"
            witnesses.append(Witness(where=curve.label, found=change, expected=ask.threshold))
    held = [test is not None and _holds(test, ask) for test in tests]
    if not doubts and not witnesses and not all(held):
        doubts = [(Reason.LOW_POWER, f"{held.count(False)} of {len(held)} curves do not show it")]
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubts else Outcome.DISCHARGED
    judged, unfit = sum(len(curve.values) for curve in found), sum(curve.unfit for curve in found)
    changes = [f"{test.change:.5g}" for test in tests if test is not None]
    return Verdict(
        outcome=outcome,
        reason=doubts[0][0] if outcome is Outcome.INCONCLUSIVE else None,
        basis=basis,
        denominator=Denominator(judged=judged, total=judged + unfit, unit="points", unjudged=unfit),
        measured=", ".join(changes) or None,
        threshold=ask.threshold,
        detail="; ".join([*(text for _, text in doubts[:3]), *told[:10]]),
        witnesses=tuple(witnesses[:20]),
    )


def _test(values: Sequence[float], ask: Ask) -> Trend | None:
    """Returns the test about one line where that refutes or none other will do, else that of a bent curve."""
    straight = trend(values, ask.confidence)
    if ask.shape == "flat" or (straight is not None and _against(straight, ask)):
        return straight
    return trend(values, ask.confidence, bent=True)


def _holds(test: Trend, ask: Ask) -> bool:
    alpha = 1 - ask.confidence
    if ask.shape == "flat":
        return -ask.margin < test.low and test.high < ask.margin
    if ask.shape == "falls":  # and its ends too: what comes back has not fallen, whatever its line does
        return test.high < -ask.margin and test.falls <= alpha and test.ends < -ask.margin and test.last < 0
    return test.low > ask.margin and test.rises <= alpha and test.ends > ask.margin and test.last > 0


def _against(test: Trend, ask: Ask) -> bool:
    """Tells whether a bound lies on the other side of what is claimed; a bend leaves no such bound."""
    if test.bent:
        return False
    if ask.shape == "flat":
        return test.low > ask.margin or test.high < -ask.margin
    if ask.shape == "falls":
        return test.low > -ask.margin
    return test.high < ask.margin


def _told(curve: Curve, test: Trend) -> str:
    told = f"{curve.label}: changes by {test.change:.5g}, one-sided bounds {test.low:.5g} and {test.high:.5g}"
    told += f", by its ends {test.ends:.5g}"
    told += f", Mann-Kendall p {test.falls:.3g} of no fall and {test.rises:.3g} of no rise"
    return f"{told}; {test.blocks} blocks of {test.size}, neighbours correlated by {test.memory:.2f}"
