"""Columns that follow from others: mean and spread over seeds, shares of a whole, steps per epoch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document, Table

NAME = "column"
_CASE = re.compile(r"(?:seed|run|fold|trial|rep|replica|split|s|r)\s*[#_]?\s*(?P<n>\d+)", re.I)
_MEAN = re.compile(r"(?:mean|avg\.?|average)(?:\s*±.*)?", re.I)
_SPREAD = re.compile(r"(?:std|stdev|std\.? ?dev\.?|sd|σ)", re.I)
_SHARE = re.compile(
    r"(?:share|proportion|fraction|weight|mix|mixture|% of (?:tokens|data|total)|percentage|sampling)", re.I
)
_WHOLE = re.compile(
    r"\b(?:source|dataset|data|language|domain|corpus|component|subset|category|split|sprache|quelle)s?\b",
    re.I,
)
_OVERLAP = re.compile(r"\boverlap|multi-?label|mutually exclusive|more than one (?:category|class)", re.I)
_TOTAL = re.compile(r"\b(?:total|all|sum|overall|gesamt)\b", re.I)
_EPOCH, _STEP = (
    re.compile(r"epochs?", re.I),
    re.compile(r"(?:global[ _])?steps?|iters?|iterations?|updates?", re.I),
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries mean and spread over numbered columns, shares that make up a whole, and steps against epochs."""
    overlap = _OVERLAP.search(document.text) is not None
    for table in document.tables:
        if table.header:
            yield from _cases(document, table)
            yield from _whole(document, table) if not overlap else ()
            yield from _pace(document, table)


def _text(table: Table, column: int) -> str:
    return table.header[column].text.strip().strip("*_ ") if column < len(table.header) else ""


def _figures(table: Table, column: int) -> list[Number | None]:
    return [row[column].number if column < len(row) else None for row in table.rows]


def _cases(document: Document, table: Table) -> Iterator[Finding]:
    """Judges the mean and the spread of the columns ``seed 1``, ``seed 2`` … of each row."""
    width = len(table.header)
    cases = [column for column in range(1, width) if _CASE.fullmatch(_text(table, column))]
    if len(cases) < 2:
        return
    for column in range(1, width):
        head = _text(table, column)
        mean, spread = _MEAN.fullmatch(head), _SPREAD.fullmatch(head)
        if not (mean or spread):
            continue
        for row in table.rows:
            values = [row[index].number for index in cases if index < len(row)]
            stated = row[column].number if column < len(row) else None
            kept = [value for value in values if value is not None]
            if (
                stated is None
                or len(kept) != len(cases)
                or {one.dimension for one in kept} != {stated.dimension}
            ):
                continue
            computed = [_mean(kept)] if mean else spreads(kept)
            yield _finding(document, f"{row[0].text.strip()}: {head} of {len(kept)}", stated, computed)


def _mean(values: Sequence[Number]) -> Range:
    total = point(0)
    for value in values:
        total = total + value.given
    return total.scaled(Fraction(1, len(values)))


def spreads(values: Sequence[Number]) -> list[Range]:
    """Returns what the standard deviation may be, with n and with n - 1, as far as the digits tell."""
    middle = sum((value.value for value in values), Fraction(0)) / len(values)
    squares = float(sum(((value.value - middle) ** 2 for value in values), Fraction(0)))
    slack = max(value.radius for value in values)
    found = []
    for size in {len(values) - 1, len(values)} - {0}:
        root = Fraction(math.sqrt(squares / size))
        found.append(Range(max(Fraction(0), root - slack), root + slack))
        standard = root / Fraction(math.sqrt(len(values)))
        found.append(Range(max(Fraction(0), standard - slack), standard + slack))
    return found


def _whole(document: Document, table: Table) -> Iterator[Finding]:
    """Judges shares of sources or languages: together they are no more than the whole."""
    if not _WHOLE.search(_text(table, 0)):
        return
    for column in range(1, len(table.header)):
        if not _SHARE.search(_text(table, column)):
            continue
        rows = [row for row in table.rows if row and not _TOTAL.search(row[0].text)]
        values = [row[column].number for row in rows if column < len(row)]
        kept = [value for value in values if value is not None and value.dimension == "percent"]
        if len(kept) < 3 or len(kept) != len(rows):
            continue
        total = point(0)
        for value in kept:
            total = total + value.given
        spare = Fraction(len(kept), 1000)
        if total.hi + spare < 1 or total.middle > Fraction(6, 5):
            continue
        yield verdict(
            document,
            NAME,
            holds=total.lo - spare <= 1,
            statement=f"{_text(table, column)}: the {len(kept)} shares are parts of one whole",
            stated=kept[-1],
            computed=total,
            rests=f"their sum ({document.place(kept[0].start)})",
        )


def _pace(document: Document, table: Table) -> Iterator[Finding]:
    """Judges steps against epochs row by row, at the pace that most rows have."""
    heads = range(len(table.header))
    epochs = [index for index in heads if _EPOCH.fullmatch(_text(table, index))]
    steps = [index for index in heads if _STEP.fullmatch(_text(table, index))]
    if len(epochs) != 1 or len(steps) != 1:
        return
    rows = [
        (a, b)
        for row in table.rows
        if max(epochs[0], steps[0]) < len(row)
        and (a := _first(row[epochs[0]].numbers)) is not None
        and (b := _first(row[steps[0]].numbers)) is not None
        and a.value > 0
    ]
    if len(rows) < 4:
        return
    fitting = [[_paced(a, b, c, d) for c, d in rows] for a, b in rows]
    borne = [
        index for index, found in enumerate(fitting) if sum(found) > max(2, 2 * (len(rows) - sum(found)))
    ]
    if not borne:
        return
    best = max(borne, key=lambda index: rows[index][0].value)
    a, b = rows[best]
    for (epoch, step), holds in zip(rows, fitting[best], strict=True):
        if (epoch, step) == (a, b):
            continue
        computed = epoch.given * b.given / _safe(a)
        yield verdict(
            document,
            NAME,
            holds=holds,
            statement=f"step {step.text.strip()} at epoch {epoch.text.strip()}",
            stated=step,
            computed=computed,
            rests=f"the pace of {b.text.strip()} at {a.text.strip()} ({document.place(b.start)})",
        )


def _first(numbers: Sequence[Number]) -> Number | None:
    return numbers[0] if len(numbers) == 1 else None


def _paced(epoch: Number, step: Number, other: Number, later: Number) -> bool:
    """Tells whether two rows have one pace: steps over epochs, as far as the digits tell."""
    try:
        one = around_(step) / around_(epoch)
        two = around_(later) / around_(other)
    except Undefined:
        return False
    return one.meets(two)


def around_(number: Number) -> Range:
    """Returns what a figure of an axis may stand for: epochs are rounded, steps may be one off."""
    slack = number.step if number.counts else number.step * 51 / 100
    return (
        Range(number.value - slack, number.value + slack) if not _whole_epoch(number) else point(number.value)
    )


def _whole_epoch(number: Number) -> bool:
    return number.counts and number.value < 100


def _safe(number: Number) -> Range:
    return point(number.value)


def _finding(document: Document, words: str, stated: Number, computed: Sequence[Range]) -> Finding:
    best = min(computed, key=lambda one: abs(one.middle - stated.value))
    return verdict(
        document,
        NAME,
        holds=fits(stated, computed),
        statement=words,
        stated=stated,
        computed=best,
        rests=f"the other cells ({document.place(stated.start)})",
    )
