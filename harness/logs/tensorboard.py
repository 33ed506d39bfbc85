"""TensorBoard event files: scalars of records whose checksums are verified, one frame per folder.

A record is its length (8 bytes), the masked CRC-32C of that, an ``Event`` message and its masked CRC-32C
(tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from harness.logs._points import Points, printed
from harness.logs._wire import Damaged, Value, crc32c, fields, signed
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed

MAX_RECORD = 64 * 2**20
_RESERVED = ("step", "wall_time")


def sniff(name: str, head: bytes) -> bool:
    """Tells an event file by its first record: a length with the right checksum, or by its name."""
    if len(head) >= 12 and _masked(head[:8]) == struct.unpack("<I", head[8:12])[0]:
        return True
    return "tfevents" in name.rsplit("/", 1)[-1]


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads the scalars of each folder's event files, in name order, into one frame with a row per step.

    Both kinds of scalars are read: plain values (single precision) and tensors of one number. A record
    cut off at the end is left out and noted; other summaries are counted. Raises ``InputError`` with the
    byte where a checksum fails, for a message that cannot be read, and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: an event file has no part called {rows}")
    folders: dict[str, list[tuple[str, Path]]] = {}
    for name, path in files:
        folders.setdefault(name.rpartition("/")[0], []).append((name, path))
    many = len(folders) > 1
    return tuple(_folder(sorted(group), folder if many else "") for folder, group in folders.items())


def _folder(files: list[tuple[str, Path]], label: str) -> Frame:
    points, notes, other = Points(), list[str](), 0
    for name, path in files:
        with path.open("rb") as handle:
            for number, at, record in _records(handle, name, notes):
                try:
                    for key, step, wall, value in _scalars(record):
                        if value is None:
                            other += 1
                            continue
                        column = f"{key}_" if key in _RESERVED else key
                        points.add(column, step, value, name, f"record {number}", repr(wall))
                except (Damaged, UnicodeDecodeError, struct.error) as error:
                    raise InputError(f"{name}: byte {at}: no event message ({error})") from error
    said = f"{files[0][0]}: {other} summaries are no scalars"
    source = files[0][0] if len(files) == 1 else f"{files[0][0]} and {len(files) - 1} more"
    return points.frame(source, label, tuple(notes), (said,) if other else ())


def _masked(data: bytes) -> int:
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _records(handle: BinaryIO, name: str, notes: list[str]) -> Iterator[tuple[int, int, bytes]]:
    """Yields number, byte position and bytes of each whole record."""
    at = number = 0
    while head := handle.read(12):
        torn = len(head) < 12
        size = 0
        if not torn:
            size, check = struct.unpack("<QI", head)
            if _masked(head[:8]) != check:
                raise InputError(f"{name}: byte {at}: the checksum of a record's length is wrong")
            if size > MAX_RECORD:
                raise InputError(f"{name}: byte {at}: a record of more than {MAX_RECORD} bytes")
            body = handle.read(size + 4)
            torn = len(body) < size + 4
        if torn:
            notes.append(f"{name}: byte {at}: torn last record left out")
            return
        if _masked(body[:size]) != struct.unpack("<I", body[size:])[0]:
            raise InputError(f"{name}: byte {at}: the checksum of record {number + 1} is wrong")
        number += 1
        yield number, at, body[:size]
        at += 16 + size


def _scalars(record: bytes) -> Iterator[tuple[str, int, float, Printed | None]]:
    """Yields tag, step, time and value of every summary of an event; no value where it is no scalar."""
    wall, step, summaries = 0.0, 0, []
    for number, value in fields(record):
        if number == 1:
            wall = struct.unpack("<d", _bytes(value))[0]
        elif number == 2 and isinstance(value, int):
            step = signed(value)
        elif number == 5:
            summaries.append(_bytes(value))
    for summary in summaries:
        for number, value in fields(summary):
            if number == 1:
                tag, found = _summary(_bytes(value))
                yield tag, step, wall, found


def _summary(data: bytes) -> tuple[str, Printed | None]:
    tag, found = "", None
    for number, value in fields(data):
        if number == 1:
            tag = _bytes(value).decode()
        elif number == 2:
            found = printed(struct.unpack("<f", _bytes(value))[0])
        elif number == 8:
            found = _tensor(_bytes(value))
    return tag or "value", found


def _tensor(data: bytes) -> Printed | None:
    """Returns the number of a tensor that holds one, of single or double precision."""
    kind, raw = 0, b""
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 6) and isinstance(value, bytes):
            raw = value
    layout = {1: ("<f", 4), 2: ("<d", 8)}.get(kind)
    if layout is None or len(raw) != layout[1]:
        return None
    return printed(struct.unpack(layout[0], raw)[0])


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise Damaged("a number where bytes belong")
    return value
