"""One JSON document: a list of records inside it, a list of plain numbers, or one single record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.logs import jsonl
from harness.logs._json import Columns, NotStrict, decode, follow
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed

MAX_BYTES = 512 * 2**20


def sniff(name: str, head: bytes) -> bool:
    """Tells a document by its first character, unless its lines are objects of their own."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return (start in (b"{", b"[") or name.endswith(".json")) and not jsonl.sniff(name, head)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each document into a frame; several single records become one frame, a row per file.

    ``rows`` is the dotted path of a list of objects, or of plain numbers (columns ``index`` and
    ``value``); ``.`` is the document itself. Without it the one list of objects inside is taken, and a
    document without any is a single record. Raises ``InputError``: malformed, or several lists.
    """
    parts = [(name, *_rows(name, _document(name, path), rows)) for name, path in files]
    if len(parts) > 1 and all(isinstance(part, dict) for _, _, part in parts):
        columns = Columns()
        for name, _, part in sorted(parts, key=lambda entry: entry[0]):
            _add(columns, part, name)
        return (columns.frame(f"{files[0][0]} and {len(files) - 1} more"),)
    return tuple(_frame(name, at, part, name if len(parts) > 1 else "") for name, at, part in parts)


def _document(name: str, path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{name}: a document of more than {MAX_BYTES} bytes")
    raw = path.read_bytes()
    if not raw.strip():
        return []
    try:
        return decode(raw.decode("utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, NotStrict) as error:
        raise InputError(f"{name}: not strict JSON ({error})") from error


def _rows(name: str, document: Any, rows: str | None) -> tuple[str, Any]:
    """Returns where the rows are and what stands there: a list, or one record."""
    if rows is not None:
        try:
            return rows.strip("."), follow(document, rows)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    if isinstance(document, list):
        return "", document
    found = list(_lists(document, ""))
    if len(found) > 1:
        raise InputError(f"{name}: several lists of records ({', '.join(at for at, _ in found)}); say rows:")
    return found[0] if found else ("", document)


def _lists(part: Any, at: str) -> Iterator[tuple[str, list[Any]]]:
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        here = f"{at}.{key}" if at else key
        if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            yield here, value
        yield from _lists(value, here)


def _frame(name: str, at: str, part: Any, label: str) -> Frame:
    columns = Columns()
    if isinstance(part, dict):
        _add(columns, part, name)
    elif isinstance(part, list):
        for index, entry in enumerate(part):
            _add(columns, _record(entry, index), f"{name} {at}[{index}]")
    else:
        raise InputError(f"{name}: {at or 'the document'} is neither a list nor an object")
    return columns.frame(name, label)


def _record(entry: Any, index: int) -> Any:
    plain = isinstance(entry, Printed) or entry is None
    return {"index": Printed(str(index)), "value": entry} if plain else entry


def _add(columns: Columns, record: Any, place: str) -> None:
    if not isinstance(record, dict):
        raise InputError(f"{place}: a row must be an object or a number")
    try:
        columns.add(record, place)
    except NotStrict as error:
        raise InputError(f"{place}: {error}") from error
