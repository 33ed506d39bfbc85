"""Tables written in HTML: rows and cells with their spans, at their places in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.audit.text import Cell, Table

if TYPE_CHECKING:
    from harness.audit.text import Document

TABLE = re.compile(r"<table\b.*?(?:</table>|\Z)", re.I | re.S)
_ROW = re.compile(r"<tr\b[^>]*>(?P<row>.*?)(?=</tr>|<tr\b|</table>|\Z)", re.I | re.S)
_CELL = re.compile(
    r"<(?P<kind>t[dh])\b(?P<attributes>[^>]*)>(?P<cell>.*?)(?=</t[dh]>|<t[dh]\b|</tr>|\Z)", re.I | re.S
)
_SPAN = re.compile(r"(?P<way>row|col)span\s*=\s*[\"']?(?P<n>\d{1,3})", re.I)


def html_tables(document: Document) -> Iterator[Table]:
    """Yields every HTML table; a cell that spans rows or columns stands in each of them."""
    for table in TABLE.finditer(document.raw):
        rows = []
        pending: dict[int, tuple[int, Cell]] = {}
        for row in _ROW.finditer(document.raw, table.start(), table.end()):
            cells, pending = _row(document, row, pending)
            if cells:
                rows.append(tuple(cells))
        headed = bool(rows) and not any(cell.number for cell in rows[0][1:])
        if len(rows) >= 2:
            yield Table(header=rows[0] if headed else (), rows=tuple(rows[1:] if headed else rows))


def _row(
    document: Document, row: re.Match[str], pending: dict[int, tuple[int, Cell]]
) -> tuple[list[Cell], dict[int, tuple[int, Cell]]]:
    """Returns the cells of one row, those that hang down from above put in, and what hangs on."""
    cells: list[Cell] = []
    hanging = {column: (left - 1, cell) for column, (left, cell) in pending.items() if left > 1}

    def fill() -> None:
        while len(cells) in pending:
            cells.append(pending[len(cells)][1])

    for match in _CELL.finditer(document.raw, row.start("row"), row.end("row")):
        fill()
        start, end = match.span("cell")
        cell = Cell(
            text=" ".join(document.text[start:end].split()),
            start=start,
            end=end,
            numbers=document.within(start, end),
        )
        spans = {found["way"].lower(): int(found["n"]) for found in _SPAN.finditer(match["attributes"])}
        for _ in range(min(spans.get("col", 1), 100)):
            if spans.get("row", 1) > 1:
                hanging[len(cells)] = (spans["row"] - 1, cell)
            cells.append(cell)
    fill()
    return cells, hanging
