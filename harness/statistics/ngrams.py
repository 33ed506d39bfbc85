"""The predictors that any language model must beat: uniform, unigram and bigram, fitted on a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ADDED = 0.5
"""What is added to every count, so that no symbol is impossible (Krichevsky and Trofimov 1981)."""


def uniform(targets: Array, vocab: int) -> Array:
    """Returns the chance of every target, 1 / ``vocab``."""
    import numpy as np

    return np.full(targets.shape, 1 / vocab)


def unigram(text: Array, targets: Array, vocab: int) -> Array:
    """Returns the chance of every target by its share of ``text``, (symbols,), with a half added."""
    import numpy as np

    counts = np.bincount(text, minlength=vocab) + ADDED
    found: Array = (counts / counts.sum())[targets]
    return found


def bigram(text: Array, inputs: Array, targets: Array, vocab: int) -> Array:
    """Returns the chance of every target after its input, by the pairs of ``text``.

    A row of counts leans on the unigram shares with the weight of one pair a symbol it was followed by
    (Witten and Bell 1991), so that a context seen once or never does not answer as the uniform would.
    """
    import numpy as np

    base = np.bincount(text, minlength=vocab) + ADDED
    pairs = np.zeros((vocab, vocab))
    np.add.at(pairs, (text[:-1], text[1:]), 1)
    kinds = np.maximum((pairs > 0).sum(axis=1, keepdims=True), 1)
    rows = (pairs + kinds * (base / base.sum())) / (pairs.sum(axis=1, keepdims=True) + kinds)
    found: Array = rows[inputs, targets]
    return found
