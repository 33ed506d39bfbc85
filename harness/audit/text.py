"""A document as typed pieces: cleaned text of the same length, numbers, blocks, lists and tables."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.audit.numbers import Number, numbers
from harness.kinds._unsaid import said

_SAME = str.maketrans(
    {"−": "-", "‐": "-", "‑": "-", "–": "–", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ",
     "·": "·", "∗": "*", "⋅": "×", "’": "'", "≃": "≈", "≅": "≈", "\t": "\t"}
)  # fmt: skip
_BLANKED = re.compile(r"\*\*|`|</?[A-Za-z][^<>\n]{0,80}>|\\(?=[_*$%])|!?\[(?=[^\]\n]*\]\()|\]\([^)\s]*\)")
_ENTITY = {"&lt;": "<   ", "&gt;": ">   ", "&amp;": "&    ", "&nbsp;": "      ", "&times;": "×      "}
_QUOTED = re.compile(r"^ {0,3}(?:> ?)+", re.M)
_ITEM = re.compile(r"\s*(?P<mark>[-*•+]|\(?\d{1,2}[.)])\s+(?=\S)")
_HEAD = re.compile(r"\s*#{1,6}\s")
_FENCE = re.compile(r"\s*(```|~~~)")

LONG = 400
"""A line of more characters than this is a paragraph of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A paragraph, a list item or a heading: ``[start, end)`` of the text; ``mark`` is the bullet."""

    start: int
    end: int
    kind: str
    mark: str = ""
    indent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell of a table, ``[start, end)`` of the text."""

    text: str
    start: int
    end: int
    numbers: tuple[Number, ...]

    @property
    def number(self) -> Number | None:
        """The number that the cell is, perhaps with a word or a second figure in brackets after it."""
        if not self.numbers or self.words_before.strip(" ~≈$("):
            return None
        return self.numbers[0]

    @property
    def words_before(self) -> str:
        """What stands in the cell before its first number, all of it if it has none."""
        text = self.text.strip()
        if not self.numbers:
            return text
        at = text.find(self.numbers[0].text.strip())
        return text[:at] if at >= 0 else text

    @property
    def nothing(self) -> bool:
        """Whether the cell says that there is nothing."""
        return self.text.strip().lower() in ("", "-", "–", "—", "n/a", "na", "none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table: ``header`` (may be empty) and ``rows``; the first cell of each row is its label."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Document:
    """A text under the name by which findings call it; positions are offsets into ``text``.

    What is derived from the text is worked out once, on first use.
    """

    def __init__(self, name: str, raw: str) -> None:
        self.name, self.raw = name, raw

    @cached_property
    def text(self) -> str:
        """The raw text with emphasis, markup and wrappers blanked, of the same length and lines."""
        text = said(self.raw).replace("\r", " ").translate(_SAME)
        for entity, shown in _ENTITY.items():
            text = text.replace(entity, shown[: len(entity)].ljust(len(entity)))
        text = _QUOTED.sub(lambda match: " " * len(match[0]), _unwrapped(text))
        return _BLANKED.sub(lambda match: " " * len(match[0]), text)

    @cached_property
    def starts(self) -> list[int]:
        """The offset of every line."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the cleaned text."""
        return self.text.split("\n")

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Every number of the text, in order."""
        return tuple(numbers(self.text))

    @cached_property
    def _at(self) -> list[int]:
        return [number.start for number in self.numbers]

    def within(self, start: int, end: int) -> tuple[Number, ...]:
        """Returns the numbers that lie in ``[start, end)``."""
        first, last = bisect_right(self._at, start - 1), bisect_right(self._at, end - 1)
        return tuple(number for number in self.numbers[first:last] if number.end <= end)

    def line(self, position: int) -> int:
        """Returns the line, from 1, of an offset."""
        return bisect_right(self.starts, position)

    def place(self, position: int) -> str:
        """Returns ``name:line`` of an offset."""
        return f"{self.name}:{self.line(position)}"

    def excerpt(self, start: int, end: int, limit: int = 110) -> str:
        """Returns what stands there on one line, cut to a limit."""
        shown = " ".join(self.text[start:end].split())
        return shown if len(shown) <= limit else shown[: limit - 1] + "…"

    @cached_property
    def marked(self) -> frozenset[int]:
        """The lines, from 0, of HTML tables: no sentences."""
        from harness.audit.html_tables import TABLE

        spans = [
            (self.line(m.start()) - 1, self.line(max(m.start(), m.end() - 1)))
            for m in TABLE.finditer(self.raw)
        ]
        return frozenset(line for first, last in spans for line in range(first, last))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the text."""
        from harness.audit.tables import tables_of

        return tables_of(self)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Paragraphs, list items and headings outside of code fences and tables, in order."""
        return tuple(_blocks(self))

    @cached_property
    def prose(self) -> tuple[Block, ...]:
        """The blocks, and every line of a table (``line``) or of code as a block of its own."""
        taken = [(block.start, block.end) for block in self.blocks]
        rest = []
        begun = [start for start, _ in taken]
        for number, (start, line) in enumerate(zip(self.starts, self.lines, strict=True)):
            if not line.strip() or number in self.marked:
                continue
            before = bisect_right(begun, start) - 1
            if before < 0 or start >= taken[before][1]:
                kind = "line" if line.strip().startswith("|") else "code"
                rest.append(Block(start=start, end=start + len(line), kind=kind))
        return tuple(sorted((*self.blocks, *rest), key=lambda block: block.start))


def _unwrapped(text: str) -> str:
    """Blanks the pipes of a page in which every line was wrapped as a table of one column."""
    lines = text.split("\n")
    wrapped = [line.startswith("|") and line.rstrip().endswith("|") for line in lines]
    inner = sum(line.startswith(("| |--", "| | --")) for line in lines)
    filled = sum(bool(line.strip()) for line in lines)
    if not (sum(wrapped) >= 0.6 * filled and (inner or _single(lines, wrapped))):
        return text
    return "\n".join(_peeled(line) if flag else line for line, flag in zip(lines, wrapped, strict=True))


def _single(lines: Sequence[str], wrapped: Sequence[bool]) -> bool:
    pipes = [line.count("|") for line, flag in zip(lines, wrapped, strict=True) if flag]
    return len(pipes) > 10 and sum(count <= 2 for count in pipes) > 0.8 * len(pipes)


def _peeled(line: str) -> str:
    end = line.rstrip().rfind("|")
    body = line[1:end] if end > 0 else ""
    return (" " + body).ljust(len(line))


def _blocks(document: Document) -> list[Block]:
    found: list[Block] = []
    fenced = False
    fresh = True
    for number, (start, line) in enumerate(zip(document.starts, document.lines, strict=True)):
        raw = document.raw[start : start + len(line)].lstrip("| ")
        if _FENCE.match(raw):
            fenced, fresh = not fenced, True
            continue
        stripped = line.strip()
        if not stripped or stripped.startswith("|") or fenced or number in document.marked:
            fresh = True
            continue
        item, end = _ITEM.match(line), start + len(line)
        if _HEAD.match(line):
            found.append(Block(start=start, end=end, kind="head"))
            fresh = True
        elif item:
            indent = len(line) - len(line.lstrip())
            found.append(Block(start=start, end=end, kind="item", mark=item["mark"], indent=indent))
            fresh = False
        elif fresh or not found or end - start > LONG or found[-1].end - found[-1].start > 3 * LONG:
            found.append(Block(start=start, end=end, kind="text"))
            fresh = False
        else:
            last = found[-1]
            found[-1] = Block(start=last.start, end=end, kind=last.kind, mark=last.mark, indent=last.indent)
    return found
