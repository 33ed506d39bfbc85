"""Documents of one kind of file each: JSON Lines, plain text, raw tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from harness.artifacts.unpacked import Fold, folded, opened, pieces, refuse
from harness.model.problem import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

CHUNK = 8 * 2**20
"""Bytes or tokens that are held at once, unless one document is longer."""
LONGEST = 64 * 2**20
SAMPLE = 2**16
FIELDS = ("text", "content", "input_ids", "tokens")
FILE = 1 << 40
"""A place is this many times the number of its file, and the line or offset in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How files hold documents.

    ``field`` is the key of a JSON line, by default the first known one; ``tokens`` the type of a file of
    raw tokens, whose documents are ``length`` tokens long; ``documents`` how plain text is divided.
    ``overlap`` units of a document that is cut for its length stand in both parts; ``fold`` is what is
    folded in texts. ``nul``: a byte model is asked, whose text may hold bytes of zero.
    """

    field: str | None = None
    tokens: str | None = None
    length: int = 1024
    documents: str = "auto"
    overlap: int = 0
    fold: Fold = "none"
    nul: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One document, or a part of one; ``place`` is the file's number and the line or offset in it."""

    place: int
    units: bytes | Array


def parts_of(files: Sequence[tuple[str, str]], layout: Layout) -> Iterator[Part]:
    """Yields the documents of ``(name, path)`` files, long ones in parts; raises ``InputError``."""
    many = len(files) > 1
    for number, (name, path) in enumerate(files):
        try:
            if layout.tokens is not None:
                yield from _raw(name, Path(path), number * FILE, layout)
            elif name.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json")):
                yield from _lines(name, Path(path), number * FILE, layout)
            else:
                whole = layout.documents == "files" or (layout.documents == "auto" and many)
                yield from _plain(name, Path(path), number * FILE, layout, whole=whole)
        except OSError as error:
            raise InputError(f"{name}: {error.strerror or error}", "MISSING_INPUT") from error


def _raw(name: str, path: Path, base: int, layout: Layout) -> Iterator[Part]:
    import numpy as np

    kind = np.dtype(layout.tokens).newbyteorder("<")
    with path.open("rb") as handle:
        refuse(name, handle.read(8), tokens=True)
    if path.stat().st_size % kind.itemsize:
        raise InputError(f"{name}: no whole number of {layout.tokens} tokens")
    tokens: Any = np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)
    _plausible(name, tokens[:SAMPLE], layout.tokens or "")
    for start in range(0, tokens.size, layout.length):
        stop = start + layout.length + layout.overlap
        yield Part(place=base + start, units=np.asarray(tokens[start:stop]).astype(np.uint32))


def _plausible(name: str, tokens: Array, said: str) -> None:
    """Refuses tokens that were written in another width than they are read in, as far as that shows.

    The upper half of every token of 32 bits is below 16 in a vocabulary of a million; read as 16 bits, it is
    every second token. Two tokens of 16 bits read as one of 32 make numbers that no vocabulary has.
    """
    upper, lower = tokens[1::2], tokens[::2]
    if said == "uint16" and upper.size >= 32 and upper.max() < 16 <= lower.max():
        raise InputError(f"{name}: every second token is below 16: these are tokens of 32 bits, not {said}")
    if said != "uint16" and tokens.size and ((tokens >= 2**24) & (tokens < 2**31)).any():
        raise InputError(f"{name}: tokens beyond any vocabulary: these are not {said} (uint16?)")


def _lines(name: str, path: Path, base: int, layout: Layout) -> Iterator[Part]:
    with opened(name, path, nul=layout.nul) as handle:
        for number, line in enumerate(_limited(handle, name), 1):
            if line.strip():
                units = _content(line, f"{name}:{number}", layout.field)
                units = folded(units, layout.fold) if isinstance(units, bytes) else units
                yield Part(place=base + number, units=units)


def _limited(handle: BinaryIO, name: str) -> Iterator[bytes]:
    while line := handle.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise InputError(f"{name}: a line of more than {LONGEST} bytes")
        yield line


def _content(line: bytes, where: str, field: str | None) -> bytes | Array:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error})") from error
    if isinstance(record, str) and field is None:
        return record.encode("utf-8", "surrogatepass")
    chosen = field or next((key for key in FIELDS if isinstance(record, dict) and key in record), None)
    value = record.get(chosen) if isinstance(record, dict) and chosen is not None else None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):
        return _tokens(value, where)
    wanted = field or " or ".join(FIELDS)
    raise InputError(f"{where}: no text under {wanted}; name its key with field:", "MISSING_COLUMN")


def _tokens(value: list[object], where: str) -> Array:
    import numpy as np

    if not all(type(token) is int and 0 <= token < 2**32 for token in value):
        raise InputError(f"{where}: tokens are whole numbers from 0")
    return np.array(value, np.uint32)


def _plain(name: str, path: Path, base: int, layout: Layout, *, whole: bool) -> Iterator[Part]:
    """Yields the paragraphs (between blank lines) or lines of a text; or all of it, in parts if long."""
    with opened(name, path, nul=layout.nul) as handle:
        if whole:
            yield from _whole(name, handle, base, layout)
            return
        held: list[bytes] = []
        first, lines = 1, layout.documents == "lines"
        for number, line in enumerate(_limited(handle, name), 1):
            if line.strip():
                first = first if held else number
                held.append(line)
            if held and (lines or not line.strip()):
                yield Part(place=base + first, units=folded(b"".join(held).strip(), layout.fold))
                held = []
        if held:
            yield Part(place=base + first, units=folded(b"".join(held).strip(), layout.fold))


def _whole(name: str, handle: BinaryIO, base: int, layout: Layout) -> Iterator[Part]:
    if not layout.overlap:
        read = handle.read(LONGEST + 1)
        if len(read) > LONGEST:
            raise InputError(f"{name}: a document of more than {LONGEST} bytes; divide it by lines")
        if read:
            yield Part(place=base, units=folded(read, layout.fold))
        return
    kept = b""
    for piece in pieces(handle, CHUNK, layout.fold):
        yield Part(place=base, units=kept + piece)
        kept = (kept + piece)[-layout.overlap :]
