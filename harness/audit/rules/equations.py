"""Equations that the text states: ``a + b = c``, ``sigmoid(4.0) ≈ 0.98``, ``-5 (sigmoid≈0.007)``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.audit import ranges
from harness.audit.expressions import Token, Value, after, before, tokens
from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import ABOUT, fits, shown, verdict
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined
from harness.audit.text import Document

NAME = "equation"
_EQUALS = ("=", "==", "≈", "~=")
_HUNDREDTH = Fraction(1, 100)
"""A side that was multiplied by 100, or that has percent for operands, is in percent already."""
_OF = frozenset("over of in among from with for per at on against within across".split())
_IMAGE = re.compile(rf"\(\s*(?P<name>{'|'.join(ranges.FUNCTIONS)})\s*(?P<rel>[=≈])\s*~?\Z")


def judge(document: Document) -> Iterator[Finding]:
    """Tries every equation with arithmetic on one side and a number, or arithmetic, on the other."""
    for block in document.prose:
        given = tokens(document, block.start, block.end)
        for index, token in enumerate(given):
            if token.kind == "rel" and token.text in _EQUALS and not _assigns(given, index):
                yield from _equation(document, given, index)
    yield from _images(document)


def _assigns(given: Sequence[Token], index: int) -> bool:
    """Tells ``name=5``, which gives a name its value, from ``5 things = 5``."""
    return index > 0 and given[index - 1].kind == "word" and given[index - 1].end == given[index].start


def _equation(document: Document, given: Sequence[Token], index: int) -> Iterator[Finding]:
    left, right = before(given, index), after(given, index + 1)
    if left is None or right is None or not (left[0].size or right[0].size):
        return
    if right[1] < len(given) and given[right[1]].kind == "op" and given[right[1]].text != "-":
        return
    (a, start), (b, end) = left, right
    if _noun_opens(given, start, a) or any(
        _listed(given[i:j]) for i, j in ((start, index), (index + 1, end))
    ):
        return
    statement = document.excerpt(given[start].start, given[end - 1].end)
    about = given[index].text in ("≈", "~=")
    single = given[index + 1] if not b.size else given[start] if not a.size else None
    if single is None or single.number is None:
        if any(x.meets(y) for x in a.readings for y in b.readings) or about:
            return
        yield _sides(document, statement, given[start], a, b)
        return
    other = a if not b.size else b
    found = _settled(document, statement, single.number, other, about=about)
    if found is not None:
        yield found


def _noun_opens(given: Sequence[Token], start: int, value: Value) -> bool:
    """Tells a number that belongs to the noun before it, and so is no side of the equation.

    ``uniform CE over 256 bytes = ln 256`` speaks of the CE, ``ratio 3:1 = 75 % / 25 %`` of the ratio.
    """
    if value.size or not start:
        return False
    before = given[start - 1]
    ratio = before.text == ":" and start > 1 and given[start - 2].end == before.start
    return ratio or (before.kind == "word" and before.text.lower() in _OF)


def _listed(side: Sequence[Token]) -> bool:
    """Tells values set side by side from a division: ``9,876 / 1,234 / 1,235``, ``75 % / 25 %``."""
    numbers = [token.number for token in side if token.number]
    if {token.text for token in side if token.kind not in ("number", "word")} != {"/"}:
        return False
    shares = all(number.dimension == "percent" for number in numbers)
    return len(numbers) > 2 or (shares and sum(number.value for number in numbers) == 1)


def _settled(
    document: Document, statement: str, stated: Number, value: Value, *, about: bool
) -> Finding | None:
    if not _comparable(stated, value):
        return None
    if value.more or stated.more:
        return _bounds(document, statement, stated, value)
    about = about or value.about
    exact = value.exact and stated.counts and not about
    computed = [*value.readings]
    if stated.dimension == "percent":
        computed += [one.scaled(_HUNDREDTH) for one in value.readings]
    holds = fits(stated, computed, about=about, exact=exact)
    best = min(computed, key=lambda one: abs(one.middle - stated.value))
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=statement,
        stated=stated,
        computed=best,
        rests=f"computed from {document.place(stated.start)}",
    )


def _bounds(document: Document, statement: str, stated: Number, value: Value) -> Finding | None:
    """Judges ``200+ at 5 s each = 20+ minutes``: the lower bound that follows must not be far below."""
    if not (value.more and stated.more):
        return None
    low = max(one.lo for one in value.readings)
    holds = low >= (stated.value - stated.step / 2) * (1 - ABOUT)
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=statement + ("" if holds else " (no such lower bound follows)"),
        stated=stated,
        computed=Range(low, low),
        rests=f"lower bound computed from {document.place(stated.start)}",
    )


def _comparable(stated: Number, value: Value) -> bool:
    dimension = stated.dimension if stated.dimension in ("bytes", "seconds") else ""
    return dimension == value.dimension or (dimension == "bytes" and not value.dimension)


def _sides(document: Document, statement: str, at: Token, a: Value, b: Value) -> Finding:
    place = document.place(at.start)
    return Finding(
        outcome=Said.CONTRADICTION,
        rule=NAME,
        statement=statement,
        stated=Figure(shown=shown(a.readings[0]), place=place),
        found=Figure(shown=shown(b.readings[0]), place=place),
        margin="the two sides differ",
    )


def _images(document: Document) -> Iterator[Finding]:
    """Tries ``x (sigmoid≈y)``: a function named in a bracket after its argument."""
    numbers = document.numbers
    for argument, stated in itertools.pairwise(numbers):
        between = _IMAGE.match(document.text[argument.end : stated.start].strip())
        if between is None:
            continue
        try:
            image = ranges.apply(between["name"], argument.given)
        except Undefined:
            continue
        about = between["rel"] == "≈" or stated.about
        yield verdict(
            document,
            NAME,
            holds=fits(stated, [image], about=about),
            statement=f"{between['name']}({argument.text}) {between['rel']} {stated.text}",
            stated=stated,
            computed=image,
            rests=f"computed from {document.place(argument.start)}",
        )
