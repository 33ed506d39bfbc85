"""Tables with a header (CSV, TSV), such as Lightning's ``metrics.csv``: an empty cell is a missing one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

MAX_LINE = 16 * 2**20
_NAMES = (".csv", ".tsv")
_WORD = re.compile(r"[A-Za-z_][\w ./@-]*\Z")


def sniff(name: str, head: bytes) -> bool:
    """Tells a table by its name, or by a line of words over a line of as many numbers."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"[") or b"\0" in text:
        return False
    if name.endswith(_NAMES):
        return True
    lines = [line.decode("utf-8", "replace") for line in text.splitlines()[:2]]
    if len(lines) < 2:
        return False
    first, second = (line.split(_separator(lines[0])) for line in lines)
    try:
        cells = [_cell(cell) for cell in second]
    except ValueError:  # a number too large to be read is none of a plain table's
        return False
    words = all(_WORD.match(cell.strip().strip('"')) for cell in first)
    numbers = all(cell is None or isinstance(cell, Printed) for cell in cells) and any(cells)
    return len(first) == len(second) >= 2 and words and numbers


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each table into a frame; cells are numbers as printed, words, or nothing where empty.

    The separator is a tab, a comma or a semicolon, whichever the header has first in that order. A
    header without a name for its first column calls it ``index``. A last line without its line end may
    have lost digits: it is left out and noted. A header that occurs again is passed over. Raises
    ``InputError`` with the line: a column named twice, a row of another length (as where a column was
    added later), bytes that are no UTF-8 text; and for ``rows``, which a table does not have.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a table has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    with path.open("rb") as handle:
        lines = _Lines(handle, name)
        first = next(lines, None)
        if first is None:
            return Frame(source=name, label=label, columns={}, places=())
        header = _header(name, lines.number, first)
        table = csv.reader(_chain(first, lines), delimiter=_separator(first), strict=True)
        _first(name, table)
        columns: list[list[Cell]] = [[] for _ in header]
        places: list[str] = []
        again = 0
        try:
            for cells in table:
                if not any(cell.strip() for cell in cells):
                    continue
                if _names(cells) == header:
                    again += 1
                    continue
                _add(columns, cells, header, f"{name}:{lines.number}")
                places.append(f"{name}:{lines.number}")
        except csv.Error as error:
            raise InputError(f"{name}:{lines.number}: no table ({error})") from error
    return Frame(
        source=name,
        label=label,
        columns={column: tuple(cells) for column, cells in zip(header, columns, strict=True)},
        places=tuple(places),
        notes=tuple(lines.notes),
        remarks=(f"{name}: the header occurs {again + 1} times",) if again else (),
    )


class _Lines:
    """Lines of text with the number of the last one; a last line without its end is noted and left out."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self.handle, self.name, self.number = handle, name, 0
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.handle.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        place = f"{self.name}:{self.number}"
        if len(line) > MAX_LINE:
            raise InputError(f"{place}: a line of more than {MAX_LINE} bytes")
        if not line.endswith(b"\n") and line.strip():
            self.notes.append(f"{place}: last line without its end left out")
            raise StopIteration
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{place}: no UTF-8 text ({error})") from error


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _separator(header: str) -> str:
    return next((mark for mark in "\t,;" if mark in header), ",")


def _names(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    return ["index", *names[1:]] if names and not names[0] else names


def _header(name: str, line: int, text: str) -> list[str]:
    names = _names(next(csv.reader([text], delimiter=_separator(text))))
    for column in names:
        if not column:
            raise InputError(f"{name}:{line}: a column without a name")
        if names.count(column) > 1:
            raise InputError(f"{name}:{line}: column {column!r} is given twice")
    return names


def _add(columns: list[list[Cell]], cells: Sequence[str], header: Sequence[str], place: str) -> None:
    if len(cells) != len(header):
        raise InputError(f"{place}: {len(cells)} cells under a header of {len(header)}")
    for column, cell in zip(columns, cells, strict=True):
        try:
            column.append(_cell(cell))
        except ValueError as error:
            raise InputError(f"{place}: {error}") from error


def _cell(text: str) -> Cell:
    """Reads one cell; raises ``ValueError`` for a number that is too long or too large."""
    word = text.strip()
    if not word:
        return None
    try:
        return Printed(word)
    except ValueError as error:
        if "not a number" in str(error):
            return word
        raise


def _first(name: str, table: Iterator[list[str]]) -> None:
    """Passes over the header, which was read already; raises ``InputError`` where its quotes do not pair."""
    try:
        next(table)
    except csv.Error as error:
        raise InputError(f"{name}:1: no table: {error}") from error
