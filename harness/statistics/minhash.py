"""Near duplicates at scale: MinHash signatures, bands that meet, and the exact Jaccard of those that do.

One permutation hashing (Li, Owen, Zhang 2012) with empty bins filled from their neighbours: a document is
hashed once, not once per permutation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.statistics.grams import Texts, hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BINS, BANDS = 128, 32
"""Bands of four bins: of two documents of Jaccard 0.7 all but 0.02 % meet in one."""
_EMPTY = (1 << 64) - 1


def signatures(texts: Texts, size: int) -> Array:
    """Returns the signature of every document, by row; of those shorter than a shingle all are empty."""
    import numpy as np

    lengths = np.diff(texts.ends, prepend=0)
    counts = np.maximum(0, lengths - size + 1)
    cells = np.full(len(texts) * BINS, _EMPTY, np.uint64)
    seen = hashes(texts.units, size)
    # The least hash of a bin is small: of long documents only the small ones are looked at. A bin misses
    # its least in e^-8 of the cases, and is then filled like an empty one.
    share = np.minimum(1.0, 8.0 * BINS / np.maximum(1, counts))
    limit = np.where(counts > 0, np.minimum(share * 2.0**64, 2.0**64 - 2048), 0).astype(np.uint64)
    limits = np.repeat(limit, lengths)[: seen.size]
    for back in range(1, size):  # windows over the edge of a document
        edge = texts.ends - back
        limits[edge[(edge < limits.size) & (edge >= 0)]] = 0
    kept = np.flatnonzero((seen << np.uint64(7)) < limits)
    chosen = seen[kept]
    np.minimum.at(cells, texts.owner(kept) * BINS + (chosen >> np.uint64(57)).view(np.int64), chosen)
    return _filled(cells.reshape(len(texts), BINS))


def _filled(cells: Array) -> Array:
    """Fills empty bins from the next one that is not, each step away by another constant."""
    import numpy as np

    away = np.uint64(0xA24BAED4963EE407)
    for _ in range(BINS - 1):
        empty = cells == _EMPTY
        rows = empty.any(axis=1) & ~empty.all(axis=1)
        if not rows.any():
            break
        part = cells[rows]
        nearby = np.roll(part, -1, axis=1)
        cells[rows] = np.where((part == _EMPTY) & (nearby != _EMPTY), nearby + away, part)
    return cells


def bands(cells: Array) -> Array:
    """Returns the key of every band of every signature, by row; 0 for a document without shingles."""
    import numpy as np

    rows = BINS // BANDS
    keys = np.zeros((cells.shape[0], BANDS), np.uint64)
    for row in range(rows):
        keys = (keys ^ cells[:, row::rows]) * np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(33)
    keys += np.arange(BANDS, dtype=np.uint64)
    keys[(cells == _EMPTY).all(axis=1)] = 0
    return keys


class Near:
    """The documents of one side, and the nearest of those that streamed past for each."""

    def __init__(self, texts: Texts, size: int, least: float) -> None:
        import numpy as np

        self.texts, self.size, self.least = texts, size, least
        keys = bands(signatures(texts, size))
        order = np.argsort(keys, axis=None, kind="stable")
        self.keys, self.owner = keys.ravel()[order], order // BANDS
        self.best = np.zeros(len(texts))
        self.source = np.full(len(texts), -1, np.int64)

    def look(self, texts: Texts) -> None:
        """Compares these documents with those that share a band and have no near duplicate yet."""
        import numpy as np

        keys = bands(signatures(texts, self.size))
        flat = keys.ravel()
        first = np.searchsorted(self.keys, flat, "left")
        counts = np.where(flat == 0, 0, np.searchsorted(self.keys, flat, "right") - first)
        hit = np.flatnonzero(counts)
        if not hit.size:
            return
        theirs = np.repeat(hit // BANDS, counts[hit])
        spread = np.arange(theirs.size) - np.repeat(np.cumsum(counts[hit]) - counts[hit], counts[hit])
        ours = self.owner[np.repeat(first[hit], counts[hit]) + spread]
        for one, other in np.unique(np.stack([ours, theirs], axis=1), axis=0):
            if self.best[one] < self.least:
                self._compare(int(one), texts, int(other))

    def _compare(self, one: int, texts: Texts, other: int) -> None:
        likeness = jaccard(_shingles(self.texts, one, self.size), _shingles(texts, other, self.size))
        if likeness > self.best[one]:
            self.best[one], self.source[one] = likeness, texts.places[other]


def jaccard(one: Array, other: Array) -> float:
    """Returns the share of two sets that both hold; each sorted and without repetition."""
    import numpy as np

    both = np.intersect1d(one, other, assume_unique=True).size
    return both / max(1, one.size + other.size - both)


def _shingles(texts: Texts, number: int, size: int) -> Array:
    import numpy as np

    start = 0 if number == 0 else int(texts.ends[number - 1])
    found: Array = np.unique(hashes(texts.units[start : int(texts.ends[number])], size))
    return found
