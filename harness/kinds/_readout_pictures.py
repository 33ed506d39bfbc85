"""A readout as pictures: cosines of its vectors, spectra of its concepts, figures beside their chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.artifacts.safetensors_file import Tensor
from harness.kinds._readout import Manifest, values
from harness.kinds._readout_figure import Figure, matrix
from harness.model.picture import Matrix, Picture, Span, Spans, Spectra
from harness.statistics.directions import spectrum


def cosines(held: Mapping[str, Tensor], said: Manifest) -> Iterator[Picture]:
    """Yields the cosine of every two vectors of a layer."""
    import numpy as np

    for layer in said.layers:
        rows = values(held[f"layer_{layer}.vectors"])
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
        numbers = tuple(tuple(float(one) for one in row) for row in unit @ unit.T)
        yield Matrix(title=f"Cosine of every two vectors, layer {layer}", names=said.concepts, values=numbers)


def spectra(said: Manifest, beside: Mapping[str, Tensor], bound: float | None) -> Iterator[Picture]:
    """Yields how the variance of each concept's samples falls from component to component."""
    for layer in said.layers:
        prefix = "" if len(said.layers) == 1 else f"layer_{layer}."
        rows = tuple(
            (name, tuple(map(float, spectrum(matrix(f"{prefix}{name}.positive", beside, said.hidden)))))
            for name in said.concepts
        )
        yield Spectra(title=f"Share of each component, layer {layer}", rows=rows, bound=bound)


def spans(figure: str, found: Sequence[Figure], bound: float | None) -> Iterator[Picture]:
    """Yields each concept's figure beside what chance comes to."""
    if found:
        shown = tuple(
            Span(
                name=one.where.rpartition(", ")[2],
                value=one.value,
                low=one.null[0],
                middle=one.null[1],
                high=one.null[2],
            )
            for one in found
        )
        title = f"{figure}: each concept (dot) beside its chance (1, 50 and 99 %)"
        yield Spans(title=title, spans=shown, bound=bound)
