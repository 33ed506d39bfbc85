"""How a stated change may follow from two values: as difference, as share of either, or as their ratio."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from harness.audit.judge import fits, paired
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point

HUNDRED = Fraction(100)


def ways(a: Number, b: Number, change: Number) -> Iterator[Range]:
    """Yields the absolute changes between two values, of the sort that ``change`` is."""
    for x, y in paired(a, b):
        difference = abs(x - y)
        if change.dimension == "ratio":
            yield from _quotients(x, y)
            yield from (abs(one - point(1)) for one in _quotients(x, y))
        elif change.dimension == "percent":
            yield from (abs(one) for base in (x, y) for one in _over(difference, base))
            yield difference if a.dimension == "percent" else difference.scaled(1 / HUNDRED)
            yield from (abs(one) for one in (*_over(x, y), *_over(y, x)))
        else:
            yield difference
            if a.dimension == "percent":
                yield difference.scaled(HUNDRED)


def explained(a: Number, b: Number, change: Number) -> bool:
    """Tells whether the size of the change follows from the two values in some way."""
    return fits(_size(change), ways(a, b, change))


def nearest(a: Number, b: Number, change: Number) -> Range:
    """Returns the change between the values that is nearest to the one stated."""
    return min(ways(a, b, change), key=lambda one: abs(one.middle - abs(change.value)))


def askable(a: Number, b: Number, change: Number) -> bool:
    """Tells whether the change can be about these values: alike in kind, and not finer than both."""
    if a.dimension != b.dimension or a.dimension == "ratio":
        return False
    if change.dimension in ("ratio", "percent"):
        return a.value != b.value and a.value != 0 and b.value != 0
    if change.dimension != a.dimension and a.dimension != "percent":
        return False
    finest = min(a.step, b.step)
    scale = HUNDRED if a.dimension == "percent" and change.dimension != "percent" else Fraction(1)
    return change.step >= finest * scale and abs(change.value) <= 3 * scale * max(abs(a.value), abs(b.value))


def _quotients(x: Range, y: Range) -> Iterator[Range]:
    yield from _over(abs(x), abs(y))
    yield from _over(abs(y), abs(x))


def _over(x: Range, y: Range) -> Iterator[Range]:
    try:
        yield x / y
    except Undefined:
        return


def _size(change: Number) -> Number:
    from dataclasses import replace

    return replace(change, value=abs(change.value))
