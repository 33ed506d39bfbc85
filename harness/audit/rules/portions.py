"""Shares that prose gives to rows of a table: ``German makes up 40% of the tokens``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PERCENT, Mask, masks
from harness.audit.text import Document, Table

NAME = "portion"
_SHARE = re.compile(
    rf"\b(?P<who>[A-Za-z][\w-]*)\s+(?:is|are|makes? up|accounts? for|provides?|contributes?)\s+"
    rf"(?:about\s+)?(?P<p>{PERCENT})\s+of\s+"
    rf"(?:all\s+|the\s+|our\s+|its\s+|total\s+)*(?P<what>[A-Za-z]+)"
)
_NEXT = re.compile(rf"\s*(?:,|and|,\s*and)\s+(?P<who>[A-Za-z][\w-]*)\s+(?P<p>{PERCENT})")
_TOTAL = re.compile(r"\b(?:total|sum|all|overall|together)\b|Σ", re.I)


def judge(document: Document) -> Iterator[Finding]:
    """Tries shares against the only column that is headed by what they are shares of."""
    for sentence in masks(document) if document.tables else ():
        for match in _SHARE.finditer(sentence.text):
            column = _column(document.tables, match["what"].lower().removesuffix("s"))
            found: re.Match[str] | None = match
            while column is not None and found is not None:
                yield from _portion(sentence, found, *column)
                found = _NEXT.match(sentence.text, found.end())


def _column(tables: Sequence[Table], noun: str) -> tuple[Table, int] | None:
    found = [
        (table, index)
        for table in tables
        for index, cell in enumerate(table.header)
        if index and re.match(rf"{re.escape(noun)}s?\b", cell.text.strip().lower())
    ]
    return found[0] if len(found) == 1 else None


def _portion(sentence: Mask, match: re.Match[str], table: Table, column: int) -> Iterator[Finding]:
    stated, who = sentence.number(match, "p"), match["who"].lower()
    rows = [row for row in table.rows if column < len(row) and row[column].number is not None]
    mine = [row for row in rows if row[0].text.strip().lower().strip("*_ ") == who]
    parts = [row for row in rows if not _TOTAL.search(row[0].text)]
    if len(mine) != 1 or len(parts) < 2:
        return
    part = mine[0][column].number
    values = [number.value for row in parts if (number := row[column].number) is not None]
    whole = sum(values, Fraction(0))
    if part is None or not whole:
        return
    computed = part.given.scaled(1 / whole)
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]),
        statement=f"{match['who']}: {stated.text} of {table.header[column].text.strip()}",
        stated=stated,
        computed=computed,
        rests=f"{part.text.strip()} ({sentence.document.place(part.start)})",
    )
