"""Tables against themselves: totals, sums, averages, shares and differences between columns or rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Cell, Document, Table

NAME = "table"
_TOTAL = re.compile(r"\b(?:total|totals|sum|overall|all|Σ|together)\b", re.I)
_MEAN = re.compile(r"\b(?:avg|average|mean)\b\.?", re.I)
_CHANGE = re.compile(r"\b(?:delta|diff|difference|gap|change|descent|drop|gain|improvement)\b|Δ", re.I)
_SHARE = re.compile(r"%|\b(?:percent|percentage|share|ratio|fraction)\b", re.I)
_FROM, _TO = (
    re.compile(r"\b(?:init|initial|start|first|before)\b", re.I),
    re.compile(r"\b(?:final|end|last|after)\b", re.I),
)
_SIZED = re.compile(
    r"\b(?:tokens?|documents?|docs|examples?|count|size|hours|params?|parameters|bytes|GB|MB)\b", re.I
)
_TRAIN, _VAL = {"train", "training"}, {"val", "valid", "validation", "eval", "dev", "test"}
_WHICH = frozenset("and for the of number count size loss init initial final".split())
_SPREAD = re.compile(r"\b(?:std|stdev|stddev|sd|sem|stderr|median|min|max|best|worst)\b|±", re.I)
_NOISE = re.compile(r"\b(?:std|stdev|stddev|sd|sem|stderr|n|seed|seeds|median|min|max|best|worst)\b|±", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """One relation of a table: the printed result, what the other cells give, and whether that fits."""

    stated: Number
    computed: Range
    holds: bool
    words: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Relations of one meaning; ``sure`` says that their words leave no other."""

    tried: Sequence[_Try]
    sure: bool = False


def judge(document: Document) -> Iterator[Finding]:
    """Tries what the words of a header or a row label say that its figures are.

    A meaning that most rows bear out is taken for the meaning, and a row that departs from it
    contradicts; a meaning that no row bears out is no finding, unless it is a total of counts.
    """
    for table in document.tables:
        for group in _groups(table):
            yield from _findings(document, group)


def _findings(document: Document, group: _Group) -> Iterator[Finding]:
    good = sum(one.holds and one.stated.value != 0 for one in group.tried)
    bad = sum(not one.holds for one in group.tried)
    for one in group.tried:
        if one.holds or group.sure or good >= max(2, 2 * bad):
            yield verdict(
                document,
                NAME,
                holds=one.holds,
                statement=one.words,
                stated=one.stated,
                computed=one.computed,
                rests=f"the other cells ({document.place(one.stated.start)})",
            )


def _groups(table: Table) -> Iterator[_Group]:
    width = max((len(row) for row in table.rows), default=0)
    yield from _total_rows(table, width)
    for column in range(1, width):
        head = _head(table, column)
        if re.search("[<>≤≥]", head):
            continue
        if _TOTAL.search(head):
            yield _Group(
                [one for row in table.rows for one in _across(table, row, column, _sum, f"{head}: sum of")]
            )
        if _MEAN.search(head):
            yield _Group(
                [one for row in table.rows for one in _across(table, row, column, _mean, f"{head}: mean of")]
            )
        if _SHARE.search(head) or _percentages(table, column):
            yield from _best(_shares(table, column, width))
        if _CHANGE.search(head):
            yield from _best(_differences(table, column, width))
    for column in range(1, width):
        yield from _rows_related(table, column)


def _percentages(table: Table, column: int) -> bool:
    """Tells whether a column holds percentages only."""
    found = [number for row in table.rows if (number := _number(row, column)) is not None]
    return len(found) >= 3 and all(number.dimension == "percent" for number in found)


def _best(choices: Sequence[list[_Try]]) -> Iterator[_Group]:
    """Yields the reading of a column that most rows bear out."""
    if choices:
        yield _Group(max(choices, key=lambda tried: (sum(one.holds for one in tried), -len(tried))))


def _head(table: Table, column: int) -> str:
    return table.header[column].text.strip() if column < len(table.header) else ""


def _number(row: Sequence[Cell], column: int) -> Number | None:
    return row[column].number if column < len(row) else None


def _total_rows(table: Table, width: int) -> Iterator[_Group]:
    """Tries every column of a row that is called a total or a mean over the rows above it."""
    for index, row in enumerate(table.rows):
        label = row[0].text.strip()
        if len(label.split()) > 5 or not (_TOTAL.search(label) or _MEAN.search(label)):
            continue
        above = _section(table.rows[:index])
        if len(above) < 2:
            continue
        for pattern, combine, word in ((_TOTAL, _sum, "sum"), (_MEAN, _mean, "mean")):
            if not pattern.search(label):
                continue
            tried = [
                one
                for column in range(1, width)
                if not (_MEAN.search(_head(table, column)) or _SPREAD.search(_head(table, column)))
                for one in (_of_alike if pattern is _TOTAL else _down)(
                    above, row, column, combine, f"{label}: {word} of column {_head(table, column)}"
                )
            ]
            yield _additive(tried, label) if pattern is _TOTAL else _Group(tried)


def _section(rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Returns the rows after the last total."""
    last = max((i for i, row in enumerate(rows) if _TOTAL.search(row[0].text)), default=-1)
    return list(rows[last + 1 :])


def _additive(tried: list[_Try], label: str) -> _Group:
    """Keeps what must add up: counts judge by themselves where they come near, others by majority.

    Shares of other totals, rates and times of parallel parts need not add up.
    """
    kept = [one for one in tried if one.stated.dimension not in ("percent", "ratio")]
    near = [one for one in kept if abs(one.computed.middle - one.stated.value) * 2 <= abs(one.stated.value)]
    literal = re.search(r"\b(?:total|sum)\b", label, re.I) is not None
    borne = any(one.holds and one.stated.value for one in near)
    exact = all(one.stated.counts for one in near)
    sized = len(near) == 1 and _SIZED.search(near[0].words) is not None
    return _Group(near, sure=borne or (literal and (exact or sized)))


def _values(cells: Sequence[Cell | None]) -> list[Number] | None:
    """Returns the numbers of cells, those that say nothing left out; None if one says something else."""
    found, nothing = [], 0
    for cell in cells:
        if cell is None or cell.nothing:
            nothing += 1
            continue
        if cell.number is None or len(cell.numbers) > 1:
            return None
        found.append(cell.number)
    alike = len({number.dimension for number in found}) == 1
    return found if alike and len(found) + nothing >= 2 else None


def _sum(parts: Sequence[Range]) -> Range:
    total = point(0)
    for part in parts:
        total = total + part
    return total


def _mean(parts: Sequence[Range]) -> Range:
    return _sum(parts).scaled(Fraction(1, len(parts)))


Combine = Callable[[Sequence[Range]], Range]


def _down(
    above: Sequence[Sequence[Cell]], row: Sequence[Cell], column: int, combine: Combine, words: str
) -> Iterator[_Try]:
    yield from _combined(
        [line[column] if column < len(line) else None for line in above], _number(row, column), combine, words
    )


def _of_alike(
    above: Sequence[Sequence[Cell]], row: Sequence[Cell], column: int, combine: Combine, words: str
) -> Iterator[_Try]:
    """Yields the total of a column: of all rows, of those that name the same thing, or of the last few.

    A list of settings and figures is no sum: ``epochs``, ``kept rows``, ``dropped rows``, ``total rows``.
    """
    named = _nouns(row[0].text)
    same = [line for line in above if named & _nouns(line[0].text)]
    parts = [above, same] if 2 <= len(same) < len(above) else [above]
    last = [above[start:] for start in range(1, len(above) - 1)]
    tried = [one for lines in (*parts, *last) for one in _down(lines, row, column, combine, words)]
    right = next((one for one in tried if one.holds), None)
    if right is not None or not parts[1:]:
        yield from (right,) if right else tuple(_down(above, row, column, combine, words))
    else:
        yield from _down(same, row, column, combine, words)


def _nouns(label: str) -> set[str]:
    """Returns the words of a row's label but those that say which or how much of a thing it is."""
    words = re.findall(r"[^\W\d_]{3,}", label.lower())
    return {word for word in words if not _TOTAL.fullmatch(word) and word not in _WHICH}


def _across(table: Table, row: Sequence[Cell], column: int, combine: Combine, words: str) -> Iterator[_Try]:
    others = [
        cell for index, cell in enumerate(row) if index not in (0, column) and not _apart(_head(table, index))
    ]
    yield from _combined(
        others, _number(row, column), combine, f"{row[0].text.strip()}: {words} the other columns"
    )


def _apart(head: str) -> bool:
    """Tells a column that is no part of a sum or a mean over columns."""
    return any(one.search(head) for one in (_TOTAL, _MEAN, _SHARE, _CHANGE, _NOISE))


def _combined(
    cells: Sequence[Cell | None], stated: Number | None, combine: Combine, words: str
) -> Iterator[_Try]:
    values = _values(cells)
    if stated is None or values is None or stated.dimension != values[0].dimension:
        return
    computed = combine([value.given for value in values])
    exact = combine is _sum and all(value.counts for value in values)
    yield _Try(stated=stated, computed=computed, holds=fits(stated, [computed], exact=exact), words=words)


def _shares(table: Table, column: int, width: int) -> list[list[_Try]]:
    """Returns one reading for every pair of columns of which the share may be."""
    found = []
    others = [index for index in range(1, width) if index != column]
    for a, b in ((a, b) for a in others for b in others if a != b):
        tried = []
        for row in table.rows:
            stated, part, whole = _number(row, column), _cell(row, a), _number(row, b)
            if stated is None or part is None or whole is None or part.dimension != whole.dimension:
                continue
            try:
                computed = part.given / whole.given
            except Undefined:
                continue
            if stated.dimension != "percent" and "%" in _head(table, column):
                computed = computed.scaled(Fraction(100))
            words = f"{row[0].text.strip()}: {_head(table, a)} over {_head(table, b)}"
            tried.append(_Try(stated=stated, computed=computed, holds=fits(stated, [computed]), words=words))
        found.append(tried)
    return [tried for tried in found if tried]


def _cell(row: Sequence[Cell], column: int) -> Number | None:
    """Returns the number of a cell; a dash is zero."""
    number = _number(row, column)
    if number is None and column < len(row) and row[column].text.strip() in ("-", "–", "—"):
        cell = row[column]
        return Number(text="-", start=cell.start, end=cell.end, value=Fraction(0), step=Fraction(1))
    return number


def _differences(table: Table, column: int, width: int) -> list[list[_Try]]:
    """Returns one reading for every pair of columns whose difference it may be, absolute or relative."""
    from harness.audit.relate import askable, explained, nearest

    found = []
    others = [index for index in range(1, width) if index != column]
    for a, b in combinations(others, 2):
        tried = []
        for row in table.rows:
            stated, one, other = _number(row, column), _number(row, a), _number(row, b)
            if stated is None or one is None or other is None or not askable(one, other, stated):
                continue
            words = (
                f"{row[0].text.strip()}: {_head(table, column)} of {_head(table, a)} and {_head(table, b)}"
            )
            holds = explained(one, other, stated)
            tried.append(_Try(stated=stated, computed=nearest(one, other, stated), holds=holds, words=words))
        found.append(tried)
    return [tried for tried in found if len(tried) > 1]


def _rows_related(table: Table, column: int) -> Iterator[_Group]:
    """Tries a row that is called the gap or descent of two other rows of its column."""
    for row in table.rows:
        label, stated = row[0].text.strip(), _number(row, column)
        if stated is None or not _CHANGE.search(label) or len(label.split()) > 4:
            continue
        pair = _pair(table, row, column, label)
        if pair is None:
            continue
        computed = abs(pair[0].given - pair[1].given)
        head = _head(table, column)
        words = f"{label}{f' ({head})' if head else ''}: of {pair[0].text} and {pair[1].text}"
        holds = fits(replace(stated, value=abs(stated.value)), [computed])
        yield _Group([_Try(stated=stated, computed=computed, holds=holds, words=words)], sure=True)


def _pair(table: Table, row: Sequence[Cell], column: int, label: str) -> tuple[Number, Number] | None:
    """Returns the two values that the label of a change names: initial and final, or both by name."""
    words = {word for word in _words(label) if not _CHANGE.fullmatch(word)}
    named = [
        (other, number)
        for other in table.rows
        if other is not row and (number := _number(other, column)) is not None
    ]
    named = [(other, number) for other, number in named if not _CHANGE.search(other[0].text)]
    starts = [n for other, n in named if _FROM.search(other[0].text) and _same(other[0].text, words)]
    ends = [n for other, n in named if _TO.search(other[0].text) and _same(other[0].text, words)]
    if len(starts) == 1 and len(ends) == 1:
        return starts[0], ends[0]
    if {"gap"} & set(_words(label)):
        splits = [[n for other, n in named if kind & set(_words(other[0].text))] for kind in (_TRAIN, _VAL)]
        if all(len(found) == 1 for found in splits):
            return splits[0][0], splits[1][0]
    both = [n for other, n in named if _words(other[0].text)[:1] and _words(other[0].text)[0] in words]
    return (both[0], both[1]) if len(both) == 2 and len(words) >= 2 else None


def _words(label: str) -> list[str]:
    return [word.lower() for word in re.split(r"[\s_\-/()−–]+", label) if word]


def _same(label: str, words: set[str]) -> bool:
    return not words or any(word in words for word in _words(label))
