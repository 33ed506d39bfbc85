"""The exact interval of a mean from few values that scatter alike to both sides: Hartigan's subset means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

ALL, DRAWN = 14, 9_999
"""Up to so many values every subset is taken; beyond, so many random ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """A lower and an upper bound of a mean, each at the stated confidence by itself."""

    mean: float
    low: float
    high: float
    method: str


def mean_bounds(values: Sequence[float], confidence: float, seed: int = 0) -> Bounds | None:
    """Returns one-sided bounds of the mean, or None where so few values allow no such confidence.

    Source: Hartigan, Using subsample values as typical values (1969). A shift d is not rejected by the
    sign-flip test at level a = 1 - confidence if more than a of the flips leave the mean of the values
    less d as large; a flip does so exactly where the mean of what it flips is at most d. So the bounds
    are order statistics of the means of subsets: all of them, or random ones drawn from ``seed``, each
    value in with chance one half. Exact for independent values symmetric about their mean.
    """
    import numpy as np

    found = np.asarray(values, np.float64)
    means = _all(found) if len(found) <= ALL else _drawn(found, seed)
    rank = int((1 - confidence) * (len(means) + 1) * (1 + 1e-12))
    if rank < 1:
        return None
    means.sort()
    what = "all subsets" if len(found) <= ALL else f"{DRAWN} random subsets"
    return Bounds(
        mean=float(found.mean()),
        low=float(means[rank - 1]),
        high=float(means[len(means) - rank]),
        method=f"sign flips inverted over {what} of {len(found)}",
    )


def _all(values: Array) -> Array:
    import numpy as np

    numbers = np.arange(1, 2 ** len(values))
    members = (numbers[:, None] >> np.arange(len(values))) & 1
    found: Array = members @ values / members.sum(axis=1)
    return found


def _drawn(values: Array, seed: int) -> Array:
    import numpy as np

    members = np.random.default_rng(seed).integers(0, 2, (DRAWN, len(values)), np.int8).astype(np.float64)
    members = members[members.any(axis=1)]
    found: Array = members @ values / members.sum(axis=1)
    return found
