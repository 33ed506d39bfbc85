"""Quality figures of a readout that are asked of its activations, each beside labels that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.artifacts.safetensors_file import Tensor
from harness.kinds._readout import Manifest, values
from harness.kinds._readout_figure import DRAWS, FITS, End, Figure, figure_of, matrix
from harness.model.problem import InputError
from harness.statistics import directions, labelled
from harness.statistics.fits import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

RESAMPLES = 999


def scenes(concept: str, layer: str, beside: Mapping[str, Tensor], width: int | None) -> Array:
    """Returns (scenes, 1 + k, width): a concept's sample of each scene, then the k others of that scene.

    ``<concept>.positive`` has a row a scene, ``<concept>.negative`` k of each in the same order. Raises
    ``InputError`` where that does not come out.
    """
    import numpy as np

    yes, no = (matrix(f"{layer}{concept}.{side}", beside, width) for side in ("positive", "negative"))
    each = len(no) // len(yes) if len(yes) else 0
    if len(yes) < 2 or not each or each * len(yes) != len(no):
        told = f"{concept}: {len(yes)} positive and {len(no)} negative samples"
        raise InputError(f"{told}: two scenes or more are asked, and as many negatives in each", "TOO_FEW")
    return np.concatenate([yes[:, None], no.reshape(len(yes), each, -1)], axis=1)


def separable(
    said: Manifest, layer: str, beside: Mapping[str, Tensor], method: str, sure: float, end: End
) -> Iterator[Figure]:
    """Yields each concept's area under the ROC curve in scenes that its direction was not made of."""
    for concept in said.concepts:
        samples = scenes(concept, layer, beside, said.hidden)
        if method == "mean":
            each = labelled.areas(samples, _drawn(samples, DRAWS))
        else:
            each = labelled.areas_of_fit(samples, _drawn(samples, FITS), _fit(method))
        means = each.mean(1)
        bounds = labelled.mean_bounds([min(1.0, max(0.0, float(one))) for one in each[0]], sure)
        size = f"bounds {bounds[0]:.3g} to {bounds[1]:.3g}; {_size(samples)}"
        yield figure_of(f"{layer}{concept}", float(means[0]), [means[1:]], size, end, bounds)


def stable(
    said: Manifest, layer: str, beside: Mapping[str, Tensor], method: str, end: End
) -> Iterator[Figure]:
    """Yields the cosine of the directions that two halves of the scenes give, and resampling beside it."""
    import numpy as np

    for concept in said.concepts:
        samples = scenes(concept, layer, beside, said.hidden)
        if method == "mean":
            found = labelled.agreements(samples, _drawn(samples, DRAWS))
        else:
            found = labelled.agreements_of_fit(samples, _drawn(samples, FITS), _fit(method))
        again = labelled.resampled(samples, RESAMPLES)
        low, high = np.quantile(again, [0.05, 0.95])
        size = f"resampled {low:.3g} to {high:.3g}, sign kept in {(again > 0).mean():.1%}; {_size(samples)}"
        yield figure_of(f"{layer}{concept}", float(found[0]), [found[1:]], size, end)


def remade(
    said: Manifest, layer: str, rows: Array, beside: Mapping[str, Tensor], method: str, end: End
) -> Iterator[Figure]:
    """Yields the cosine of each vector with the direction that its method makes of the activations, here."""
    import numpy as np

    for concept, row in zip(said.concepts, rows, strict=True):
        yes, no = (
            matrix(f"{layer}{concept}.{side}", beside, said.hidden) for side in ("positive", "negative")
        )
        if len(yes) < 2 or len(no) % len(yes):
            raise InputError(f"{concept}: {len(yes)} and {len(no)} samples are no scenes", "TOO_FEW")
        made = fitted(method, yes, no)
        value = float(made @ row / max(float(np.linalg.norm(made) * np.linalg.norm(row)), 1e-300))
        null = directions.nearest_by_chance(row[None, :], DRAWS)
        yield figure_of(f"{layer}{concept}", value, [null], f"{method}, {said.hidden} dimensions", end)


def heads(said: Manifest, beside: Mapping[str, Tensor], end: End) -> Iterator[Figure]:
    """Yields the share that the ten heads writing most have in what all write along each concept's vector."""
    for concept in said.concepts:
        samples = scenes(concept, "", beside, None)
        parts = labelled.weights(_drawn(samples, DRAWS), samples.shape[1]) @ _flat(samples)
        shares = directions.concentration(parts)
        size = f"{samples.shape[2]} heads; {len(samples)} scenes of {samples.shape[1]} texts"
        yield figure_of(concept, float(shares[0]), [shares[1:]], size, end)


def matched(
    said: Manifest, layer: int, rows: Array, previous: Mapping[str, Tensor], end: End
) -> Iterator[Figure]:
    """Yields the cosine of each vector with its own earlier one, against any direction and any name."""
    import numpy as np

    name = f"layer_{layer}.vectors"
    if name not in previous or previous[name].shape != rows.shape:
        raise InputError(f"the earlier readout has no {name} of shape {list(rows.shape)}", "MISSING_INPUT")
    past = values(previous[name])
    unit = [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-300) for one in (rows, past)]
    cosines = unit[0] @ unit[1].T
    source = np.random.default_rng(0)
    orders = np.array([source.permutation(len(rows)) for _ in range(DRAWS)])
    names = cosines[np.arange(len(rows))[None, :], orders].mean(1)
    swapped = directions.chance(float(np.diag(cosines).mean()), names, above=end == "above")
    size = f"{len(rows)} concepts, names exchanged p {swapped:.2g}, {said.hidden} dimensions"
    for at, concept in enumerate(said.concepts):
        null = directions.nearest_by_chance(past[at][None, :], DRAWS)
        yield figure_of(f"layer {layer}, {concept}", float(cosines[at, at]), [null], size, end, worst=swapped)


def _fit(method: str) -> labelled.Fit:
    return lambda yes, no: fitted(method, yes, no)


def _drawn(samples: Array, draws: int) -> Array:
    return labelled.places(samples.shape[0], samples.shape[1], draws)


def _flat(samples: Array) -> Array:
    found: Array = samples.reshape(-1, samples.shape[2])
    return found


def _size(samples: Array) -> str:
    scenes_, choices, width = samples.shape
    return f"{scenes_} scenes of 1 and {choices - 1} texts in {width} dimensions"
