"""Intervals of a mean score and of the paired difference of two; pure functions on exact values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

FEWEST = 30
"""A normal interval of fewer values is not trusted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An interval of a mean, with the method that gave it."""

    low: float
    high: float
    method: str


def mean_interval(values: Sequence[Fraction], confidence: float) -> Interval | None:
    """Returns the two-sided interval of a mean, or None where no method is sound.

    Wilson's score interval (1927) for values that are all 0 or 1; else mean ± z·s/√n with s² over n − 1,
    from 30 values that are not all equal.
    """
    z = _quantile((1 + confidence) / 2)
    count = len(values)
    if count and all(value in (0, 1) for value in values):
        share, spread = float(sum(values) / count), z * z / count
        middle = (share + spread / 2) / (1 + spread)
        half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
        return Interval(low=max(0.0, middle - half), high=min(1.0, middle + half), method="Wilson")
    return _normal(values, z)


def paired_bounds(differences: Sequence[Fraction], confidence: float) -> Interval | None:
    """Returns the lower and the upper one-sided bound of a mean difference, or None where neither is sound.

    For differences within [-1, 1] the adjusted interval of Agresti and Min (2005): two documents more, on
    one of which each side wins, so that no number of ties makes the interval a point. Else the normal one.
    """
    z = _quantile(confidence)
    if differences and all(abs(value) <= 1 for value in differences):
        count = len(differences) + 2
        total, squares = sum(differences), sum(value * value for value in differences) + 1
        middle = float(total / count)
        half = z * math.sqrt(float(squares - total * total / count)) / count
        return Interval(low=middle - half, high=middle + half, method="Agresti-Min, paired")
    found = _normal(differences, z)
    return found and Interval(low=found.low, high=found.high, method="normal, paired")


def _normal(values: Sequence[Fraction], z: float) -> Interval | None:
    count = len(values)
    if count < FEWEST:
        return None
    mean = sum(values) / Fraction(count)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    if not variance:
        return None
    half = z * math.sqrt(float(variance) / count)
    return Interval(low=float(mean) - half, high=float(mean) + half, method="normal")


def _quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
