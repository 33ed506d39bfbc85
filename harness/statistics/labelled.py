"""How well labels tell samples apart, scene by scene, beside what labels give that mean nothing; pure.

Samples are one labelled and k others of each scene. ``samples`` has shape (scenes, 1 + k, width), the
labelled one first; under the null any of a scene may be it. A draw is the place of the labelled one in each
scene, and all is done on inner products, so that the width costs nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Fit = Callable[[Array, Array], Array]

PART = 256
HALVES = 35


def places(scenes: int, choices: int, draws: int, seed: int = 0) -> Array:
    """Returns which one of each scene is labelled: first as it is, then in so many draws at random."""
    import numpy as np

    source = np.random.default_rng(seed)
    drawn = source.integers(0, choices, size=(draws, scenes))
    return np.concatenate([np.zeros((1, scenes), int), drawn])


def weights(chosen: Array, choices: int) -> Array:
    """Returns (draws, scenes × choices): what each sample weighs in the difference of the two means."""
    import numpy as np

    draws, scenes = chosen.shape
    found = np.full((draws, scenes, choices), -1.0 / (choices - 1) / scenes)
    np.put_along_axis(found, chosen[:, :, None], 1.0 / scenes, 2)
    return found.reshape(draws, -1)


def areas(samples: Array, chosen: Array) -> Array:
    """Returns for each draw and scene the share of the others below the labelled one, ties half.

    The direction is the difference of means of all other scenes, so that no sample is scored by one that it
    helped to make.
    """
    import numpy as np

    scenes, choices, width = samples.shape
    flat = samples.reshape(-1, width)
    gram = flat @ flat.T
    own = np.repeat(np.arange(scenes), choices)
    gram = np.where(own[:, None] == own[None, :], 0.0, gram)
    found = []
    for part in _parts(chosen):
        scores = (weights(part, choices) @ gram).reshape(len(part), scenes, choices)
        found.append(_shares(scores, part))
    return np.concatenate(found)


def areas_of_fit(samples: Array, chosen: Array, fit: Fit) -> Array:
    """Returns the same where ``fit`` makes the direction, of (n, width) and (n × k, width) in their order."""
    import numpy as np

    scenes = len(samples)
    space = _inside(samples)
    found = np.empty(chosen.shape)
    for at, chosen_here in enumerate(chosen):
        yes, no = _sides(space, chosen_here)
        for scene in range(scenes):
            kept = np.arange(scenes) != scene
            direction = fit(yes[kept], no[kept].reshape(-1, space.shape[2]))
            scores = (space[scene] @ direction)[None, None, :]
            found[at, scene] = _shares(scores, chosen_here[None, scene : scene + 1])[0, 0]
    return found


def agreements(samples: Array, chosen: Array) -> Array:
    """Returns for each draw the mean cosine of the directions that two halves of the scenes give."""
    import numpy as np

    found = []
    halves = _halves(len(samples))
    for part in _parts(chosen):
        inner = paired(samples, part)
        one, other = halves.astype(float), 1.0 - halves
        cross = np.einsum("hs,dst,ht->dh", one, inner, other, optimize=True)
        sizes = [np.einsum("hs,dst,ht->dh", half, inner, half, optimize=True) for half in (one, other)]
        found.append((cross / np.sqrt(np.maximum(sizes[0] * sizes[1], 1e-300))).mean(1))
    return np.concatenate(found)


def agreements_of_fit(samples: Array, chosen: Array, fit: Fit, halves: int = 4) -> Array:
    """Returns the same where ``fit`` makes the directions, over fewer halves."""
    import numpy as np

    space = _inside(samples)
    masks = _halves(len(samples))
    masks = masks[:: max(1, len(masks) // halves)][:halves]
    found = np.empty(len(chosen))
    for at, chosen_here in enumerate(chosen):
        yes, no = _sides(space, chosen_here)
        cosines = []
        for mask in masks:
            made = [fit(yes[one], no[one].reshape(-1, space.shape[2])) for one in (mask, ~mask)]
            cosines.append(made[0] @ made[1] / (np.linalg.norm(made[0]) * np.linalg.norm(made[1]) or 1.0))
        found[at] = float(np.mean(cosines))
    return found


def resampled(samples: Array, draws: int, seed: int = 0) -> Array:
    """Returns the cosine of the difference of means with that of scenes drawn again, with replacement."""
    import numpy as np

    scenes = len(samples)
    inner = paired(samples, np.zeros((1, scenes), int))[0]
    counts = np.random.default_rng(seed).multinomial(scenes, np.full(scenes, 1 / scenes), size=draws)
    whole = inner.sum(1)
    sizes = np.einsum("ds,st,dt->d", counts, inner, counts) * whole.sum()
    found: Array = counts @ whole / np.sqrt(np.maximum(sizes, 1e-300))
    return found


def paired(samples: Array, chosen: Array) -> Array:
    """Returns (draws, scenes, scenes): inner products of the scenes' labelled ones less their rest."""
    import numpy as np

    scenes, choices, width = samples.shape
    flat = samples.reshape(-1, width)
    gram = flat @ flat.T
    each = weights(chosen, choices).reshape(-1, scenes, choices) * scenes
    spread = np.zeros((len(chosen), scenes, scenes, choices))
    spread[:, np.arange(scenes), np.arange(scenes)] = each
    rows = spread.reshape(len(chosen), scenes, -1)
    found: Array = (rows @ gram) @ rows.transpose(0, 2, 1)
    return found


def mean_bounds(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Returns a lower and an upper bound of the mean of values in [0, 1], each at the confidence.

    Hoeffding (1963), theorem 1: the mean m is out where n times the relative entropy of the mean found to m
    is above ln 1/(1 - confidence). Of values that are all 1 it is Clopper and Pearson's bound.
    """
    n, found = len(values), sum(values) / len(values)
    room = -math.log(1 - confidence) / n

    def apart(mean: float) -> float:
        parts = ((found, mean), (1 - found, 1 - mean))
        return sum(p * math.log(p / q) if p else 0.0 for p, q in parts if p or q)

    return _edge(apart, found, 0.0, room), _edge(apart, found, 1.0, room)


def _edge(apart: Callable[[float], float], inside: float, outside: float, room: float) -> float:
    """Finds by halving where the distance from the mean grows beyond ``room``."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if middle in (0.0, 1.0) or apart(middle) > room:
            outside = middle
        else:
            inside = middle
    return outside


def _parts(chosen: Array) -> list[Array]:
    return [chosen[at : at + PART] for at in range(0, len(chosen), PART)]


def _shares(scores: Array, chosen: Array) -> Array:
    import numpy as np

    mine = np.take_along_axis(scores, chosen[:, :, None], 2)
    near = np.abs(scores - mine) <= 1e-9 * np.abs(mine)
    below = ((scores < mine) & ~near).sum(2) + 0.5 * (near.sum(2) - 1)
    found: Array = below / (scores.shape[2] - 1)
    return found


def _sides(space: Array, chosen: Array) -> tuple[Array, Array]:
    import numpy as np

    scenes, choices, width = space.shape
    others = np.arange(choices)[None, :] != chosen[:, None]
    return space[np.arange(scenes), chosen], space[others].reshape(scenes, choices - 1, width)


def _inside(samples: Array) -> Array:
    """Turns samples into the space that they span: no method here depends on the axes."""
    import numpy as np

    scenes, choices, width = samples.shape
    left, sizes, _ = np.linalg.svd(samples.reshape(-1, width), full_matrices=False)
    found: Array = (left * sizes).reshape(scenes, choices, -1)
    return found


def _halves(scenes: int) -> Array:
    """Returns masks of half of the scenes, the first scene always in it; at most so many, spread evenly."""
    import numpy as np

    rest = itertools.islice(itertools.combinations(range(1, scenes), scenes // 2 - 1), 20_000)
    chosen = [(0, *one) for one in rest]
    kept = [chosen[at * len(chosen) // min(len(chosen), HALVES)] for at in range(min(len(chosen), HALVES))]
    masks = np.zeros((len(kept), scenes), bool)
    for row, one in enumerate(kept):
        masks[row, list(one)] = True
    return masks
