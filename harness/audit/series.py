"""Series of a document: a metric by step or epoch, from tables and from lines like ``iter 2000 val 1.57``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from harness.audit.masks import PLAIN, SIGNED, mask
from harness.audit.numbers import Number
from harness.audit.quantities import words_of
from harness.audit.text import Block, Cell, Document, Table

AXIS = re.compile(r"\b(?:step|steps|iter|iters|iteration|iterations|epoch|epochs|update|updates)\b", re.I)
_AXIS = re.compile(rf"(?:training\s+|global[ _])?(?:{AXIS.pattern}|tokens\s*(?:\([BMT]\))?)", re.I)
_LINE = re.compile(
    rf"\s*[-*\[]?\s*(?P<axis>step|iter|iteration|epoch|update)s?\s*[:=]?\s*(?P<n>{PLAIN})(?=[\s:,|]).{{0,8}}?[^\W\d]",
    re.I,
)
_FIGURE = re.compile(rf"(?P<name>[^\W\d][\w]*(?:[ _][^\W\d][\w]*)?)\s*[:=]?\s*(?P<n>[{PLAIN}{SIGNED}])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """``points`` are position along ``axis`` and value of the metric whose name has ``words``."""

    axis: str
    words: frozenset[str]
    name: str
    points: tuple[tuple[Number, Number], ...]

    @property
    def values(self) -> tuple[Number, ...]:
        """The values in order."""
        return tuple(value for _, value in self.points)


@lru_cache(maxsize=8)
def series_of(document: Document) -> tuple[Series, ...]:
    """Returns every series of at least three points whose positions rise."""
    found = [*(one for table in document.tables for one in _of_table(table)), *_of_lines(document)]
    return tuple(one for one in found if len(one.points) >= 3 and _rising(one))


def _rising(one: Series) -> bool:
    positions = [position.value for position, _ in one.points]
    return all(a < b for a, b in pairwise(positions))


def _of_table(table: Table) -> Iterator[Series]:
    axes = [column for column, cell in enumerate(table.header) if _AXIS.fullmatch(cell.text.strip())]
    for axis in axes:
        for column, cell in enumerate(table.header):
            words = frozenset(words_of(cell.text.lower()))
            if column in axes or not words:
                continue
            points = [
                (_whole(row[axis]), row[column].number) for row in table.rows if max(axis, column) < len(row)
            ]
            kept = tuple((a, b) for a, b in points if a is not None and b is not None)
            yield Series(
                axis=_singular(table.header[axis].text), words=words, name=cell.text.strip(), points=kept
            )


def _whole(cell: Cell) -> Number | None:
    """Returns the number that the whole cell is."""
    return cell.numbers[0] if len(cell.numbers) == 1 and not cell.words_before.strip(" ~≈*") else None


def _singular(word: str) -> str:
    return word.strip().lower().rstrip("s")


def _of_lines(document: Document) -> Iterator[Series]:
    """Reads runs of log lines; each figure's name is the word before it."""
    rows: dict[tuple[str, str, int], list[tuple[Number, Number]]] = {}
    last, run = -9, 0
    for index, (start, line) in enumerate(zip(document.starts, document.lines, strict=True)):
        if not AXIS.search(line) or line.lstrip().startswith("|"):
            continue
        sentence = mask(document, Block(start=start, end=start + len(line), kind="line"))
        match = _LINE.match(sentence.text)
        if match is None:
            continue
        run += index - last > 2
        last = index
        position = sentence.number(match, "n")
        for figure in _FIGURE.finditer(sentence.text, match.end("n")):
            key = (match["axis"].lower(), " ".join(words_of(figure["name"])), run)
            rows.setdefault(key, []).append((position, sentence.number(figure, "n")))
    for (axis, name, _), points in rows.items():
        yield Series(axis=axis, words=frozenset(name.split()), name=name, points=tuple(points))
