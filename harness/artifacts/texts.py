"""Training and held-out data as documents, a few MB at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.artifacts.text_files import CHUNK, FILE, Layout, Part, parts_of
from harness.model.problem import InputError
from harness.statistics.grams import Texts

__all__ = ["Layout", "chunks", "named"]


def named(place: int, files: Sequence[tuple[str, str]]) -> str:
    """Returns a place in words: a file, and the line, paragraph or token in it."""
    name = files[place // FILE][0]
    return f"{name}:{place % FILE}" if place % FILE else name


def chunks(files: Sequence[tuple[str, str]], layout: Layout) -> Iterator[Texts]:
    """Yields the documents of ``(name, path)`` files, several at a time, in their order.

    Raises ``InputError`` for what cannot be read, for a line that holds no text, and for bytes beside tokens.
    """
    parts: list[Part] = []
    size = 0
    for part in parts_of(files, layout):
        parts.append(part)
        size += len(part.units)
        if size >= CHUNK:
            yield _joined(parts)
            parts, size = [], 0
    if parts:
        yield _joined(parts)


def _joined(parts: Sequence[Part]) -> Texts:
    import numpy as np

    raw = [part.units for part in parts if isinstance(part.units, bytes)]
    rest = [part.units for part in parts if not isinstance(part.units, bytes)]
    if raw and rest:
        raise InputError("some documents are text and some are tokens: they cannot be compared")
    units = np.frombuffer(b"".join(raw), np.uint8) if raw else np.concatenate(rest)
    ends = np.cumsum(np.array([len(part.units) for part in parts], np.int64))
    return Texts(units=units, ends=ends, places=np.array([part.place for part in parts], np.int64))
