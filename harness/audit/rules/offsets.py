"""Differences from one common value: ``2.131 (+0.043)``, ``2.117 (+0.029)``, all from the same start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.audit.findings import Finding
from harness.audit.judge import verdict
from harness.audit.masks import PLAIN, SIGNED, Mask, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range
from harness.audit.text import Document, Table

NAME = "offset"
_PAIR = re.compile(rf"(?P<v>{PLAIN})\s*\(\s*(?P<d>{SIGNED})\s*\)")
NEXT = 3
"""Blocks that may stand between two items of one list."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries list items that give a value and its change: most start from one value, and so must each."""
    run: list[tuple[Number, Number]] = []
    last = -NEXT - 1
    for index, sentence in enumerate(masks(document)):
        found = _pairs(sentence) if sentence.block.kind == "item" else []
        if len(found) == 1:
            if run and index - last > NEXT:
                yield from _judged(document, run)
                run = []
            run += found
            last = index
    yield from _judged(document, run)
    for table in document.tables:
        yield from _judged(document, _rows(table))


def _rows(table: Table) -> list[tuple[Number, Number]]:
    """Returns the value and the signed change that end the rows of a table."""
    found = []
    for row in table.rows:
        last = [cell.number for cell in row[-2:]]
        if len(row) >= 3 and last[0] and last[1] and last[1].signed and not last[0].signed:
            found.append((last[0], last[1]))
    return [
        (value, change) for value, change in found if not value.counts and value.dimension == change.dimension
    ]


def _pairs(sentence: Mask) -> list[tuple[Number, Number]]:
    found = [(sentence.number(m, "v"), sentence.number(m, "d")) for m in _PAIR.finditer(sentence.text)]
    return [
        (value, change) for value, change in found if not value.counts and value.dimension == change.dimension
    ]


def _start(value: Number, change: Number) -> Range:
    return value.given - change.given


def _judged(document: Document, run: Sequence[tuple[Number, Number]]) -> Iterator[Finding]:
    if len(run) < 3:
        return
    starts = [_start(*pair) for pair in run]
    tally = [sum(one.meets(other) for other in starts) for one in starts]
    best = max(range(len(run)), key=lambda index: tally[index])
    good = tally[best]
    if good < 2 or good < 2 * (len(run) - good):
        return
    for (value, change), start in zip(run, starts, strict=True):
        if (value, change) == run[best]:
            continue
        computed = value.given - starts[best]
        yield verdict(
            document,
            NAME,
            holds=start.meets(starts[best]),
            statement=f"{value.text.strip()} ({change.text.strip()}) starts where the others of its list do",
            stated=replace(change),
            computed=computed,
            rests=f"from {float(starts[best].middle):.6g} ({document.place(run[best][0].start)})",
        )
