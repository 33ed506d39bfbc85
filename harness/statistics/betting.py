"""Tests that may be looked at after every observation: wealth of a bettor against a mean; pure.

Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (2024). By Ville's
inequality the chance that the wealth ever reaches 1/alpha, if the mean is not above what is bet against,
is at most alpha, however often and whenever one looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_CAREFUL = 0.5
"""The share of the wealth that a single bet may lose."""


class Bettor:
    """Bets on values, one by one, that their mean is larger than ``mean``; ``wealth`` starts at 1.

    Every value must lie in [low, high], bounds that were stated before, and ``mean`` in the same range.
    Bets follow what was seen before (aGRAPA). Raises ``ValueError`` for a mean that nobody can bet against.
    """

    __slots__ = ("_count", "_high", "_low", "_mean", "_squares", "_total", "wealth")

    def __init__(self, mean: float, low: float, high: float) -> None:
        if not low < mean < high:
            raise ValueError(f"a mean of values in [{low}, {high}] that can be bet against lies between them")
        self._mean, self._low, self._high = mean, low, high
        self._count, self._total, self._squares = 1.0, mean, 0.25 * (high - low) ** 2 / 4
        self.wealth = 1.0

    def add(self, value: float) -> float:
        """Returns the wealth after one more value.

        Raises ``ValueError`` for one outside the bounds: clipping would bias the mean, and no later value
        makes up for it.
        """
        _inside((value,), self._low, self._high)
        ahead = self._total / self._count - self._mean
        bet = ahead / (self._squares / self._count + ahead * ahead)
        stake = min(max(0.0, bet), _CAREFUL / (self._mean - self._low))
        self.wealth *= 1 + stake * (value - self._mean)
        self._count, self._total = self._count + 1, self._total + value
        self._squares += (value - self._total / self._count) ** 2
        return self.wealth


def wealth(values: Sequence[float], mean: float, low: float, high: float) -> list[float]:
    """Returns the wealth of a ``Bettor`` after each value; raises ``ValueError`` as it does."""
    bettor = Bettor(mean, low, high)
    return [bettor.add(value) for value in values]


def running_bounds(
    values: Sequence[float], low: float, high: float, confidence: float
) -> list[tuple[float, float]]:
    """Returns, after each value, bounds of the mean that hold at all times together with this confidence.

    Each side has half of the error (bets do not look at the mean, so that the wealth falls as the
    mean grows and those ruled out are all below the bound), and bounds never widen again.
    """
    _inside(values, low, high)
    span = high - low
    unit = [(value - low) / span for value in values]
    lower = _lower(unit, (1 - confidence) / 2)
    upper = _lower([1 - value for value in unit], (1 - confidence) / 2)
    return [(low + span * a, high - span * b) for a, b in zip(lower, upper, strict=True)]


def _lower(unit: Sequence[float], alpha: float) -> list[float]:
    """Returns the running lower bound of the mean of values in [0, 1], on a grid of thousandths."""
    import numpy as np

    seen = np.asarray(unit)
    past = np.arange(1, len(seen) + 1)
    means = (0.5 + np.cumsum(seen)) / (past + 1)
    spread = (0.25 + np.cumsum((seen - means) ** 2)) / (past + 1)
    before = np.concatenate([[0.25], spread[:-1]])[: len(seen)]
    bets = np.sqrt(2 * math.log(1 / alpha) / (before * past * np.log1p(past)))
    grid = np.linspace(0, 1, 1001)[1:-1]
    # Wealth per candidate mean; a mean is out for good once its wealth has reached 1/alpha.
    stakes = np.minimum(bets[:, None], _CAREFUL / grid[None, :])
    course = np.cumsum(np.log1p(stakes * (seen[:, None] - grid[None, :])), axis=0)
    out = np.maximum.accumulate(course, axis=0) >= math.log(1 / alpha)
    # The wealth falls in the mean, so those that are out are the small ones; the bound is the last of them.
    return [float(found) for found in np.where(out.any(axis=1), grid[out.sum(axis=1) - 1], 0.0)]


def first_crossing(course: Sequence[float], alpha: float) -> int | None:
    """Returns after how many values the wealth first reached 1/alpha, or None."""
    return next((index + 1 for index, fortune in enumerate(course) if fortune >= 1 / alpha), None)


def _inside(values: Sequence[float], low: float, high: float) -> None:
    for value in values:
        if not low <= value <= high:
            raise ValueError(f"{value} lies outside the stated bounds [{low}, {high}]")
