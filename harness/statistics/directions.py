"""Quality figures of directions in activation space, each beside what it comes to by chance; pure.

Arrays are float64; rows are directions or samples. ``draws`` of a null come from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

RIDGE = 0.01
_SAME = 1e-9


def first_share(gram: Array) -> float:
    """Returns the share of variance along the first principal component, of samples given by their Gram."""
    import numpy as np

    middle = gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean()
    values = np.linalg.eigvalsh(middle)
    total = float(values.sum())
    return float(values[-1]) / total if total > 0 else float("nan")


def relabelled_shares(positive: Array, negative: Array, draws: int, seed: int = 0) -> Array:
    """Returns that share of samples that were drawn from both sets as if their labels meant nothing."""
    import numpy as np

    source = np.random.default_rng(seed)
    both = np.concatenate([positive, negative])
    gram = both @ both.T
    picks = (source.permutation(len(both))[: len(positive)] for _ in range(draws))
    return np.array([first_share(gram[np.ix_(pick, pick)]) for pick in picks])


def explained(direction: Array, others: Array) -> float:
    """Returns the share of a direction's squared length that a ridge regression on others explains."""
    import numpy as np

    _, sizes, basis = np.linalg.svd(others, full_matrices=False)
    kept = 1 - (RIDGE / (sizes**2 + RIDGE)) ** 2
    return float(((basis @ direction) ** 2 * kept).sum() / (direction @ direction))


def explained_by_chance(others: Array, draws: int, seed: int = 0) -> Array:
    """Returns that share for directions of random orientation; only their part in the span is drawn."""
    import numpy as np

    source = np.random.default_rng(seed)
    width = others.shape[1]
    sizes = np.linalg.svd(others, compute_uv=False)
    kept = 1 - (RIDGE / (sizes**2 + RIDGE)) ** 2
    inside = source.normal(size=(draws, len(sizes))) ** 2
    rest = source.chisquare(width - len(sizes), draws) if width > len(sizes) else np.zeros(draws)
    found: Array = inside @ kept / (inside.sum(1) + rest)
    return found


def best_cosines(directions: Array, columns: Array) -> Array:
    """Returns for each direction its largest absolute cosine with a row of ``columns``."""
    import numpy as np

    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (directions, columns)]
    found: Array = np.abs(unit[0] @ unit[1].T).max(1)
    return found


def best_cosines_by_chance(columns: Array, draws: int, seed: int = 0) -> Array:
    """Returns that cosine for directions of random orientation."""
    import numpy as np

    source = np.random.default_rng(seed)
    parts = [
        best_cosines(source.normal(size=(min(256, draws - at), columns.shape[1])), columns)
        for at in range(0, draws, 256)
    ]
    return np.concatenate(parts)


def chance(value: float, null: Sequence[float] | Array, *, above: bool) -> float:
    """Returns the p of a value among draws of its null: the share as far out, itself counted.

    Figures that differ by their rounding alone are equal: of two samples every first share is 1.
    """
    reached = sum((drawn >= value - _SAME) if above else (drawn <= value + _SAME) for drawn in null)
    return (1 + int(reached)) / (1 + len(null))


def nearest(direction: Array, others: Array) -> float:
    """Returns the largest cosine of a direction with the rows of ``others``, signs kept."""
    import numpy as np

    sizes = np.linalg.norm(others, axis=1) * np.linalg.norm(direction)
    return float((others @ direction / sizes).max())


def nearest_by_chance(others: Array, draws: int, seed: int = 0) -> Array:
    """Returns that cosine for directions of random orientation; only their part in the span is drawn."""
    import numpy as np

    source = np.random.default_rng(seed)
    unit = others / np.linalg.norm(others, axis=1, keepdims=True)
    left, lengths, _ = np.linalg.svd(unit, full_matrices=False)
    inside = source.normal(size=(draws, len(lengths)))
    spare = others.shape[1] - len(lengths)
    rest = source.chisquare(spare, draws) if spare else np.zeros(draws)
    sizes = np.sqrt((inside**2).sum(1) + rest)
    found: Array = (inside @ (left * lengths).T / sizes[:, None]).max(1)
    return found


def concentration(parts: Array, largest: int = 10) -> Array:
    """Returns the share of the ``largest`` parts in the sum of all, by size and not by sign, row by row."""
    import numpy as np

    sizes = np.sort(np.abs(parts), axis=-1)[..., ::-1]
    found: Array = sizes[..., :largest].sum(-1) / np.maximum(sizes.sum(-1), 1e-300)
    return found


def spectrum(samples: Array) -> Array:
    """Returns the shares of variance along the principal components of (samples, width), falling."""
    import numpy as np

    sizes = np.linalg.svd(samples - samples.mean(0), compute_uv=False) ** 2
    found: Array = sizes / max(float(sizes.sum()), 1e-300)
    return found
