"""Windows of k bytes or tokens: their hashes, an index of one side, and what of it the other side holds.

The side that is indexed must fit in memory; the other one streams past it, block by block. A window is
found by a 64-bit hash and then compared, unit by unit, so that nothing is reported which is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BLOCK = 1 << 14
"""Windows hashed at once: their passes stay in the cache of one core."""
_BASE = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Texts:
    """Documents one behind the other: ``units`` of bytes or tokens, and where each document ends.

    ``places`` say where each came from, as one number that its reader can turn back into words.
    """

    units: Array
    ends: Array
    places: Array

    def __len__(self) -> int:
        return int(self.ends.size)

    def owner(self, positions: Array) -> Array:
        """Returns the number of the document that each position lies in."""
        import numpy as np

        found: Array = np.searchsorted(self.ends, positions, side="right")
        return found

    def only(self, numbers: Array) -> Texts:
        """Returns some of the documents, by their numbers in rising order."""
        import numpy as np

        lengths = np.diff(self.ends, prepend=0)
        chosen = np.zeros(len(self), bool)
        chosen[numbers] = True
        units = self.units[np.repeat(chosen, lengths)]
        return Texts(units=units, ends=np.cumsum(lengths[numbers]), places=self.places[numbers])


def hashes(units: Array, size: int) -> Array:
    """Returns the hash of every window of ``size`` units, as uint64; empty where there is none.

    A polynomial of random values of the units modulo 2^64, formed by doubling (log2 of ``size`` passes).
    """
    import numpy as np

    count = units.size - size + 1
    if count < 1:
        return np.empty(0, np.uint64)
    out = np.empty(count, np.uint64)
    for start in range(0, count, BLOCK):
        stop = min(count, start + BLOCK)
        out[start:stop] = _block(_values(units[start : stop + size - 1]), size)
    return out


def _block(values: Array, size: int) -> Array:
    """Hashes the windows of one block: of length 1, 2, 4 …, put together by the bits of ``size``."""
    import numpy as np

    powers, length, done = values, 1, 0
    found: Array = np.zeros(values.size, np.uint64)
    while True:
        step = np.uint64(pow(_BASE, length, 1 << 64))
        if size & length:
            piece = powers[done:]
            found = found[: piece.size] * step + piece if done else piece
            done += length
        if length * 2 > size:
            break
        powers = powers[:-length] * step + powers[length:]
        length *= 2
    count = values.size - size + 1
    # The high bits of a product depend on all bits of the sum, and the index looks at the high ones.
    result: Array = found[:count] * np.uint64(0xD6E8FEB86659FD93)
    result ^= result >> np.uint64(32)
    return result


def _values(units: Array) -> Array:
    import numpy as np

    if units.dtype == np.uint8:
        found: Array = _table()[units]
        return found
    mixed: Array = (units.astype(np.uint64) + np.uint64(0x632BE59BD9B4E019)) * np.uint64(_BASE)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed


_TABLE: list[Any] = []


def _table() -> Array:
    """Returns a value per byte; the same on every machine, so that verdicts are."""
    import numpy as np

    if not _TABLE:
        _TABLE.append(np.random.Generator(np.random.PCG64(20260427)).integers(0, _MASK, 256, np.uint64))
    found: Array = _TABLE[0]
    return found


class Index:
    """The windows of one side, and which of them were found in what streamed past.

    Takes about 30 bytes per window.
    """

    def __init__(self, texts: Texts, size: int) -> None:
        import numpy as np

        self.texts, self.size = texts, size
        every = hashes(texts.units, size)
        starts = np.arange(every.size)
        inside = texts.ends[texts.owner(starts)] >= starts + size if every.size else starts.astype(bool)
        self.starts = starts[inside]
        self.keys, first, self.back = np.unique(every[inside], return_index=True, return_inverse=True)
        self.samples = self.starts[first]
        self.found = np.full(self.keys.size, -1, np.int64)
        self.bits = min(26, max(16, int(self.keys.size * 8).bit_length()))
        self.coarse, self.fine = (np.zeros(1 << self.bits, bool) for _ in range(2))
        self.coarse[self._high(self.keys)] = True
        self.fine[self._low(self.keys)] = True

    def _high(self, keys: Array) -> Array:
        import numpy as np

        return (keys >> np.uint64(64 - self.bits)).view(np.int64)

    def _low(self, keys: Array) -> Array:
        import numpy as np

        return (keys & np.uint64((1 << self.bits) - 1)).view(np.int64)

    def look(self, texts: Texts) -> None:
        """Notes which windows of the index stand in these documents, and in which one first."""
        import numpy as np

        if not self.keys.size:
            return
        count = texts.units.size - self.size + 1
        for start in range(0, max(0, count), BLOCK):
            stop = min(count, start + BLOCK)
            seen = _block(_values(texts.units[start : stop + self.size - 1]), self.size)
            hits = np.flatnonzero(self.coarse.take(self._high(seen)))
            hits = hits[self.fine.take(self._low(seen[hits]))]  # two sieves spare most of the searches
            if not hits.size:
                continue
            at = np.minimum(np.searchsorted(self.keys, seen[hits]), self.keys.size - 1)
            true = (self.keys[at] == seen[hits]) & (self.found[at] < 0)
            if true.any():
                self._take(texts, hits[true] + start, at[true])

    def _take(self, texts: Texts, positions: Array, at: Array) -> None:
        """Takes the hits that are the same units, in one document."""
        import numpy as np

        owner = texts.owner(positions)
        inside = texts.ends[owner] >= positions + self.size
        at, first = np.unique(at[inside], return_index=True)
        positions, owner = positions[inside][first], owner[inside][first]
        offsets = np.arange(self.size)
        for part in range(0, at.size, 4096):
            chosen = slice(part, part + 4096)
            ours = self.texts.units[self.samples[at[chosen]][:, None] + offsets]
            theirs = texts.units[positions[chosen][:, None] + offsets]
            same = (ours == theirs).all(axis=1)
            self.found[at[chosen][same]] = texts.places[owner[chosen][same]]

    def windows(self) -> tuple[Array, Array, Array]:
        """Returns per document: how many windows it has, how many were found, and where most stand."""
        import numpy as np

        owner = self.texts.owner(self.starts)
        places = self.found[self.back]
        total = np.bincount(owner, minlength=len(self.texts))
        hit = np.bincount(owner[places >= 0], minlength=len(self.texts))
        return total, hit, self._sources(owner, places)

    def _sources(self, owner: Array, places: Array) -> Array:
        import numpy as np

        source = np.full(len(self.texts), -1, np.int64)
        chosen = places >= 0
        pairs, counts = np.unique(np.stack([owner[chosen], places[chosen]]), axis=1, return_counts=True)
        order = np.argsort(counts, kind="stable")
        source[pairs[0, order]] = pairs[1, order]  # the last one written is the most frequent
        return source
