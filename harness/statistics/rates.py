"""How often something fails, seen so many times: exact bounds of a rate, and paired outcomes; pure.

Error rates as measured by simulation stand in ``specs/statistics/rates.txt``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache


@cache
def failure_bounds(failures: int, count: int, confidence: float) -> tuple[float, float]:
    """Returns one-sided bounds of the rate, each at ``confidence`` (Clopper and Pearson, 1934).

    Raises ``ValueError`` unless 0 <= failures <= count and there is something to count.
    """
    if not 0 <= failures <= count or not count:
        raise ValueError(f"{failures} of {count} is no count of failures")
    alpha = 1 - confidence
    low = 0.0 if not failures else _solve(lambda p: 1 - at_most(failures - 1, count, p) > alpha)
    if failures == count:
        return low, 1.0
    high = _solve(lambda p: at_most(failures, count, p) <= alpha, above=True)
    return low, high


def _solve(reached: Callable[[float], bool], *, above: bool = False) -> float:
    """Returns where a condition begins to hold, from below or from ``above``, by halving."""
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high if above else low


def smallest_excluded(count: int, confidence: float) -> float:
    """Returns the smallest rate that so many trials without a failure exclude."""
    return -math.expm1(math.log1p(-confidence) / count)


def trials_needed(rate: float, confidence: float) -> int:
    """Returns how many trials without a failure exclude a rate; it must lie between 0 and 1."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate))


def mcnemar(only_this: int, only_other: int) -> float:
    """Returns the one-sided p of "the other fails no more often": the exact test of McNemar (1947).

    ``only_this`` counts the pairs in which only this one failed, ``only_other`` those in which only the
    other did; pairs that came out alike say nothing.
    """
    count = only_this + only_other
    return 1.0 if not count else at_most(only_this, count, 0.5)


def at_most(hits: int, count: int, rate: float) -> float:
    """Returns P(X <= hits) of a binomial, summed from its largest term outwards."""
    if hits < 0:
        return 0.0
    if hits >= count or rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    if hits < count * rate:
        return _tail(hits, count, rate, down=True)
    return 1 - _tail(hits + 1, count, rate, down=False)


def _tail(first: int, count: int, rate: float, *, down: bool) -> float:
    """Sums the terms from ``first`` away from the mean, until they add nothing."""
    choose = math.lgamma(count + 1) - math.lgamma(first + 1) - math.lgamma(count - first + 1)
    term = math.exp(choose + first * math.log(rate) + (count - first) * math.log1p(-rate))
    total, at, odds = 0.0, first, rate / (1 - rate)
    while term > total * 1e-17:
        total += term
        if at == (0 if down else count):
            break
        term *= at / ((count - at + 1) * odds) if down else (count - at) * odds / (at + 1)
        at += -1 if down else 1
    return min(1.0, total)
