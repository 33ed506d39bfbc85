"""Documents that are shorter than a window: empty ones, and those that stand in the training data whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.statistics.grams import Index, Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LEAST = 4
"""Runs of fewer units are in every text: a document of so few tells nothing."""


class Short:
    """The documents shorter than ``size``, while training data streams past.

    Of each the runs of as many units as the largest power of two that it holds are looked for, so that all
    lengths take a few passes. Where one of its runs is missing, it does not stand there whole. Where all are
    there, it may; that says little, because short ones do by chance.
    """

    def __init__(self, texts: Texts, size: int) -> None:
        import numpy as np

        lengths = np.diff(texts.ends, prepend=0)
        self.tiny = int((lengths < LEAST).sum())
        self.groups: list[tuple[Array, Index]] = []
        run = LEAST
        while run < size:
            chosen = np.flatnonzero((lengths >= run) & (lengths < min(2 * run, size)))
            if chosen.size:
                self.groups.append((chosen, Index(texts.only(chosen), run)))
            run *= 2

    def look(self, texts: Texts) -> None:
        """Notes which runs stand in these documents."""
        for _, index in self.groups:
            if (index.found < 0).any():
                index.look(texts)

    def whole(self) -> dict[int, tuple[float, str, int]]:
        """Returns which of them may stand there whole, and where most of each is."""
        found = {}
        for numbers, index in self.groups:
            total, hit, source = index.windows()
            for place in (total == hit).nonzero()[0].tolist():
                found[int(numbers[place])] = (1.0, "all of it", int(source[place]))
        return found


def filled(texts: Texts, size: int) -> Texts:
    """Returns the documents but those that are empty or white space, which stand in every text."""
    import numpy as np

    lengths = np.diff(texts.ends, prepend=0)
    blank = lengths == 0
    if texts.units.dtype == np.uint8:
        for number in np.flatnonzero((lengths > 0) & (lengths < size)):
            end = int(texts.ends[number])
            blank[number] = not texts.units[end - int(lengths[number]) : end].tobytes().strip()
    return texts.only(np.flatnonzero(~blank)) if blank.any() else texts
