"""JSON Lines: one object per line, read line by line, one frame per file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from harness.logs._json import Columns, NotStrict, decode, follow
from harness.model.frame import Frame
from harness.model.problem import InputError

MAX_LINE = 16 * 2**20


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
