"""JSON Lines: one object per line, read line by line, one frame per file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from harness.logs._json import Columns, NotStrict, decode, flatten, follow
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.stream import Part, Stream, Written
from harness.model.values import Cell

MAX_LINE = 16 * 2**20
LONG = 64 * 2**20
"""From so many bytes on a log is gone through part by part."""
PART = 16_384


def sniff(name: str, head: bytes) -> bool:
    """Tells JSON Lines by their name, or by two lines that each are a whole object."""
    if name.endswith((".jsonl", ".ndjson")):
        return True
    lines = [line for line in head.split(b"\n") if line.strip()][:2]
    return len(lines) == 2 and all(line.lstrip().startswith(b"{") for line in lines) and _whole(lines[0])


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each file into a frame of its own; ``rows`` is the path of the records inside each line.

    A last line that was cut off while it was written is left out and noted. Raises ``InputError`` with
    the line number for any other line that is no object, gives a key twice, or is not UTF-8.
    """
    return tuple(_file(name, path, rows, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, rows: str | None, label: str) -> Frame:
    columns, notes = Columns(), []
    with path.open("rb") as handle:
        for number, line in _lines(handle, name):
            place = f"{name}:{number}"
            try:
                for record in _records(decode(line.decode("utf-8-sig" if number == 1 else "utf-8")), rows):
                    columns.add(record, place)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{place}: not JSON ({error})") from error
                notes.append(f"{place}: torn last line left out")
            except (NotStrict, InputError) as error:
                raise InputError(f"{place}: {error}") from error
    return columns.frame(name, label, tuple(notes))


def stream(name: str, path: Path, label: str) -> Stream:
    """Returns the lines as a stream of rows; raises ``InputError`` as ``read`` does.

    Every line is decoded each time that the stream is gone through, and once to learn its columns.
    """
    names: dict[str, None] = {}
    for record, line in _stream(name, path, []):
        keys = [key for key, _ in flatten(record)]
        names |= dict.fromkeys(keys)
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InputError(f"{name}:{line}: two values are called {twice!r}")

    def parts(wanted: Sequence[str]) -> Iterator[Part]:
        notes: list[str] = []
        rows = _stream(name, path, notes)
        while chunk := list(islice(rows, PART)):
            flat = [dict(flatten(record)) for record, _ in chunk]
            yield Part(
                rows=len(chunk),
                columns={column: _written(column, flat) for column in wanted},
                marks=[line for _, line in chunk],
            )
        if notes:
            yield Part(rows=0, columns={column: _written(column, []) for column in wanted}, marks=(),
                       notes=tuple(notes))  # fmt: skip

    return Stream(
        source=name, label=label, names=tuple(names), parts=parts, place=lambda line: f"{name}:{line}"
    )


def _written(column: str, rows: Sequence[Mapping[str, Cell]]) -> Written:
    null = frozenset(at for at, row in enumerate(rows) if column in row and row[column] is None)
    return Written(cells=[row.get(column) for row in rows], null=null)


def _stream(name: str, path: Path, notes: list[str]) -> Iterator[tuple[dict[str, Any], int]]:
    """Yields every record and its line; what ``_file`` refuses it refuses, and notes what that notes."""
    with path.open("rb") as handle:
        for number, line in _lines(handle, name):
            place = f"{name}:{number}"
            try:
                (record,) = _records(decode(line.decode("utf-8-sig" if number == 1 else "utf-8")), None)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{place}: not JSON ({error})") from error
                notes.append(f"{place}: torn last line left out")
                continue
            except (NotStrict, InputError) as error:
                raise InputError(f"{place}: {error}") from error
            yield record, number


def _lines(handle: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yields number and bytes of each line that is not blank."""
    number = 0
    while line := handle.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InputError(f"{name}:{number}: a line of more than {MAX_LINE} bytes")
        if line.strip():
            yield number, line


def _records(value: Any, rows: str | None) -> list[dict[str, Any]]:
    part = follow(value, rows) if rows else value
    found = part if isinstance(part, list) and rows else [part]
    if not all(isinstance(record, dict) for record in found):
        raise InputError("a row must be an object")
    return found
