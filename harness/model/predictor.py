"""A trained model that can be asked for predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class Predictor(Protocol):
    """A model as its released file has it: symbols 0 to ``vocab`` - 1, predicted one after another."""

    @property
    def vocab(self) -> int:
        """How many symbols there are."""

    def logits(self, ids: Array) -> Array:
        """Returns logits (windows, time, vocab) for symbols (windows, time), each window by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """One text as symbols: ``sizes`` are the bytes of the text that each stands for, 0 for ``lead`` ones.

    ``lead`` symbols stand in front because the tokenizer puts them there; none of them is predicted.
    ``unknown`` of the others mean that the tokenizer has no symbol for what stands there.
    """

    ids: Sequence[int]
    sizes: Sequence[int]
    lead: int
    unknown: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Foretold:
    """What a model makes of windows: the logarithm of the chance of every symbol but the first.

    ``logs`` (windows, time - 1) is 0 where a window has ended; ``first`` tells where the symbol was the
    likeliest one.
    """

    logs: Array
    first: Array


@runtime_checkable
class Tokenised(Protocol):
    """A model with a tokenizer of its own, which is asked in another process: logits do not cross."""

    @property
    def label(self) -> str:
        """What the model is called."""

    @property
    def vocab(self) -> int:
        """How many symbols its logits have."""

    @property
    def longest(self) -> int:
        """How many symbols it reads at once."""

    def encode(self, texts: Sequence[bytes]) -> tuple[Encoded, ...]:
        """Returns texts as the model's own tokenizer divides them; raises ``InputError``."""

    def foretell(
        self, windows: Sequence[Sequence[int]], targets: Sequence[Sequence[int]] | None = None
    ) -> Foretold:
        """Returns what the model makes of windows of symbols, each by itself; raises ``InputError``.

        ``targets`` are foretold in the place of each window's own symbols but the first.
        """

    def uniform(self) -> float:
        """Returns what the same arithmetic makes of logits that are all 0: the logarithm of one chance."""

    def moved(
        self, window: Sequence[int], places: Sequence[int], others: Sequence[int]
    ) -> tuple[Array, float]:
        """Puts another symbol at one place at a time, and returns how far logits move: (places, time).

        The second is the largest logit there is.
        """
