"""JSON Lines: one object per line, read line by line, one frame per file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from harness.logs._json import Columns, Mended, NotStrict, decode_line, flatten, follow
from harness.logs._text import HEAD, lines, usual
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

    A line that was cut off while it was written, and any other that is no JSON, is left out and noted;
    colours are dropped, and what is no UTF-8 is read as Latin-1 where its keys are not concerned. Raises
    ``InputError`` with the line number for a line that is no object or gives a key twice, and where not
    one line is JSON.
    """
    return tuple(_file(name, path, rows, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, rows: str | None, label: str) -> Frame:
    columns, notes, mended = Columns(), list[str](), Mended()
    for record, number in _stream(name, path, notes, mended, rows):
        try:
            columns.add(record, f"{name}:{number}")
        except NotStrict as error:
            raise InputError(f"{name}:{number}: {error}") from error
    return columns.frame(name, label, tuple(notes), tuple(mended.remarks(name)))


def stream(name: str, path: Path, label: str) -> Stream:
    """Returns the lines as a stream of rows; raises ``InputError`` as ``read`` does.

    Every line is decoded each time that the stream is gone through, and once to learn its columns.
    """
    names, mended = dict[str, None](), Mended()
    for record, line in _stream(name, path, [], mended):
        keys = [key for key, _ in flatten(record)]
        names |= dict.fromkeys(keys)
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InputError(f"{name}:{line}: two values are called {twice!r}")

    def parts(wanted: Sequence[str]) -> Iterator[Part]:
        notes: list[str] = []
        rows = _stream(name, path, notes, Mended())
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
        source=name,
        label=label,
        names=tuple(names),
        parts=parts,
        place=lambda line: f"{name}:{line}",
        remarks=tuple(mended.remarks(name)),
    )


def _written(column: str, rows: Sequence[Mapping[str, Cell]]) -> Written:
    null = frozenset(at for at, row in enumerate(rows) if column in row and row[column] is None)
    return Written(cells=[row.get(column) for row in rows], null=null)


def _stream(
    name: str, path: Path, notes: list[str], mended: Mended, rows: str | None = None
) -> Iterator[tuple[dict[str, Any], int]]:
    """Yields every record and its line; notes the lines that are lost, and raises as ``read`` does."""
    whole, first = False, ""
    with path.open("rb") as handle:
        for number, line in _lines(handle, name, path):
            place = f"{name}:{number}"
            try:
                records = _records(decode_line(line, mended), rows)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                if line.endswith(b"\n"):
                    first = first or f"{place}: not JSON ({error})"
                    notes.append(f"{place}: damaged line left out (no JSON)")
                else:
                    notes.append(f"{place}: torn last line left out")
                continue
            except (NotStrict, InputError) as error:
                raise InputError(f"{place}: {error}") from error
            whole = True
            for record in records:
                yield record, number
    if first and not whole:
        raise InputError(f"{first}; nor is any other line: name another format if it is none of JSON Lines")


def _lines(handle: BinaryIO, name: str, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields number and bytes of each line that is not blank, in UTF-8 where the log says what it is in."""
    head = handle.read(HEAD)
    if not usual(head):
        for number, text in lines(name, path, MAX_LINE):
            if text.strip():
                # What is no text of the encoding must not become a letter that JSON may hold.
                yield number, text.encode().replace("\ufffd".encode(), b"\xff")
        return
    handle.seek(len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)
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
