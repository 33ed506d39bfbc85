"""How well a score tells members from others: the area under the ROC curve with its interval; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """The chance that a member scores above another, ties half, with bounds and the p of "no better than ½".

    ``smallest`` is the smallest area that a test of this size sees with the power asked for.
    """

    value: float
    low: float
    high: float
    p: float
    smallest: float


def area(
    members: Sequence[float], others: Sequence[float], confidence: float, power: float = 0.8
) -> Area | None:
    """Returns the area with a two-sided interval; None for fewer than ten on a side.

    The interval is the fifth method of Newcombe (2006), a score interval that also holds where no score is
    out of order; the p is that of the one-sided Mann-Whitney test, in its normal form.
    """
    import numpy as np

    one, two = np.asarray(members, float), np.asarray(others, float)
    m, n = one.size, two.size
    if min(m, n) < 10 or not (np.isfinite(one).all() and np.isfinite(two).all()):
        return None
    ranks = _midranks(np.concatenate([one, two]))
    value = (float(ranks[:m].sum()) - m * (m + 1) / 2) / (m * n)
    normal = NormalDist()
    z = normal.inv_cdf((1 + confidence) / 2)
    null = _null_scale(np.concatenate([one, two]), m, n)
    shift = (value - 0.5 - 0.5 / (m * n)) / null if null else -math.inf
    needed = normal.inv_cdf(confidence) + normal.inv_cdf(power)
    return Area(
        value=value,
        low=_bound(value, m, n, z, 0.0),
        high=_bound(value, m, n, z, 1.0),
        p=normal.cdf(-shift) if math.isfinite(shift) else 1.0,
        smallest=min(1.0, 0.5 + needed * math.sqrt((m + n + 1) / (12 * m * n))),
    )


def _midranks(values: Array) -> Array:
    import numpy as np

    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Array = (ends - (counts - 1) / 2)[back]
    return found


def _null_scale(pooled: Array, m: int, n: int) -> float:
    import numpy as np

    total = m + n
    _, counts = np.unique(pooled, return_counts=True)
    ties = float((counts.astype(float) ** 3 - counts).sum()) / (total * (total - 1))
    return math.sqrt(max(0.0, (total + 1 - ties) / (12 * m * n)))


def _bound(value: float, m: int, n: int, z: float, end: float) -> float:
    """Returns the area between ``value`` and ``end`` that is z of its own standard errors away from it."""
    inner, outer = value, end
    for _ in range(60):
        middle = (inner + outer) / 2
        unlike = (1 - middle) / (2 - middle) + middle / (1 + middle)
        variance = middle * (1 - middle) * (1 + ((m + n) / 2 - 1) * unlike) / (m * n)
        inner, outer = (middle, outer) if (value - middle) ** 2 <= z * z * variance else (inner, middle)
    return inner
