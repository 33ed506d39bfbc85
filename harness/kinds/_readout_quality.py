"""The quality figures of a readout, concept by concept and layer by layer, each with the p of its null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.artifacts.safetensors_file import Tensor
from harness.kinds import _readout_labels as labels
from harness.kinds._readout import Manifest, values
from harness.kinds._readout_figure import DRAWS, RELABELLED, End, Figure, figure_of, matrix
from harness.model.problem import InputError
from harness.statistics import directions, mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Name = Literal[
    "none", "first_pc", "redundancy", "neuron", "separable", "stable", "nearest", "heads", "matched", "remade"
]
NEEDS: Mapping[str, str] = {
    "first_pc": "activations",
    "separable": "activations",
    "stable": "activations",
    "remade": "activations",
    "neuron": "neurons",
    "heads": "heads",
    "matched": "previous",
}
"""Which data a figure is of; ``redundancy`` and ``nearest`` may have activations, and then another null."""
MAY = ("redundancy", "nearest")
FITTED = ("separable", "stable", "remade")
"""Figures that depend on how a direction is made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Which figure, of vectors made by which method, from which end of its null, how sure its bounds."""

    figure: str
    method: str
    end: End
    confidence: float


def figures(
    asked: Question, held: Mapping[str, Tensor], said: Manifest, beside: Mapping[str, Tensor]
) -> list[Figure]:
    """Returns the figure of each concept in each layer.

    ``beside`` holds ``<concept>.positive`` and ``<concept>.negative`` (samples, width), with ``layer_<idx>.``
    before it where there are several layers, ``layer_<idx>.columns`` (neurons, width) for ``neuron``, or the
    vectors of an earlier readout for ``matched``. Raises ``InputError`` for what is not there.
    """
    if asked.figure == "heads":
        return list(labels.heads(said, beside, asked.end))
    found: list[Figure] = []
    for layer in said.layers:
        rows = values(held[f"layer_{layer}.vectors"])
        found += _of_layer(asked, layer, rows, said, beside)
    return found


def _of_layer(
    asked: Question, layer: int, rows: Array, said: Manifest, beside: Mapping[str, Tensor]
) -> Iterator[Figure]:
    prefix = "" if len(said.layers) == 1 else f"layer_{layer}."
    if asked.figure == "first_pc":
        return _spectra(said, prefix, beside, asked.end)
    if asked.figure == "separable":
        return labels.separable(said, prefix, beside, asked.method, asked.confidence, asked.end)
    if asked.figure == "stable":
        return labels.stable(said, prefix, beside, asked.method, asked.end)
    if asked.figure == "remade":
        return labels.remade(said, prefix, rows, beside, asked.method, asked.end)
    if asked.figure == "matched":
        return labels.matched(said, layer, rows, beside, asked.end)
    if asked.figure == "neuron":
        return _neurons(
            f"layer {layer}", rows, said, matrix(f"layer_{layer}.columns", beside, said.hidden), asked
        )
    return _among(f"layer {layer}", prefix, rows, said, beside, asked)


def _spectra(said: Manifest, prefix: str, beside: Mapping[str, Tensor], end: End) -> Iterator[Figure]:
    for concept in said.concepts:
        names = (f"{prefix}{concept}.{side}" for side in ("positive", "negative"))
        yes, no = (matrix(name, beside, said.hidden) for name in names)
        if len(yes) < 2 or not len(no):
            raise InputError(f"{concept}: {len(yes)} and {len(no)} samples have no spectrum", "TOO_FEW")
        value = directions.first_share(yes @ yes.T)
        if not value == value:
            raise InputError(f"{concept}: all its samples are one point", "ILL_POSED")
        null = directions.relabelled_shares(yes, no, DRAWS)
        size = f"{len(yes)} and {len(no)} samples in {said.hidden} dimensions"
        yield figure_of(f"{prefix}{concept}", value, [null], size, end)


def _neurons(layer: str, rows: Array, said: Manifest, columns: Array, asked: Question) -> Iterator[Figure]:
    null = directions.best_cosines_by_chance(columns, DRAWS)
    size = f"{len(columns)} neurons in {said.hidden} dimensions"
    for concept, value in zip(said.concepts, directions.best_cosines(rows, columns), strict=True):
        yield figure_of(f"{layer}, {concept}", float(value), [null], size, asked.end)


def _among(
    layer: str, prefix: str, rows: Array, said: Manifest, beside: Mapping[str, Tensor], asked: Question
) -> Iterator[Figure]:
    """Yields what a concept has in common with the others.

    The null is of random directions and, with activations, of labels that mean nothing too: concepts that
    share their negatives are alike by that alone.
    """
    import numpy as np

    if len(rows) < 2:
        raise InputError(f"{asked.figure} is of a concept among others", "TOO_FEW")
    by_labels = _by_labels(prefix, said, beside, asked.figure) if beside else None
    for at, concept in enumerate(said.concepts):
        others = np.delete(rows, at, axis=0)
        if asked.figure == "nearest":
            value, nulls = directions.nearest(rows[at], others), [directions.nearest_by_chance(others, DRAWS)]
        else:
            value, nulls = (
                directions.explained(rows[at], others),
                [directions.explained_by_chance(others, DRAWS)],
            )
        if by_labels is not None:
            nulls.append(by_labels[:, at])
        size = f"{len(others)} others in {said.hidden} dimensions"
        yield figure_of(f"{layer}, {concept}", value, nulls, size, asked.end)


def _by_labels(prefix: str, said: Manifest, beside: Mapping[str, Tensor], figure: str) -> Array:
    """Returns (draws, concepts): the figure of vectors whose labels were mixed among all texts of a scene."""
    samples = [labels.scenes(concept, prefix, beside, said.hidden) for concept in said.concepts]
    if len({one.shape[0] for one in samples}) != 1:
        raise InputError("concepts have different numbers of scenes", "ILL_POSED")
    return mixed.figures(samples, RELABELLED, nearest=figure == "nearest")
