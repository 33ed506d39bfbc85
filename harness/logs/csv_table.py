"""Tables with a header (CSV, TSV), such as Lightning's ``metrics.csv``: an empty cell is a missing one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from harness.logs._text import HEAD, binary, encoding, usual
from harness.logs._text import lines as all_lines
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

MAX_LINE = 16 * 2**20
_NAMES = (".csv", ".tsv")
_WORD = re.compile(r"[A-Za-z_][\w ./@-]*\Z")


def sniff(name: str, head: bytes) -> bool:
    """Tells a table by its name, or by a line of words over a line of as many numbers."""
    if (coded := encoding(head)) != "utf-8":
        head = head[2:].decode(coded, "ignore").encode()
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        return False
    if name.endswith(_NAMES):
        return not binary(text)
    if b"\0" in text:
        return False
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
    have lost digits: it is left out and noted, and so is every row of another length than the header's
    (as where a column was added later), or whose quotes do not pair. A header that occurs again is
    passed over; what is no UTF-8 is read as Latin-1 and counted. Raises ``InputError`` with the line: a
    column named twice, a number out of range, no row of the header's length; and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a table has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    with path.open("rb") as handle:
        lines = _Lines(handle, name, path)
        first = next(lines, None)
        if first is None:
            return Frame(source=name, label=label, columns={}, places=())
        header = _header(name, lines.number, first)
        table = csv.reader(_chain(first, lines), delimiter=_separator(first), strict=True)
        _first(name, table)
        columns: list[list[Cell]] = [[] for _ in header]
        places: list[str] = []
        again = 0
        for cells in _rows(table, lines, len(header)):
            if _names(cells) == header:
                again += 1
                continue
            place = f"{name}:{lines.number}"
            _add(columns, cells, place)
            places.append(place)
    if lines.refused and not places:
        raise InputError(f"{lines.refused}; nor is any other row: is it another format?")
    return Frame(
        source=name,
        label=label,
        columns={column: tuple(cells) for column, cells in zip(header, columns, strict=True)},
        places=tuple(places),
        notes=tuple(lines.notes),
        remarks=(
            *((f"{name}: the header occurs {again + 1} times",) if again else ()),
            *((f"{name}: {lines.odd} lines are no UTF-8 and were read as Latin-1",) if lines.odd else ()),
        ),
    )


def _rows(table: Iterator[list[str]], lines: _Lines, width: int) -> Iterator[list[str]]:
    """Yields the rows that are not blank and have ``width`` cells; notes the others."""
    while True:
        begun = lines.number + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            lines.lose(begun, f"no table ({error})")
            continue
        if len(cells) == width:
            if any(cell.strip() for cell in cells):
                yield cells
        elif any(cell.strip() for cell in cells):
            lines.lose(begun, f"{len(cells)} cells under a header of {width}")


class _Lines:
    """Lines of text with the number of the last one; a last line without its end is noted and left out."""

    def __init__(self, handle: BinaryIO, name: str, path: Path) -> None:
        self.handle, self.name, self.number = handle, name, 0
        self.notes: list[str] = []
        self.odd, self.refused = 0, ""
        head = handle.read(HEAD)
        handle.seek(0)
        self.coded = None if usual(head) else all_lines(name, path, MAX_LINE)

    def lose(self, begun: int, why: str) -> None:
        """Notes every line of a row that is left out: a quote that is never closed takes many with it."""
        self.refused = self.refused or f"{self.name}:{begun}: {why}"
        self.notes += [
            f"{self.name}:{at}: damaged row left out ({why})" for at in range(begun, self.number + 1)
        ]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.handle.readline(MAX_LINE + 1) if self.coded is None else _next(self.coded)
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
        except UnicodeDecodeError:
            self.odd += 1
            return line.decode("latin-1")


def _next(lines: Iterator[tuple[int, str]]) -> bytes:
    return next(lines, (0, ""))[1].encode()


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _separator(header: str) -> str:
    return next((mark for mark in "\t,;" if mark in header), ",")


def _names(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    return ["index", *names[1:]] if names and not names[0] else names


def _header(name: str, line: int, text: str) -> list[str]:
    if text.lstrip()[:1] in ("{", "["):
        raise InputError(f"{name}:{line}: begins like JSON and is no table: name no format, or another one")
    try:
        names = _names(next(csv.reader([text], delimiter=_separator(text))))
    except csv.Error as error:
        raise InputError(f"{name}:{line}: no table ({error})") from error
    for column in names:
        if not column:
            raise InputError(f"{name}:{line}: a column without a name")
        if names.count(column) > 1:
            raise InputError(f"{name}:{line}: column {column!r} is given twice")
    return names


def _add(columns: list[list[Cell]], cells: Sequence[str], place: str) -> None:
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
