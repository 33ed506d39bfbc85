"""Held-out documents looked for in training data: by document, by window, and by nearness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from harness.artifacts.texts import Layout, chunks, named
from harness.kinds._overlap_short import Short, filled
from harness.kinds._overlap_verdict import Ask, Found, Hit, Side
from harness.model.problem import InputError
from harness.statistics.grams import Index, Texts
from harness.statistics.minhash import Near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Files = Sequence[tuple[str, str]]
LARGEST = 2**27
"""Held-out bytes or tokens that are indexed at once; beyond, the training data is read again."""
_WINDOW = {1: 50, 4: 13}
_SHINGLE = {1: 8, 4: 5}


class _Exact:
    """Documents that are the same, unit by unit (by a digest of 16 bytes)."""

    def __init__(self, texts: Texts) -> None:
        import numpy as np

        self.digests = _digests(texts)
        self.wanted = set(self.digests)
        self.places: dict[bytes, int] = {}
        self.lengths = np.diff(texts.ends, prepend=0)
        self.known = set(self.lengths.tolist())

    def look(self, texts: Texts) -> None:
        """Notes which of the documents stand here."""
        import numpy as np

        lengths = np.diff(texts.ends, prepend=0)
        for number in np.flatnonzero(np.isin(lengths, list(self.known))):
            digest = _digest(texts, int(number))
            if digest in self.wanted:
                self.places.setdefault(digest, int(texts.places[number]))


def compare(held: Files, train: Files, reference: Files | None, ask: Ask) -> Found:
    """Lets the training data stream past the held-out data, and past the reference; raises ``InputError``.

    A line that ends in CRLF is the same as one that ends in LF.
    """
    import numpy as np

    if ask.layout.fold == "none":
        ask = replace(ask, layout=replace(ask.layout, fold="newlines"))
    sides = [_Side(held, ask), *([] if reference is None else [_Side(reference, ask)])]
    trained = units = long = 0
    widths = {side.width for side in sides if side.count}
    size = max(side.size for side in sides)
    overlap = size - 1 if ask.by == "window" else 0
    for turn in range(max(1, *(len(side.batches) for side in sides))):
        looks = [look for side in sides for look in side.open(turn)]
        for texts in chunks(train, replace(ask.layout, overlap=overlap)):
            if widths and texts.units.itemsize not in widths:
                raise InputError(
                    f"{train[0][0]}: text on one side and tokens on the other cannot be compared"
                )
            for look in looks:
                look.look(texts)
            lengths = np.diff(texts.ends, prepend=0)
            trained += 0 if turn else int((lengths > 0).sum())
            long += 0 if turn else int((lengths >= size).sum())
            units += 0 if turn else int(texts.units.size)
        for side in sides:
            side.close(turn, train)
    found = [side.found() for side in sides]
    return Found(
        held=found[0],
        reference=found[1] if len(found) > 1 else None,
        trained=trained,
        long=long,
        units=units,
        unit="tokens" if widths == {4} else "bytes",
    )


class _Side:
    """One side while training data streams past: batches of documents, and the hits among them."""

    def __init__(self, files: Files, ask: Ask) -> None:
        self.files, self.ask = files, ask
        every = _batches(files, ask.layout)
        self.width = every[0].units.itemsize if every else 1
        self.size = ask.window if ask.window and ask.by == "window" else _WINDOW[self.width]
        self.batches = [filled(texts, self.size) for texts in every]
        self.count = sum(len(texts) for texts in self.batches)
        self.empty = sum(len(texts) for texts in every) - self.count
        self.hits: list[Hit] = []
        self.whole: list[Hit] = []
        self.short = self.tiny = 0
        self._exact: _Exact | None = None
        self._index: Index | None = None
        self._short: Short | None = None
        self._near: Near | None = None

    def open(self, turn: int) -> list[_Exact | Index | Short | Near]:
        """Returns what looks at the training data for one batch."""
        if turn >= len(self.batches):
            return []
        texts, by = self.batches[turn], self.ask.by
        self._exact = _Exact(texts)
        self._index = Index(texts, self.size) if by == "window" else None
        self._short = Short(texts, self.size) if by == "window" else None
        self._near = Near(texts, _SHINGLE[self.width], self.ask.near) if by == "near" else None
        return [look for look in (self._exact, self._index, self._short, self._near) if look is not None]

    def close(self, turn: int, train: Files) -> None:
        """Gathers the hits of one batch; those of documents shorter than a window apart."""
        import numpy as np

        if turn >= len(self.batches) or self._exact is None:
            return
        texts = self.batches[turn]
        short = np.diff(texts.ends, prepend=0) < self.size
        self.short += int(short.sum())
        for number, (share, said, place) in self._gathered(self._exact, len(texts)).items():
            where = named(int(texts.places[number]), self.files)
            hit = Hit(share=share, said=said, where=where, source=named(place, train))
            (self.whole if short[number] else self.hits).append(hit)

    def found(self) -> Side:
        """Returns what was found in all batches."""
        return Side(
            hits=tuple(self.hits),
            whole=tuple(self.whole),
            count=self.count,
            short=self.short,
            tiny=self.tiny,
            empty=self.empty,
        )

    def _gathered(self, exact: _Exact, count: int) -> dict[int, tuple[float, str, int]]:
        found: dict[int, tuple[float, str, int]] = {}
        if self._near is not None:
            for number in range(count):
                best = float(self._near.best[number])
                if best >= self.ask.near:
                    found[number] = (best, f"Jaccard {best:.2f}", int(self._near.source[number]))
        if self._index is not None and self._short is not None:
            found |= self._windows(self._index) | self._short.whole()
            self.tiny += self._short.tiny
        for number, digest in enumerate(exact.digests):
            place = exact.places.get(digest)
            if place is not None and (self._short is None or number in found):
                found[number] = (1.0, "the whole document", place)
        return found

    def _windows(self, index: Index) -> dict[int, tuple[float, str, int]]:
        total, hit, source = index.windows()
        found = {}
        for number in hit.nonzero()[0].tolist():
            share = float(hit[number] / total[number])
            if share >= (self.ask.containment or 0.0):
                found[number] = (share, f"{hit[number]} of {total[number]} windows", int(source[number]))
        return found


def _batches(files: Files, layout: Layout) -> list[Texts]:
    """Returns the documents of the side that is indexed, put together up to what is indexed at once."""
    import numpy as np

    batches: list[Texts] = []
    held: list[Texts] = []
    every = [*chunks(files, layout), None]
    for texts in every:
        if held and (texts is None or sum(t.units.size for t in (*held, texts)) > LARGEST):
            offsets = np.cumsum([0, *(t.units.size for t in held[:-1])])
            batches.append(
                Texts(
                    units=np.concatenate([t.units for t in held]),
                    ends=np.concatenate([t.ends + o for t, o in zip(held, offsets, strict=True)]),
                    places=np.concatenate([t.places for t in held]),
                )
            )
            held = []
        held += [] if texts is None else [texts]
    return batches


def _digest(texts: Texts, number: int) -> bytes:
    start = 0 if number == 0 else int(texts.ends[number - 1])
    return blake2b(texts.units[start : int(texts.ends[number])].tobytes(), digest_size=16).digest()


def _digests(texts: Texts) -> list[bytes]:
    return [_digest(texts, number) for number in range(len(texts))]
