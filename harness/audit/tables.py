"""Tables of a document: Markdown pipes, tabs, and rows of words that end in the same number of figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.audit.text import Cell, Table

if TYPE_CHECKING:
    from harness.audit.text import Document

_RULE = re.compile(r"[\s|:+\-=]*-{2,}[\s|:+\-=]*\Z")
_WIDE = 8
"""Words that a row label may have at most."""


def tables_of(document: Document) -> tuple[Table, ...]:
    """Finds every table, those in HTML last."""
    found: list[Table] = []
    group: list[int] = []
    kind = ""
    for index, line in enumerate([*document.lines, ""]):
        here = _kind(line)
        if here != kind or not here:
            found += _table(document, group, kind)
            group, kind = [], here
        if here:
            group.append(index)
    from harness.audit.html_tables import html_tables

    return (*found, *_loose(document), *_aligned(document), *html_tables(document))


def _kind(line: str) -> str:
    if line.count("|") >= 2:
        return "|"
    return "\t" if "\t" in line.strip() else ""


def _table(document: Document, group: list[int], mark: str) -> list[Table]:
    if len(group) < 2:
        return []
    rules = [index for index in group if _RULE.match(document.lines[index])]
    rows = [_cells(document, index, mark) for index in group if index not in rules]
    if not rows or (mark == "|" and not rules and len(rows) < 3):
        return []
    headed = (bool(rules) and rules[0] > group[0]) or (not rules and not _figures(rows[0]))
    header, body = (rows[0], rows[1:]) if headed else ((), rows)
    return [Table(header=header, rows=tuple(row for row in body if row))]


def _figures(row: tuple[Cell, ...]) -> bool:
    return any(cell.number for cell in row[1:])


def _cells(document: Document, index: int, mark: str) -> tuple[Cell, ...]:
    line, base = document.lines[index], document.starts[index]
    spans = []
    position = 0
    for part in line.split(mark):
        spans.append((base + position, base + position + len(part), part))
        position += len(part) + 1
    if mark == "|":
        spans = spans[1:] if not spans[0][2].strip() else spans
        spans = spans[:-1] if spans and not spans[-1][2].strip() else spans
    return tuple(
        Cell(text=part, start=start, end=end, numbers=document.within(start, end))
        for start, end, part in spans
    )


def _loose(document: Document) -> list[Table]:
    """Finds runs of lines that are each a label and the same number of figures, with the line before."""
    rows = [() if line in document.marked else _row(document, line) for line in range(len(document.lines))]
    found, index = [], 0
    while index < len(rows):
        width = len(rows[index]) - 1
        last = index
        while last < len(rows) and width > 0 and len(rows[last]) - 1 == width:
            last += 1
        if last - index >= 2 and width >= 2:
            header = _heading(document, index - 1, width)
            found.append(Table(header=header, rows=tuple(rows[index:last])))
        index = max(last, index + 1)
    return found


_GAPS = re.compile(r"\S+(?: \S+)*")


def _aligned(document: Document) -> list[Table]:
    """Finds lines of figures only, under a line of as many words set apart by two blanks or more."""
    found, index = [], 0
    while index < len(document.lines):
        header = list(_GAPS.finditer(document.lines[index]))
        index += 1
        if len(header) < 3 or index in document.marked or document.lines[index - 1].lstrip()[:1] in "|":
            continue
        rows = []
        while index < len(document.lines) and (row := _figures_only(document, index, len(header))):
            rows.append(row)
            index += 1
        if len(rows) >= 2 and not any(re.fullmatch(r"[\d.,%+-]+", cell[0]) for cell in header):
            base = document.starts[index - len(rows) - 1]
            cells = (
                Cell(text=cell[0], start=base + cell.start(), end=base + cell.end(), numbers=())
                for cell in header
            )
            found.append(Table(header=tuple(cells), rows=tuple(rows)))
    return found


def _figures_only(document: Document, index: int, width: int) -> tuple[Cell, ...]:
    line, start = document.lines[index], document.starts[index]
    parts = list(_GAPS.finditer(line))
    figures = document.within(start, start + len(line))
    if len(parts) != width or len(figures) != width:
        return ()
    if any(number.text.strip() != part[0] for number, part in zip(figures, parts, strict=True)):
        return ()
    return tuple(
        Cell(text=number.text, start=number.start, end=number.end, numbers=(number,)) for number in figures
    )


def _row(document: Document, index: int) -> tuple[Cell, ...]:
    line, start = document.lines[index], document.starts[index]
    if "|" in line or "\t" in line.strip() or not line.strip():
        return ()
    figures = list(document.within(start, start + len(line)))
    tail = []
    edge = start + len(line.rstrip())
    while figures and figures[-1].end == edge:
        tail.append(figures.pop())
        edge = start + len(line[: tail[-1].start - start].rstrip())
    label = line[: edge - start]
    if not tail or not label.strip() or len(label.split()) > _WIDE or label.rstrip()[-1] in "=:,;/+-×*<>(":
        return ()
    cells = [
        Cell(text=number.text, start=number.start, end=number.end, numbers=(number,))
        for number in reversed(tail)
    ]
    return (Cell(text=label, start=start, end=edge, numbers=()), *cells)


def _heading(document: Document, index: int, width: int) -> tuple[Cell, ...]:
    """Splits a header line of words into a label and as many equal parts as there are columns."""
    if index < 0:
        return ()
    words = [(match.start(), match.end()) for match in re.finditer(r"\S+", document.lines[index])]
    base, line = document.starts[index], document.lines[index]
    for size in (1, 2, 3):
        if len(words) >= size * width and len(words) - size * width <= 3:
            parts = words[len(words) - size * width :]
            spans = [(parts[i * size][0], parts[(i + 1) * size - 1][1]) for i in range(width)]
            texts = [line[a:b] for a, b in spans]
            if size == 1 or any(len({text.split()[end] for text in texts}) == 1 for end in (0, -1)):
                first = Cell(text=line[: parts[0][0]], start=base, end=base + parts[0][0], numbers=())
                cells = [Cell(text=line[a:b], start=base + a, end=base + b, numbers=()) for a, b in spans]
                return (first, *cells)
    return ()
