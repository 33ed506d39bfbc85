"""Intervals of a difference of two means from few values, by Student's t; pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A difference of means with its two-sided interval, degrees of freedom and the method that gave it."""

    value: float
    low: float
    high: float
    df: float
    method: str


def spread(values: Sequence[float]) -> float | None:
    """Returns the standard deviation over n - 1; None for fewer than two values."""
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return 0.0  # their mean may not be one of them
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def welch(before: Sequence[float], after: Sequence[float], confidence: float) -> Difference | None:
    """Returns the interval of the mean of ``after`` minus that of ``before``, spreads not taken as equal.

    Welch (1947) with the degrees of freedom of Satterthwaite. None where a side has fewer than two values,
    or where no value differs from another of its side.
    """
    spreads = [spread(side) for side in (before, after)]
    if None in spreads or not any(spreads):
        return None
    parts = [(sd or 0.0) ** 2 / len(side) for sd, side in zip(spreads, (before, after), strict=True)]
    rest = [part**2 / (len(side) - 1) for part, side in zip(parts, (before, after), strict=True)]
    df = sum(parts) ** 2 / sum(rest)
    value = math.fsum(after) / len(after) - math.fsum(before) / len(before)
    half = quantile((1 + confidence) / 2, df) * math.sqrt(sum(parts))
    return Difference(value=value, low=value - half, high=value + half, df=df, method="Welch")


def paired(differences: Sequence[float], confidence: float) -> Difference | None:
    """Returns the interval of a mean difference; None for fewer than two, or where all are equal."""
    sd = spread(differences)
    if not sd:
        return None
    value, df = math.fsum(differences) / len(differences), float(len(differences) - 1)
    half = quantile((1 + confidence) / 2, df) * sd / math.sqrt(len(differences))
    return Difference(value=value, low=value - half, high=value + half, df=df, method="paired")


@cache
def quantile(probability: float, df: float) -> float:
    """Returns the quantile of Student's t above one half, to about ten digits.

    P(T > t) is half the regularised incomplete beta function at df / (df + t²), which is inverted by halving.
    """
    from mpmath import betainc

    def above(t: float) -> float:
        return float(betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True)) / 2

    low, high = 0.0, 1.0
    while above(high) > 1 - probability:
        low, high = high, high * 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 1 - probability else (low, middle)
    return (low + high) / 2


@cache
def tail(t: float, df: float) -> float:
    """Returns P(T > t) of Student's t, for any sign of t."""
    from mpmath import betainc

    if not math.isfinite(t):
        return 0.0 if t > 0 else 1.0
    above = float(betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True)) / 2
    return above if t >= 0 else 1 - above
