"""What vectors have in common when labels mean nothing: each scene's texts mixed, for all concepts at once.

Concepts that are held against the same texts share a part of their vectors, and no other null has that part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.statistics.directions import RIDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def texts(samples: Sequence[Array]) -> tuple[Array, Array, Array]:
    """Returns the different texts (texts, width), what each concept weighs them by, and the scene of each.

    ``samples`` has (scenes, 1 + k, width) for each concept, its own text first; equal rows of a scene are one
    text. Texts stand scene by scene.
    """
    import numpy as np

    places: dict[tuple[int, bytes], int] = {}
    rows: list[Array] = []
    owners: list[int] = []
    entries: list[tuple[int, int, float]] = []
    for scene in range(len(samples[0])):
        for concept, one in enumerate(samples):
            for at, row in enumerate(one[scene]):
                key = (scene, row.tobytes())
                if key not in places:
                    places[key] = len(rows)
                    rows.append(row)
                    owners.append(scene)
                share = 1.0 if at == 0 else -1.0 / (one.shape[1] - 1)
                entries.append((concept, places[key], share / len(one)))
    weights = np.zeros((len(samples), len(rows)))
    for concept, place, share in entries:
        weights[concept, place] += share
    return np.array(rows), weights, np.array(owners)


def figures(samples: Sequence[Array], draws: int, *, nearest: bool, seed: int = 0) -> Array:
    """Returns (draws, concepts): each concept's nearest cosine, or the share of it that others explain."""
    import numpy as np

    rows, weights, owners = texts(samples)
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    space, source = left * sizes, np.random.default_rng(seed)
    found = np.empty((draws, len(samples)))
    for at in range(draws):
        order = np.argsort(owners + source.random(len(owners)))
        made = weights @ space[order]
        unit = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-300)
        gram = unit @ unit.T
        found[at] = _nearest(gram) if nearest else _explained(gram)
    return found


def _nearest(gram: Array) -> Array:
    import numpy as np

    apart = gram.copy()
    np.fill_diagonal(apart, -2.0)
    found: Array = apart.max(1)
    return found


def _explained(gram: Array) -> Array:
    """Returns the ridge's share for each unit direction on all others, from their inner products."""
    import numpy as np

    found = np.empty(len(gram))
    for at in range(len(gram)):
        kept = np.arange(len(gram)) != at
        sizes, axes = np.linalg.eigh(gram[np.ix_(kept, kept)])
        sizes = np.maximum(sizes, 0.0)
        along = axes.T @ gram[kept, at]
        # Of a direction of size s the component is along / √s, of whose square so much is kept.
        share = np.where(sizes > 1e-12, along**2 / np.maximum(sizes, 1e-12), 0.0)
        found[at] = float((share * (1 - (RIDGE / (sizes + RIDGE)) ** 2)).sum())
    return found
