"""What a comparison could have seen: power of the t tests and the smallest detectable effect; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.statistics.student import quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    _Chance = Callable[[float], float]

_POINTS = 400
MANY = 2**20
"""More runs than anybody makes."""


def power(shift: float, df: float, alpha: float) -> float:
    """Returns the chance that a one-sided t test at ``alpha`` rejects; ``shift`` in standard errors.

    P(Z + shift > t·s) with s² a mean square of ``df`` degrees of freedom (the noncentral t).
    """
    limit = quantile(1 - alpha, df)
    return _mean_over_spreads(df, lambda s: _normal(shift - limit * s))


def equivalence_power(margin: float, df: float, alpha: float) -> float:
    """Returns the chance that two one-sided tests find equal what is equal; ``margin`` in standard errors."""
    limit = quantile(1 - alpha, df)
    return _mean_over_spreads(df, lambda s: max(0.0, 2 * _normal(margin - limit * s) - 1))


def smallest_effect(df: float, alpha: float, wanted: float, *, equivalence: bool = False) -> float:
    """Returns the smallest effect in standard errors that is detected with chance ``wanted``.

    For equivalence it is the smallest margin within which equal arms are found so. By halving, to 1e-6.
    """
    chance = equivalence_power if equivalence else power
    low, high = 0.0, 1.0
    while chance(high, df, alpha) < wanted:
        low, high = high, high * 2
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle, df, alpha) >= wanted else (middle, high)
    return high


def arm_sizes(effect: float, sd: float, alpha: float, wanted: float, *, pairs: bool) -> int:
    """Returns how many runs of each arm detect an effect; ``sd`` is that of a run, or of a pair's difference.

    At most ``MANY``; raises ``ValueError`` for an effect of nothing.
    """
    if effect <= 0:
        raise ValueError("no number of runs detects an effect of nothing")
    arms = 1 if pairs else 2

    def enough(count: int) -> bool:
        scale = sd * math.sqrt(arms / count)
        return power(effect / scale, arms * (count - 1), alpha) >= wanted

    low, high = 1, 2
    while not enough(high) and high < MANY:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _mean_over_spreads(df: float, chance: _Chance) -> float:
    """Averages over s, whose square is chi-square over its degrees of freedom, by Simpson's rule."""
    width = 8 / math.sqrt(2 * df)
    low, high = max(1e-9, 1 - width), 1 + max(width, 3.0 if df < 3 else width)
    step = (high - low) / _POINTS
    total = weight = 0.0
    for index in range(_POINTS + 1):
        s = low + index * step
        simpson = 1 if index in (0, _POINTS) else 4 if index % 2 else 2
        mass = simpson * math.exp((df - 1) * math.log(s) - df * (s * s - 1) / 2)
        total, weight = total + mass * chance(s), weight + mass
    return total / weight


def _normal(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2
