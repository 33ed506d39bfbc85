"""Large texts as bytes: mapped, searched and counted, never held as a whole."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.model.kind import Subject
from harness.model.problem import InputError

BLOCK = 1 << 20
Bytes = bytes | mmap.mmap


@contextmanager
def opened(subject: Subject) -> Iterator[Bytes]:
    """Maps a file for as long as the ``with`` block lasts; raises ``InputError`` if it cannot be read."""
    try:
        with Path(subject.path).open("rb") as file:
            if not subject.size:
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield data
    except OSError as error:
        raise InputError(f"{subject.name}: {error.strerror or error}", reason="MISSING_INPUT") from error


def places(data: Bytes, text: bytes) -> Iterator[int]:
    """Yields where a text begins, overlapping ones too."""
    at = data.find(text)
    while at >= 0:
        yield at
        at = data.find(text, at + 1)


def lines_of(subject: Subject) -> int:
    """Returns how many lines a file has; a last one without its end counts."""
    with opened(subject) as data:
        ends = sum(data[at : at + BLOCK].count(b"\n") for at in range(0, len(data), BLOCK))
        return ends + (len(data) > 0 and data[-1:] != b"\n")


def lines_with(subject: Subject, text: bytes) -> int:
    """Returns how many lines of a file contain a text."""
    with opened(subject) as data:
        count, at = 0, data.find(text)
        while at >= 0:
            count += 1
            end = data.find(b"\n", at + len(text) - 1)
            at = data.find(text, end + 1) if end >= 0 else -1
        return count
