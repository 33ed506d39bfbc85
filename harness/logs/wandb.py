"""Weights & Biases offline runs (``run-….wandb``): the history records of a checksummed block log.

The file is a header of seven bytes and blocks of 32 KiB in the layout of LevelDB's log; each record is a
``Record`` message whose field 2 is a row of history, a list of keys with their values as JSON.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.logs._json import Columns, NotStrict, decode
from harness.logs._wire import Damaged, fields
from harness.model.frame import Frame
from harness.model.problem import InputError

MAGIC = b":W&B\xe1\xbe"
BLOCK = 32_768
MAX_BYTES = 2**31


def sniff(name: str, head: bytes) -> bool:  # noqa: ARG001 - every reader is asked alike
    """Tells an offline run by its magic bytes."""
    return head.startswith(MAGIC)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads the history of each run into a frame of its own; nested keys are joined by dots.

    A record cut off at the end is left out and noted; records that are no history are counted. Raises
    ``InputError`` with the byte where a checksum fails, with the record whose message or JSON cannot be
    read, and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: an offline run has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{name}: a run of more than {MAX_BYTES} bytes")
    columns, notes, other = Columns(), list[str](), 0
    for number, record in enumerate(_records(path.read_bytes(), name, notes), start=1):
        place = f"{name}:record {number}"
        try:
            history = [value for key, value in fields(record) if key == 2 and isinstance(value, bytes)]
            other += not history
            for row in history:
                columns.add(_row(row), place)
        except (Damaged, NotStrict, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{place}: no history record ({error})") from error
    said = f"{name}: {other} records are no history"
    return columns.frame(name, label, tuple(notes), (said,) if other else ())


def _row(data: bytes) -> dict[str, Any]:
    """Returns the items of one history record: ``key`` or ``nested_key`` with the value's JSON."""
    found: dict[str, Any] = {}
    for number, value in fields(data):
        if number != 1 or not isinstance(value, bytes):
            continue
        keys, text = [], "null"
        for part, content in fields(value):
            if part in (1, 2) and isinstance(content, bytes):
                keys.append(content.decode())
            elif part == 16 and isinstance(content, bytes):
                text = content.decode()
        name = ".".join(key for key in keys if key)
        if name in found:
            raise NotStrict(f"key {name!r} is given twice")
        found[name] = decode(text)
    return found


def _records(data: bytes, name: str, notes: list[str]) -> Iterator[bytes]:
    """Yields the records, put together from their chunks."""
    if not data.startswith(MAGIC):
        raise InputError(f"{name}: no offline run: its first bytes are others")
    at, parts = 7, list[bytes]()
    while at < len(data):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
            continue
        head = data[at : at + 7]
        if not any(head):  # a block that was reserved and never written
            notes.append(f"{name}: byte {at}: nothing was written from here on")
            return
        size = struct.unpack("<H", head[4:6])[0] if len(head) == 7 else 0
        body = data[at + 7 : at + 7 + size]
        if len(head) < 7 or len(body) < size:
            notes.append(f"{name}: byte {at}: torn last record left out")
            return
        if zlib.crc32(body, zlib.crc32(head[6:7])) != struct.unpack("<I", head[:4])[0]:
            raise InputError(f"{name}: byte {at}: the checksum of a record is wrong")
        chunk = head[6]
        if (chunk in (1, 2)) == bool(parts) or chunk not in (1, 2, 3, 4):
            raise InputError(f"{name}: byte {at}: a record is not whole")
        parts.append(body)
        if chunk in (1, 4):
            yield b"".join(parts)
            parts = []
        at += 7 + size
    if parts:
        notes.append(f"{name}: torn last record left out")
