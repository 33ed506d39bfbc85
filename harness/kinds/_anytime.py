"""Gains in the order of their rows, the bets on them, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.kinds._order import disorder
from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.betting import first_crossing, running_bounds, wealth

Doubt = tuple[Reason, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is bet on: the columns, the bounds of a gain, and what its mean must exceed."""

    gain: str
    over: str | None
    low: float
    high: float
    margin: float
    confidence: float

    @property
    def alpha(self) -> float:
        """The chance of a false verdict on each side."""
        return 1 - self.confidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Gains:
    """The gains of one run in the order of all its rows; ``unfit`` ones have none that is a number."""

    label: str
    values: tuple[float, ...]
    unfit: int
    doubt: Doubt | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Course:
    """After how many rows each side's wealth got there, its last height, and the bounds of the mean then."""

    above: int | None
    below: int | None
    wealth: float
    bounds: tuple[float, float]


def gains(frames: Sequence[Frame], ask: Ask) -> list[Gains]:
    """Reads the gains of every run; raises ``InputError`` for a column that is not there."""
    return [_gains(frame, ask) for frame in frames]


def _gains(frame: Frame, ask: Ask) -> Gains:
    label = frame.label or frame.source
    if not len(frame):
        return Gains(label=label, values=(), unfit=0, doubt=None)
    columns = [frame.columns[column_of(frame, name)] for name in (ask.gain, ask.over) if name is not None]
    values, rows = list[float](), list[int]()
    unfit, doubt = 0, None
    for index, cells in enumerate(zip(*columns, strict=True)):
        if all(cell is None for cell in cells):
            continue  # a row of another stream; one that a restart says again is not left out
        numbers = [cell.exact for cell in cells if isinstance(cell, Printed) and cell.finite]
        if len(numbers) < len(cells):
            unfit += 1
            continue
        value = float(numbers[0] if ask.over is None else numbers[1] - numbers[0])
        if not ask.low <= value <= ask.high and doubt is None:
            told = f"{frame.places[index]} gains {value:.5g}, outside the stated [{ask.low:g}, {ask.high:g}]"
            doubt = (Reason.ILL_POSED, f"{told}: bounds are stated before, and every gain lies in them")
        values.append(value)
        rows.append(index)
    if doubt is None and (told := disorder(frame, rows, values)):
        doubt = (Reason.ILL_POSED, f"{told}: rows come once, in the order in which they were drawn")
    if unfit and doubt is None:
        doubt = (Reason.UNJUDGED, f"{label}: {unfit} rows have no finite gain")
    return Gains(label=label, values=tuple(values), unfit=unfit, doubt=doubt)


def conclude(found: Sequence[Gains], ask: Ask, basis: Basis) -> Verdict:
    """Judges every run by which wealth got to 1/alpha first, its own or that of the contrary."""
    doubts = [one.doubt for one in found if one.doubt is not None]
    if not any(one.values for one in found):
        doubts = doubts or [(Reason.TOO_FEW, f"no row has {ask.gain}")]
    courses = [_course(one.values, ask) for one in found] if not doubts else []
    witnesses = [
        Witness(
            where=f"{one.label}, row {course.below}",
            found=f"the bet against it reached {1 / ask.alpha:g}; the mean is at most {course.bounds[1]:.5g}",
            expected=f"a mean gain above {ask.margin:g}",
        )
        for one, course in zip(found, courses, strict=False)
        if course.below is not None
    ]
    open_ = [one for one, course in zip(found, courses, strict=False) if course.above is None]
    if not doubts and not witnesses and open_:
        told = f"{len(open_)} of {len(found)} runs have not shown it yet: go on, looking costs nothing"
        doubts = [(Reason.LOW_POWER, told)]
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubts else Outcome.DISCHARGED
    rows, unfit = sum(len(one.values) for one in found), sum(one.unfit for one in found)
    parts = [_told(one, course, ask) for one, course in zip(found, courses, strict=False)]
    return Verdict(
        outcome=outcome,
        reason=doubts[0][0] if outcome is Outcome.INCONCLUSIVE else None,
        basis=basis,
        denominator=Denominator(judged=rows, total=rows + unfit, unit="rows", unjudged=unfit),
        measured=", ".join(f"{_mean(one):.5g}" for one in found if one.values) or None,
        threshold=f"a mean gain above {ask.margin:g}",
        detail="; ".join([*(text for _, text in doubts[:3]), *parts[:10]]),
        witnesses=tuple(witnesses[:20]),
    )


def _mean(one: Gains) -> float:
    return sum(one.values) / len(one.values)


def settled(values: Sequence[float], ask: Ask) -> tuple[int | None, int | None, list[float]]:
    """Returns after how many gains each side got there, one of them at most, and the first one's wealth.

    The first that gets there counts, since then the run may have been stopped.
    """
    ahead = wealth(values, ask.margin, ask.low, ask.high)
    back = wealth([-value for value in values], -ask.margin, -ask.high, -ask.low)
    above, below = first_crossing(ahead, ask.alpha), first_crossing(back, ask.alpha)
    if above is not None and below is not None:
        above, below = (above, None) if above <= below else (None, below)
    return above, below, ahead


def _course(values: Sequence[float], ask: Ask) -> _Course:
    above, below, ahead = settled(values, ask)
    stop = above or below or len(values)
    bounds = running_bounds(values[:stop], ask.low, ask.high, 2 * ask.confidence - 1)
    last = bounds[-1] if bounds else (ask.low, ask.high)
    return _Course(above=above, below=below, wealth=max(ahead[:stop], default=1.0), bounds=last)


def _told(one: Gains, course: _Course, ask: Ask) -> str:
    stop = course.above or course.below
    when = (
        f"settled after {stop:,} of {len(one.values):,} rows" if stop else f"open after {len(one.values):,}"
    )
    bounds = f"the mean then lies in [{course.bounds[0]:.5g}, {course.bounds[1]:.5g}]"
    return f"{one.label}: {when}, wealth {course.wealth:.4g} of {1 / ask.alpha:.4g}; {bounds}"
