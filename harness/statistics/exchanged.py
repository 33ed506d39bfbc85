"""Whether a change of the texts changed a figure: scenes exchanged between before and after; pure.

If the change meant nothing, either version of a scene may as well be the earlier one. All 2^scenes exchanges
are made, or so many of them at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.statistics.directions import first_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MOST = 4096


def exchanges(scenes: int, seed: int = 0) -> Array:
    """Returns masks (draws, scenes) of the scenes that are exchanged; the first exchanges none."""
    import numpy as np

    if 2**scenes <= MOST:
        every: Array = (np.arange(2**scenes)[:, None] >> np.arange(scenes)) & 1 == 1
        return every
    drawn = np.random.default_rng(seed).integers(0, 2, size=(MOST - 1, scenes)) == 1
    return np.concatenate([np.zeros((1, scenes), bool), drawn])


def share_changes(before: Array, after: Array, masks: Array) -> Array:
    """Returns for each exchange how far the first component's share rose, of (scenes, width) each."""
    import numpy as np

    both = np.concatenate([before, after])
    gram, scenes = both @ both.T, len(before)
    found = np.empty(len(masks))
    for at, mask in enumerate(masks):
        early = np.where(mask, np.arange(scenes) + scenes, np.arange(scenes))
        late = np.where(mask, np.arange(scenes), np.arange(scenes) + scenes)
        found[at] = first_share(gram[np.ix_(late, late)]) - first_share(gram[np.ix_(early, early)])
    return found


def nearest_changes(before: Array, after: Array, which: int, masks: Array) -> Array:
    """Returns for each exchange how far one concept's nearest cosine rose.

    Arrays are (concepts, scenes, width): each concept's sample less the mean of its negatives, scene by
    scene.
    """
    import numpy as np

    kept = masks[:, None, :, None]
    found = np.empty(len(masks))
    for at in range(0, len(masks), 64):
        part = kept[at : at + 64]
        late, early = (
            np.where(part, one, other).sum(2)
            for one, other in ((before[None], after[None]), (after[None], before[None]))
        )
        found[at : at + 64] = _nearest(late, which) - _nearest(early, which)
    return found


def _nearest(vectors: Array, which: int) -> Array:
    import numpy as np

    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-300)
    cosines = np.einsum("dw,dcw->dc", unit[:, which], unit)
    cosines[:, which] = -2.0
    found: Array = cosines.max(1)
    return found
