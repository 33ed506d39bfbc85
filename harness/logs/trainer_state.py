"""Hugging Face ``trainer_state.json``: the records of ``log_history``, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.logs import jsonl
from harness.logs._json import Columns, NotStrict, decode, decoder
from harness.model.frame import Frame
from harness.model.problem import InputError

OVER = ("json_document",)
MAX_BYTES = 512 * 2**20
_SPACE = re.compile(r"[ \t\r\n]*")


def sniff(name: str, head: bytes) -> bool:
    """Tells a trainer's state by its two keys, which the writer sorts before the history itself."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    known = b'"log_history"' in head and b'"global_step"' in head
    return start == b"{" and known and not jsonl.sniff(name, head)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each state into a frame of its training and evaluation rows, in the order they were logged.

    Training and evaluation rows fill different columns. A file that was cut off or damaged counts
    up to the last whole record before that, which is noted; what is no UTF-8 is read as Latin-1 and counted.
    Raises ``InputError``: no JSON up to there, a key given twice, no ``log_history``, or other ``rows``.
    """
    if rows not in (None, "log_history"):
        raise InputError(f"{files[0][0]}: rows: {rows} is not log_history; say format: json_document")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{name}: a document of more than {MAX_BYTES} bytes")
    columns = Columns()
    place = name
    notes, remarks = tuple[str, ...](), tuple[str, ...]()
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, remarks = raw.decode("latin-1"), (f"{name}: no UTF-8, was read as Latin-1",)
    try:
        try:
            state = decode(text)
        except json.JSONDecodeError as error:
            text, line = _mended(text, error)
            state, notes = decode(text), (f"{name}:{line}: cut off or damaged here: what followed is lost",)
        if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
            raise InputError(f"{name}: has no list log_history")
        for line, record in _records(text):
            place = f"{name}:{line}"
            if not isinstance(record, dict):
                raise InputError(f"{place}: a row must be an object")
            columns.add(record, place)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: not strict JSON, or cut off ({error})") from error
    except NotStrict as error:
        raise InputError(f"{place}: {error}") from error
    return columns.frame(name, label, notes, remarks)


def _mended(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """Ends a history that was cut off after its last whole record; returns it and the line of the cut.

    Raises the error where no record is whole.
    """
    begun = re.search(r'"log_history"\s*:\s*\[\s*', text)
    at = last = begun.end() if begun is not None else len(text)
    while at < len(text):
        try:
            _, at = decoder().raw_decode(text, at)
        except json.JSONDecodeError:
            break
        last, at = at, _after(text, at)
        if text[at : at + 1] != ",":
            break
        at = _after(text, at + 1)
    if begun is None or last == begun.end():
        raise error
    return f"{text[:last]}]}}", 1 + text.count("\n", 0, last)


def _records(text: str) -> Iterator[tuple[int, Any]]:
    """Yields line and value of every entry of ``log_history``; the text is known to be strict JSON."""
    scan = decoder().raw_decode
    at = _after(text, text.index("{") + 1)
    key = ""
    while key != "log_history":
        key, at = scan(text, at)
        at = _after(text, _after(text, at) + 1)
        if key != "log_history":
            _, at = scan(text, at)
            at = _after(text, _after(text, at) + 1)
    line, counted = 1, 0
    at = _after(text, at + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        record, at = scan(text, at)
        yield line, record
        at = _after(text, at)
        at = _after(text, at + 1) if text[at] == "," else at


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
