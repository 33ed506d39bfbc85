"""Rows of a table that prose ranks: ``the top-2 model is the best of the three``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Figure, Finding, Said
from harness.audit.rules.cases import NUMBER, cases
from harness.audit.text import Block, Cell, Document, Table
from harness.audit.words import count_of

NAME = "rank"
_BEST = re.compile(
    r"(?P<who>(?:[^.;:,()\n|]|(?<=\d)\.(?=\d)){2,60}?)\s+(?:is|was|are|performs|has|comes out|gives)\s+"
    r"(?:by far\s+|clearly\s+)?(?:the\s+)?(?P<word>best|lowest|highest|"
    r"worst|strongest|fastest|slowest)\b(?!-)(?!\s+(?:possible|practice|known|guess|suited|used|when|with))",
    re.I,
)
_OF_ALL = re.compile(rf"\s+of\s+(?:the\s+|all\s+|these\s+)*(?P<n>{NUMBER})\b", re.I)
_GENERIC = frozenset(
    "the model run variant setting arm with of in on our this that it and a an here method".split()
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries prose that calls a row of the one table that has its name the best, or the worst."""
    tables = [table for table in document.tables if len(cases(table)) >= 3]
    for block in document.blocks if tables else ():
        for match in _BEST.finditer(document.text[block.start : block.end]):
            yield from _ranked(document, block, match, tables)


def _ranked(
    document: Document, block: Block, match: re.Match[str], tables: Sequence[Table]
) -> Iterator[Finding]:
    """Judges ``X is the best`` by whether its row is first in any column of the only table that has it."""
    said = [word for word in _tokens(match["who"]) if word not in _GENERIC][-4:]
    found = [(table, row) for table in tables for row in cases(table) if _is(row, said)]
    if len(found) != 1 or not said or re.search(r"\b(?:not|n't|if|which|what|whether)\b", match["who"], re.I):
        return
    table, row = found[0]
    rows = cases(table)
    if len(rows) < 3:
        return
    judged = []
    for index in range(1, len(row)):
        mine = row[index].number
        column = [number.value for other in rows if index < len(other) and (number := other[index].number)]
        if mine is not None and len(column) == len(rows):
            judged.append(mine.value in (min(column), max(column)))
    after = _OF_ALL.match(document.text, block.start + match.end("word"))
    size = count_of(after["n"]) if after else None
    if judged and size is not None and size != len(rows) and abs(size - len(rows)) <= 2 and any(judged):
        yield _sized(document, after, size, rows)
    elif judged:
        holds = any(judged)
        yield Finding(
            outcome=Said.HOLDS if holds else Said.CONTRADICTION,
            rule=NAME,
            statement=" ".join(match[0].split()),
            stated=Figure(shown=row[0].text.strip(), place=document.place(row[0].start)),
            found=Figure(
                shown="first in a column" if holds else "first and last in no column",
                place=document.place(rows[0][0].start),
            ),
            margin="" if holds else f"said at {document.place(block.start + match.start('word'))}",
        )


def _sized(
    document: Document, match: re.Match[str] | None, size: int, rows: Sequence[tuple[Cell, ...]]
) -> Finding:
    """Makes the finding that ``best of the five`` is said of a table of another length."""
    at = match.start("n") if match else 0
    return Finding(
        outcome=Said.CONTRADICTION,
        rule=NAME,
        statement=f"best of {size}: the table has {len(rows)}",
        stated=Figure(shown=str(size), place=document.place(at)),
        found=Figure(shown=str(len(rows)), place=document.place(rows[0][0].start)),
        margin=f"off by {len(rows) - size}",
    )


def _tokens(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"\d+(?:\.\d+)?[\w-]*|[^\W\d][\w-]*", text)]


def _is(row: tuple[Cell, ...], said: Sequence[str]) -> bool:
    """Tells whether the words said name a row: all of one among the other, a number too."""
    label = [word for word in _tokens(row[0].text) if word not in _GENERIC]
    header_free = [word for word in said if word in label]
    return bool(label) and bool(header_free) and (set(label) <= set(said) or set(said) <= set(label))
