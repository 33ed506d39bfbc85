"""The quality figures of a readout, concept by concept, each with the p of its null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.artifacts.safetensors_file import Tensor, first_not_finite
from harness.kinds._readout import Manifest, values
from harness.model.problem import InputError
from harness.statistics import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DRAWS = 4999
End = Literal["above", "below"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure of one concept: its value, the p of its null, and both in words with n and dimensions."""

    where: str
    value: float
    p: float
    told: str


def figures(
    figure: str, held: Mapping[str, Tensor], said: Manifest, beside: Mapping[str, Tensor], end: End
) -> list[Figure]:
    """Returns the figure of each concept, and layer by layer where it is of vectors.

    ``beside`` holds ``<concept>.positive`` and ``<concept>.negative`` (samples, width) for ``first_pc``, and
    ``layer_<idx>.columns`` (neurons, width) for ``neuron``. Raises ``InputError`` for what is not there.
    """
    if figure == "first_pc":
        return list(_spectra(said, beside, end))
    found: list[Figure] = []
    for layer in said.layers:
        rows = values(held[f"layer_{layer}.vectors"])
        columns = _matrix(f"layer_{layer}.columns", beside, said.hidden) if figure == "neuron" else None
        found += _of_layer(f"layer {layer}", rows, said, columns, end)
    return found


def _spectra(said: Manifest, beside: Mapping[str, Tensor], end: End) -> Iterator[Figure]:
    for concept in said.concepts:
        yes, no = (_matrix(f"{concept}.{side}", beside, said.hidden) for side in ("positive", "negative"))
        if len(yes) < 2 or not len(no):
            raise InputError(f"{concept}: {len(yes)} and {len(no)} samples have no spectrum", "TOO_FEW")
        value = directions.first_share(yes @ yes.T)
        if not value == value:
            raise InputError(f"{concept}: all its samples are one point", "ILL_POSED")
        null = directions.relabelled_shares(yes, no, DRAWS)
        yield _figure(concept, value, null, f"{len(yes)} and {len(no)} samples in {said.hidden}", end)


def _of_layer(layer: str, rows: Array, said: Manifest, columns: Array | None, end: End) -> Iterator[Figure]:
    import numpy as np

    if columns is not None:
        null = directions.best_cosines_by_chance(columns, DRAWS)
        size = f"{len(columns)} neurons in {said.hidden}"
        for concept, value in zip(said.concepts, directions.best_cosines(rows, columns), strict=True):
            yield _figure(f"{layer}, {concept}", float(value), null, size, end)
        return
    if len(rows) < 2:
        raise InputError("redundancy is of a concept among others", "TOO_FEW")
    for at, concept in enumerate(said.concepts):
        others = np.delete(rows, at, axis=0)
        value = directions.explained(rows[at], others)
        null = directions.explained_by_chance(others, DRAWS)
        yield _figure(f"{layer}, {concept}", value, null, f"{len(others)} others in {said.hidden}", end)


def _figure(where: str, value: float, null: Array, size: str, end: End) -> Figure:
    import numpy as np

    p = directions.chance(value, null, above=end == "above")
    low, middle, high = np.quantile(null, [0.01, 0.5, 0.99])
    told = f"{value:.3g}; by chance {middle:.3g} ({low:.3g} to {high:.3g}), p {p:.2g}; {size} dimensions"
    return Figure(where=where, value=value, p=p, told=told)


def _matrix(name: str, beside: Mapping[str, Tensor], width: int) -> Array:
    tensor = beside.get(name)
    if tensor is None or len(tensor.shape) != 2 or tensor.shape[1] != width:
        found = "is not there" if tensor is None else f"has shape {list(tensor.shape)}"
        raise InputError(f"{name} {found}: rows of width {width} are asked", "MISSING_INPUT")
    if first_not_finite(tensor) is not None:
        raise InputError(f"{name}: a value is not finite")
    return values(tensor)
