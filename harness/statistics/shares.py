"""Two shares against each other: Fisher's exact test and an interval of their difference; pure."""

from __future__ import annotations

import math
from statistics import NormalDist


def fisher(hits: int, count: int, other_hits: int, other_count: int) -> float:
    """Returns the one-sided p of "the first share is no larger", by Fisher's exact test."""
    total, marked = count + other_count, hits + other_hits
    log_all = _choose(total, marked)
    top = min(count, marked)
    logs = [_choose(count, k) + _choose(other_count, marked - k) - log_all for k in range(hits, top + 1)]
    return min(1.0, math.fsum(math.exp(value) for value in logs if value > -700))


def excess_bounds(
    hits: int, count: int, other_hits: int, other_count: int, confidence: float
) -> tuple[float, float]:
    """Returns one-sided bounds of the first share less the second (Agresti and Caffo, 2000)."""
    z = NormalDist().inv_cdf(confidence)
    one, two = (hits + 1) / (count + 2), (other_hits + 1) / (other_count + 2)
    scale = math.sqrt(one * (1 - one) / (count + 2) + two * (1 - two) / (other_count + 2))
    return one - two - z * scale, one - two + z * scale


def _choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
