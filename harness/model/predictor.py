"""A trained model that can be asked for predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

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
