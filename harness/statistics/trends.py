"""Whether a curve falls, rises or stays: tests that do not take neighbouring points for independent; pure.

Mann and Kendall's test on 50 points without a trend has 11 % false alarms at a nominal 5 % where neighbours
are correlated by 0.3, and 30 % by 0.9. So the curve is first cut into blocks that are long against its
memory, and only their means are tested; where too few blocks are left for a sound test, there is none. No
declaration makes points separate: an AR(1) of 0.9 is one also where its steps were stated before. Sizes
and powers as measured by simulation stand in ``specs/statistics/trends.txt``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from harness.statistics.student import quantile

FEWEST, MOST = 6, 30
"""Blocks that a test takes: below, it has no power; beyond, blocks are made longer instead."""
TIMES = 8.0
"""How many times as long as its memory a block is: the false alarms of what follows rest on it."""

PART = 30
"""Points from which a memory is told; from fewer it comes out too small where it is long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """What a curve does from its first point to its last: its change with one-sided bounds.

    ``falls`` and ``rises`` are the exact p of Mann and Kendall's test for "it does not"; ``memory`` is the
    correlation of neighbouring points about the straight line, ``size`` the points in a block; ``ends`` is
    the change by the first and the last sixth of the blocks alone, ``last`` by how much the very last block
    lies above that first sixth. A test that took the curve for ``bent``
    has its memory about several lines, and tells a change, but not that there is none.
    """

    change: float
    ends: float
    last: float
    low: float
    high: float
    falls: float
    rises: float
    memory: float
    blocks: int
    size: int
    error: float
    bent: bool = False


def trend(values: Sequence[float], confidence: float, *, bent: bool = False) -> Trend | None:
    """Tests evenly spaced points; None where fewer than ``FEWEST`` blocks are long against the memory.

    The change is the slope of the block means by least squares times the distance of the outermost points,
    its error that of Student's t with two degrees of freedom less than blocks. Where the curve may be
    ``bent`` its memory is that about a line in each of its parts, so that the bend does not look like memory.
    """
    count = len(values)
    if count < FEWEST:
        return None
    memory = local(values) if bent else correlation(values)
    needed = math.ceil(TIMES * max(0.0, memory) / (1 - memory)) or 1
    size = max(needed, -(-count // MOST))
    blocks = count // size
    if blocks < FEWEST:
        return None
    skipped = count - blocks * size  # the oldest points, so that the curve is judged up to its end
    means = [math.fsum(values[at : at + size]) / size for at in range(skipped, count, size)]
    slope, error = _slope(means)
    # Means of neighbouring blocks of an AR(1) are still correlated, by about this much.
    rest = max(0.0, memory) / (size * (1 - memory * memory))
    error *= math.sqrt((1 + rest) / (1 - rest)) if rest < 1 else math.inf
    span = (count - 1) / size
    half = quantile(confidence, blocks - 2) * error * span
    return Trend(
        change=slope * span,
        ends=_ends(means),
        last=means[-1] - math.fsum(means[: blocks // FEWEST]) / (blocks // FEWEST),
        low=slope * span - half,
        high=slope * span + half,
        falls=_at_least(_ups([-mean for mean in means]), blocks),
        rises=_at_least(_ups(means), blocks),
        memory=memory,
        blocks=blocks,
        size=size,
        error=error * span,
        bent=bent,
    )


def _ends(means: Sequence[float]) -> float:
    """Returns by how much the last sixth lies above the first, as a change from end to end of a line."""
    count = len(means)
    part = count // FEWEST
    rise = math.fsum(means[count - part :]) - math.fsum(means[:part])
    return rise / part * count / (count - part)


def correlation(values: Sequence[float]) -> float:
    """Returns the correlation of neighbours about the straight line, at most 0.99.

    The estimate from few points is too small by about (2 + 4r)/n (Kendall 1954, for residuals of a line),
    which is put back. A curve that is bent about its line looks more correlated than it is, which makes
    blocks longer.
    """
    count = len(values)
    slope, _ = _slope(values)
    middle, mean = (count - 1) / 2, math.fsum(values) / count
    rest = [value - mean - slope * (at - middle) for at, value in enumerate(values)]
    total = math.fsum(x * x for x in rest)
    if not total > 0:
        return 0.0
    found = math.fsum(a * b for a, b in pairwise(rest)) / total
    return min(0.99, found + (2 + 4 * found) / count)


def local(values: Sequence[float]) -> float:
    """Returns the median of the correlations of neighbours about a line in each of three or five parts.

    A part has at least ``PART`` points; a shorter curve is one part.
    """
    count = len(values)
    parts = 5 if count >= 5 * PART else 3 if count >= 3 * PART else 1
    cuts = [count * at // parts for at in range(parts + 1)]
    return sorted(correlation(values[a:b]) for a, b in pairwise(cuts))[parts // 2]


def _slope(values: Sequence[float]) -> tuple[float, float]:
    """Returns the slope a place by least squares, and its standard error."""
    count = len(values)
    middle, mean = (count - 1) / 2, math.fsum(values) / count
    spread = count * (count * count - 1) / 12
    slope = math.fsum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread
    rest = math.fsum((v - mean - slope * (at - middle)) ** 2 for at, v in enumerate(values))
    return slope, math.sqrt(rest / (count - 2) / spread)


def _ups(values: Sequence[float]) -> int:
    """Returns in how many pairs the later value is larger; equal ones speak for nothing."""
    return sum(b > a for at, a in enumerate(values) for b in values[at + 1 :])


def _at_least(ups: int, count: int) -> float:
    """Returns the chance of so many pairs upwards, or more, of values in random order."""
    return min(1.0, math.fsum(_inversions(count)[ups:]))


@cache
def _inversions(count: int) -> tuple[float, ...]:
    """Returns the chance of every number of inversions of so many values in random order."""
    chances = [1.0]
    for size in range(2, count + 1):
        wider = [0.0] * (len(chances) + size - 1)
        for at, chance in enumerate(chances):
            for more in range(size):
                wider[at + more] += chance / size
        chances = wider
    return tuple(chances)
