"""A sentence with every number replaced by one sign, so that a pattern can speak of numbers and words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from harness.audit.numbers import Number
from harness.audit.text import Block, Document

PLAIN, SIGNED, PERCENT, SIGNED_PERCENT, RATIO = (chr(0xE000 + code) for code in range(5))
ANY = f"[{PLAIN}-{RATIO}]"
LEVEL = f"[{PLAIN}{SIGNED}{PERCENT}]"
"""A number that may be a measured value."""
W = r"[^\W\d][^\s\ue000-\ue004()\[\],;:=]*+"
"""A word; possessive, so that a pattern of several words never splits one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mask:
    """The masked text of a block; ``numbers`` in order, one for every sign."""

    document: Document
    block: Block
    text: str
    numbers: tuple[Number, ...]
    at: tuple[int, ...]

    def number(self, match: re.Match[str], group: str) -> Number:
        """Returns the number that a group of a match (one sign) stands for."""
        return self.numbers[bisect_left(self.at, match.start(group))]

    def index(self, number: Number) -> int:
        """Returns which number of the block it is."""
        return bisect_left(self.numbers, number.start, key=lambda one: one.start)

    def span(self, match: re.Match[str]) -> tuple[int, int]:
        """Returns where a match stands in the document."""
        inside = [index for index, at in enumerate(self.at) if match.start() <= at < match.end()]
        start = self._back(match.start())
        end = (
            max(self._back(match.end()), *(self.numbers[i].end for i in inside))
            if inside
            else self._back(match.end())
        )
        return start, end

    def _back(self, position: int) -> int:
        shift = 0
        for at, number in zip(self.at, self.numbers, strict=True):
            if at >= position:
                break
            shift += number.end - number.start - 1
        return self.block.start + position + shift

    def excerpt(self, match: re.Match[str]) -> str:
        """Returns the words of a match as they stand in the document."""
        return self.document.excerpt(*self.span(match))


def mask(document: Document, block: Block) -> Mask:
    """Masks the numbers of one block; lines run on."""
    numbers = document.within(block.start, block.end)
    parts, at, position, length = [], [], block.start, 0
    for number in numbers:
        between = document.text[position : number.start]
        parts += [between, _sign(number)]
        length += len(between) + 1
        at.append(length - 1)
        position = number.end
    text = "".join([*parts, document.text[position : block.end]])
    return Mask(document=document, block=block, text=text.replace("\n", " "), numbers=numbers, at=tuple(at))


def masks(document: Document) -> Iterator[Mask]:
    """Yields every block of a document that has numbers, masked."""
    yield from _masked(document)


@lru_cache(maxsize=4)
def _masked(document: Document) -> tuple[Mask, ...]:
    found = (mask(document, block) for block in document.prose)
    return tuple(one for one in found if one.numbers)


def _sign(number: Number) -> str:
    if number.dimension == "percent":
        return SIGNED_PERCENT if number.signed else PERCENT
    if number.dimension == "ratio":
        return RATIO
    return SIGNED if number.signed else PLAIN
