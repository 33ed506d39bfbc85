"""Looks for the warm-up and the horizon that bring a schedule's curves closest to logged rates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.symbolic.shapes import Curves, Shape, wsd

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

MAX_ROWS = 96
_FAR = 1e30
FARTHEST = 50
"""A horizon is sought up to this many times the last logged step."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rates:
    """Logged rates: the step of each row, and the interval of its printed digits."""

    step: Array
    lo: Array
    hi: Array

    @property
    def middle(self) -> Array:
        """The middle of every interval."""
        found: Array = (self.lo + self.hi) / 2
        return found

    @property
    def radius(self) -> Array:
        """Half the width, and a little of the largest rate, so that no tiny rate outweighs the others."""
        import numpy as np

        found: Array = (self.hi - self.lo) / 2 + 1e-8 * np.abs(self.middle).max()
        return found

    def thinned(self) -> Rates:
        """Returns at most ``MAX_ROWS`` of the rows: both ends, the surroundings of the peak, and a comb."""
        import numpy as np

        if len(self.step) <= MAX_ROWS:
            return self
        first, last = self.peak
        near = [row for row in range(first - 6, last + 7) if 0 <= row < len(self.step)]
        near = near if len(near) <= 24 else [*near[:12], *near[-12:]]
        comb = np.linspace(0, len(self.step) - 1, MAX_ROWS - 24).round().astype(int)
        rows = np.unique(np.concatenate([near, comb]))
        return Rates(step=self.step[rows], lo=self.lo[rows], hi=self.hi[rows])

    @property
    def peak(self) -> tuple[int, int]:
        """The first and the last row whose interval meets that of the largest rate."""
        import numpy as np

        top = self.lo[int(self.middle.argmax())]
        rows = np.flatnonzero(self.hi >= top)
        return int(rows[0]), int(rows[-1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One try: warm-up and horizon as the formula counts steps, peak and floor that fit best there."""

    warmup: int
    steps: int
    peak: float
    floor: float
    miss: float


def project(curves: Curves, rates: Rates, offset: int, warmup: Array, steps: Array) -> tuple[Array, ...]:
    """Returns the best peak and floor and the misses of every row in radii, for arrays of parameters."""
    import numpy as np

    step = rates.step[None, :] + offset
    first, second = curves(step, warmup[:, None], steps[:, None])
    weight = 1 / rates.radius[None, :]
    goal, one = rates.middle[None, :] * weight, first * weight
    two = np.zeros_like(one) if second is None else second * weight
    with np.errstate(all="ignore"):
        a, b, c = (one * one).sum(1), (one * two).sum(1), (two * two).sum(1)
        p, q = (one * goal).sum(1), (two * goal).sum(1)
        scale = a * c - b * b
        peak = np.where(scale > 1e-12 * a * c, (p * c - q * b) / scale, p / a)
        floor = np.where(scale > 1e-12 * a * c, (q * a - p * b) / scale, 0)
        missed = peak[:, None] * one + floor[:, None] * two - goal
    return peak, floor, np.where(np.isfinite(missed) & (peak[:, None] > 0), missed, _FAR)


def residuals(curves: Curves, rates: Rates, offset: int, warmup: Array, steps: Array) -> Array:
    """Returns the misses of every row alone."""
    return project(curves, rates, offset, warmup, steps)[2]


def warmups(rates: Rates, offset: int) -> tuple[float, float]:
    """Returns between which warm-ups the peak can lie, from the rows around the largest rate."""
    first, last = rates.peak
    low = rates.step[first - 1] if first else min(-offset, rates.step[0])
    high = rates.step[last + 1] if last + 1 < len(rates.step) else rates.step[last]
    return max(0.0, float(low) + offset), max(0.0, float(high) + offset)


def search(shape: Shape, rates: Rates, offset: int) -> Iterator[Point]:
    """Yields whole warm-ups and horizons around the best fit of one schedule, nearest numbers first."""
    import numpy as np

    low, high = warmups(rates, offset)
    if shape.stays:
        high = max(low, min(high, float(rates.step[rates.peak[0]]) + offset))
    if not shape.falls:
        tries = _whole_between(low, high)
        yield from _points(shape, rates, offset, [(int(w), 0) for w in tries])
        return
    last = float(rates.step[-1]) + offset
    wide = np.unique(np.linspace(low, high, 21).round())
    reach = np.geomspace(max(2.0, (last - low) / 20), FARTHEST * max(2.0, last), 80)
    warmup, length = (part.ravel() for part in np.meshgrid(wide, reach))
    missed = residuals(shape.curves, rates, offset, warmup, warmup + length)
    table = (missed**2).sum(1).reshape(len(reach), len(wide))
    grid = [(wide[w], reach[table[:, w].argmin()]) for w in np.argsort(table.min(0))[:3]]
    found = [_polish(shape, rates, offset, start, (low, high)) for start in grid]
    best = min(found, key=lambda entry: entry[2])
    line = _line(rates, offset) if shape.straight else None
    ends = [*_near(best[0] + best[1], 1, math.inf), int(last), int(last) + 1]
    ends += _near(-line[1] / line[0], 1, math.inf) if line else []
    starts = [*_near(best[0], math.floor(low), math.ceil(high)), math.floor(low), math.floor(low) + 1]
    pairs = [(w, t) for w in starts if w <= high for t in ends if t > w]
    yield from _points(shape, rates, offset, list(dict.fromkeys(pairs)))


def plateau(rates: Rates, offset: int) -> Iterator[tuple[Shape, Point]]:
    """Yields warm-up, plateau and straight decay where the rates have one, from a line through the decay."""
    import numpy as np

    first, last = rates.peak
    line = _line(rates, offset)
    if last - first < 2 or line is None:
        return
    slope, start = line
    top = float(rates.middle[first])
    low, high = warmups(rates, offset)
    high = min(high, float(rates.step[first]) + offset)
    up = rates.step[:first] + offset
    rise = float((up * rates.middle[:first]).sum() / max(1e-300, (up * up).sum()))
    warmup = top / rise if rise > 0 else low
    tries = list(_near(warmup, low, max(low, high))) or [round(low)]
    for begin in _near((top - start) / slope, 0, np.inf):
        ends = _near(-start / slope, begin + 1, np.inf)
        shape = wsd(begin)
        for point in _points(shape, rates, offset, [(w, t) for w in tries for t in ends]):
            yield shape, point


def _line(rates: Rates, offset: int) -> tuple[float, float] | None:
    """Returns slope and start of the line through the rows after the peak; None where it does not fall."""
    import numpy as np

    down = np.flatnonzero((np.arange(len(rates.step)) > rates.peak[1]) & (rates.lo > 0))
    if len(down) < 2:
        return None
    slope, start = np.polyfit(rates.step[down] + offset, rates.middle[down], 1)
    return (float(slope), float(start)) if slope < 0 else None


def _points(shape: Shape, rates: Rates, offset: int, pairs: Sequence[tuple[int, int]]) -> Iterator[Point]:
    import numpy as np

    if not pairs:
        return
    warmup = np.array([w for w, _ in pairs], float)
    steps = np.array([t for _, t in pairs], float)
    peak, floor, missed = project(shape.curves, rates, offset, warmup, steps)
    miss = np.sqrt((missed**2).mean(1))
    for row in np.argsort(miss, kind="stable"):
        if miss[row] < _FAR:
            yield Point(
                warmup=pairs[row][0],
                steps=pairs[row][1],
                peak=float(peak[row]),
                floor=float(floor[row]),
                miss=float(miss[row]),
            )


def _polish(
    shape: Shape, rates: Rates, offset: int, start: tuple[float, float], bounds: tuple[float, float]
) -> tuple[float, float, float]:
    """Improves warm-up and length by damped Gauss-Newton steps; the last number is the miss."""
    import numpy as np

    def misses(points: Array) -> Array:
        return residuals(shape.curves, rates, offset, points[:, 0], points[:, 0] + points[:, 1])

    at = np.array(start)
    low, high = np.array([bounds[0], 1.0]), np.array([bounds[1], np.inf])
    now, damping = misses(at[None, :])[0], 1e-3
    for _ in range(40):
        reach = np.maximum(1e-4, 1e-6 * at)
        moved = misses(np.clip(at + np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * reach, low, high))
        slope = np.stack([(moved[0] - moved[1]) / reach[0] / 2, (moved[2] - moved[3]) / reach[1] / 2])
        square, pull = slope @ slope.T, slope @ now
        tries = damping * 10.0 ** np.array([-2, -1, 0, 1, 2, 4])
        steps = [
            np.linalg.lstsq(square + d * np.diag(np.diag(square) + 1e-300), pull, rcond=None)[0]
            for d in tries
        ]
        points = np.clip(at - np.array(steps), low, high)
        found = misses(points)
        best = int((found**2).sum(1).argmin())
        if not (found[best] ** 2).sum() < (now**2).sum():
            break
        shift = np.abs(points[best] - at)
        at, now, damping = points[best], found[best], float(tries[best])
        if (shift < 1e-3).all():
            break
    return float(at[0]), float(at[1]), float(np.sqrt((now**2).mean()))


def _near(value: float, low: float, high: float) -> list[int]:
    """Returns whole numbers around a value, the nearest ones and those with few digits."""
    found = [round(value) + step for step in (0, 1, -1, 2, -2)]
    size = len(str(max(1, round(abs(value)))))
    for digits in range(1, size):
        unit = 10 ** (size - digits)
        for part in (unit, unit // 2):
            near = round(value / part) * part
            if abs(near - value) <= max(3, 0.02 * value):
                found.append(near)
    return [entry for entry in dict.fromkeys(found) if low <= entry <= high]


def _whole_between(low: float, high: float) -> list[int]:
    import numpy as np

    count = min(4000, int(high - low) + 1)
    return sorted({int(w) for w in np.linspace(math.floor(low), math.ceil(high), count + 1).round()})
