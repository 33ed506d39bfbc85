"""From the rows of a log to curves, and from their trends to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
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
    unfit, twice, doubts = 0, 0, list[Doubt]()
    for index, (cell, at) in enumerate(zip(cells, frame.columns[ask.clock], strict=True)):
        if index in again or cell is None:  # a row taken back, or one of another stream
            continue
        if not (isinstance(at, Printed) and at.finite):
            unfit += 1
            continue
        step = int(at.exact)
        if not _meant(step, ask):
            continue
        if not (isinstance(cell, Printed) and cell.finite):
            unfit += 1
            continue
        twice += step in points
        points[step] = float(cell)
    if unfit:
        doubts.append((Reason.UNJUDGED, f"{frame.source}: {unfit} rows have no finite {ask.column}"))
    if twice:
        doubts.append((Reason.ILL_POSED, f"{frame.source}: {twice} steps count twice"))
    if missing := [step for step in ask.steps if step not in points]:
        told = f"{len(missing)} of {len(ask.steps)} declared steps are missing, {missing[0]} for one"
        doubts.append((Reason.UNJUDGED, f"{frame.source}: {told}"))
    order = sorted(points)
    gaps = {b - a for a, b in pairwise(order)}
    if not ask.steps and len(gaps) > 1:
        told = f"steps are {min(gaps)} to {max(gaps)} apart: declare the steps, or bound the stretch"
        doubts.append((Reason.ILL_POSED, f"{frame.source}: {told}"))
    return Curve(
        label=frame.label or frame.source,
        values=tuple(points[step] for step in order),
        unfit=unfit,
        doubts=tuple(doubts),
    )


def _meant(step: int, ask: Ask) -> bool:
    if ask.steps:
        return step in ask.steps
    return (ask.since is None or step >= ask.since) and (ask.until is None or step <= ask.until)


def conclude(found: Sequence[Curve], ask: Ask, basis: Basis) -> Verdict:
    """Judges every curve: one that does the contrary falsifies, one that shows too little leaves it open."""
    doubts = [doubt for curve in found for doubt in curve.doubts]
    if not any(curve.values for curve in found):
        doubts = doubts or [(Reason.TOO_FEW, f"no row has {ask.column}")]
    tests = [
        None if doubts else trend(curve.values, ask.confidence, separate=bool(ask.steps)) for curve in found
    ]
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


def _holds(test: Trend, ask: Ask) -> bool:
    alpha = 1 - ask.confidence
    if ask.shape == "flat":
        return -ask.margin < test.low and test.high < ask.margin
    if ask.shape == "falls":
        return test.high < -ask.margin and test.falls <= alpha
    return test.low > ask.margin and test.rises <= alpha


def _against(test: Trend, ask: Ask) -> bool:
    """Tells whether a bound lies on the other side of what is claimed."""
    if ask.shape == "flat":
        return test.low > ask.margin or test.high < -ask.margin
    if ask.shape == "falls":
        return test.low > -ask.margin
    return test.high < ask.margin


def _told(curve: Curve, test: Trend) -> str:
    told = f"{curve.label}: changes by {test.change:.5g}, one-sided bounds {test.low:.5g} and {test.high:.5g}"
    told += f", Mann-Kendall p {test.falls:.3g} of no fall and {test.rises:.3g} of no rise"
    return f"{told}; {test.blocks} blocks of {test.size}, neighbours correlated by {test.memory:.2f}"
