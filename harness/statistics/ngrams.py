"""The predictors that any language model must beat: uniform, unigram and bigram, fitted on a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ADDED = 0.5
"""What is added to every count, so that no symbol is impossible (Krichevsky and Trofimov 1981)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fitted:
    """Counts of symbols (vocab,), and of pairs that occur: ``codes`` is first · vocab + second, sorted."""

    singles: Array
    codes: Array
    times: Array
    vocab: int

    def unigram(self, targets: Array) -> Array:
        """Returns the chance of every target by its share, with a half added."""
        counts = self.singles + ADDED
        found: Array = (counts / counts.sum())[targets]
        return found

    def bigram(self, inputs: Array, targets: Array) -> Array:
        """Returns the chance of every target after its input, by the pairs.

        A row of counts leans on the unigram shares with the weight of one pair a symbol it was followed by
        (Witten and Bell 1991), so that a context seen once or never does not answer as the uniform would.
        Only pairs that occur are held: 50,000 symbols have 2.5e9 that could.
        """
        import numpy as np

        firsts = self.codes // self.vocab
        kinds = np.maximum(np.bincount(firsts, minlength=self.vocab), 1)
        total = np.bincount(firsts, weights=self.times, minlength=self.vocab)
        wanted = inputs * self.vocab + targets
        places = np.minimum(np.searchsorted(self.codes, wanted), max(len(self.codes) - 1, 0))
        times = np.zeros(wanted.shape)
        if len(self.codes):
            times = np.where(self.codes[places] == wanted, self.times[places], 0)
        found: Array = (times + kinds[inputs] * self.unigram(targets)) / (total[inputs] + kinds[inputs])
        return found


def fit(documents: Sequence[Array], vocab: int, leads: Sequence[int] = ()) -> Fitted:
    """Counts documents, between which there are no pairs.

    ``leads`` symbols at the start of each are never predicted, so they are counted in pairs only.
    """
    import numpy as np

    leads = leads or [0] * len(documents)
    singles = np.zeros(vocab, np.int64)
    codes, times = np.zeros(0, np.int64), np.zeros(0, np.int64)
    some: list[Array] = []
    for at, (text, lead) in enumerate(zip(documents, leads, strict=True), 1):
        text = np.asarray(text, np.int64)
        np.add.at(singles, text[lead:], 1)
        some.append(text[:-1] * vocab + text[1:])
        if at == len(documents) or sum(map(len, some)) > 1 << 22:
            codes, times = _merged(codes, times, np.concatenate(some))
            some = []
    return Fitted(singles=singles, codes=codes, times=times, vocab=vocab)


def _merged(codes: Array, times: Array, more: Array) -> tuple[Array, Array]:
    import numpy as np

    fresh, counts = np.unique(more, return_counts=True)
    every, back = np.unique(np.concatenate([codes, fresh]), return_inverse=True)
    total = np.bincount(back, weights=np.concatenate([times, counts]), minlength=len(every))
    return every, total.astype(np.int64)


def uniform(targets: Array, vocab: int) -> Array:
    """Returns the chance of every target, 1 / ``vocab``."""
    import numpy as np

    return np.full(targets.shape, 1 / vocab)


def unigram(text: Array, targets: Array, vocab: int) -> Array:
    """Returns the chance of every target by its share of ``text``, (symbols,), with a half added."""
    return fit([text], vocab).unigram(targets)


def bigram(text: Array, inputs: Array, targets: Array, vocab: int) -> Array:
    """Returns the chance of every target after its input, by the pairs of ``text``."""
    return fit([text], vocab).bigram(inputs, targets)
