"""One figure of one concept beside its nulls, and the rows that figures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.artifacts.safetensors_file import Tensor, first_not_finite
from harness.kinds._readout import values
from harness.model.problem import InputError
from harness.statistics import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DRAWS = 4999
RELABELLED = 999
"""Draws of a null whose every draw makes the vectors of all concepts anew."""
FITS = 199
"""Draws of a null whose every draw is fitted anew."""
End = Literal["above", "below"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure of one concept: its value, the largest p of its nulls, and all of it in words.

    ``low`` and ``high`` are what the value may be in truth; where nothing is known of that, the value.
    ``null`` are the 1, 50 and 99 % quantiles of the first null.
    """

    where: str
    value: float
    p: float
    told: str
    low: float
    high: float
    null: tuple[float, float, float]


def figure_of(
    where: str,
    value: float,
    nulls: Sequence[Array],
    size: str,
    end: End,
    bounds: tuple[float, float] | None = None,
    worst: float = 0.0,
) -> Figure:
    """Puts a value beside its nulls; the p that counts is the largest, ``worst`` among them."""
    import numpy as np

    p = max([worst, *(directions.chance(value, null, above=end == "above") for null in nulls)])
    parts = [tuple(float(q) for q in np.quantile(null, [0.01, 0.5, 0.99])) for null in nulls]
    chances = " and ".join(f"{middle:.3g} ({low:.3g} to {high:.3g})" for low, middle, high in parts)
    told = f"{value:.3g}; by chance {chances}, p {p:.2g}; {size}"
    low, high = bounds or (value, value)
    first = (parts[0][0], parts[0][1], parts[0][2])
    return Figure(where=where, value=value, p=p, told=told, low=low, high=high, null=first)


def matrix(name: str, beside: Mapping[str, Tensor], width: int | None) -> Array:
    """Returns the rows of a tensor as float64; raises ``InputError`` for another width and for NaN."""
    tensor = beside.get(name)
    if tensor is None or len(tensor.shape) != 2 or width not in (None, tensor.shape[1]):
        found = "is not there" if tensor is None else f"has shape {list(tensor.shape)}"
        wanted = "rows" if width is None else f"rows of width {width}"
        raise InputError(f"{name} {found}: {wanted} are asked", "MISSING_INPUT")
    if first_not_finite(tensor) is not None:
        raise InputError(f"{name}: a value is not finite")
    return values(tensor)
