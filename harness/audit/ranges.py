"""Exact intervals of rational numbers: what printed digits allow, and arithmetic on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

GUARD = Fraction(1, 10**12)
"""Relative widening of every value that passed through a floating point function."""


class Undefined(Exception):
    """An operation has no value on the interval: a division by something that may be zero."""


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval from ``lo`` to ``hi``."""

    lo: Fraction
    hi: Fraction

    def __add__(self, other: Range) -> Range:
        return Range(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: Range) -> Range:
        return Range(self.lo - other.hi, self.hi - other.lo)

    def __mul__(self, other: Range) -> Range:
        ends = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Range(min(ends), max(ends))

    def __truediv__(self, other: Range) -> Range:
        if other.lo <= 0 <= other.hi:
            raise Undefined("division by what may be zero")
        return self * Range(1 / other.hi, 1 / other.lo)

    def __abs__(self) -> Range:
        if self.lo >= 0:
            return self
        return -self if self.hi <= 0 else Range(Fraction(0), max(-self.lo, self.hi))

    def __neg__(self) -> Range:
        return Range(-self.hi, -self.lo)

    def scaled(self, factor: Fraction) -> Range:
        """Returns the interval times a positive factor."""
        return Range(self.lo * factor, self.hi * factor)

    def meets(self, other: Range) -> bool:
        """Tells whether some value lies in both."""
        return self.lo <= other.hi and other.lo <= self.hi

    @property
    def middle(self) -> Fraction:
        """The value halfway between the ends."""
        return (self.lo + self.hi) / 2

    @property
    def point(self) -> bool:
        """Whether the interval is one exact value."""
        return self.lo == self.hi


def point(value: Fraction | int) -> Range:
    """Returns the interval of one exact value."""
    return Range(Fraction(value), Fraction(value))


def around(value: Fraction, radius: Fraction) -> Range:
    """Returns the interval of a value and its uncertainty each way."""
    return Range(value - radius, value + radius)


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "ln": math.log,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": _softplus,
}
"""Increasing functions that a text may name."""


def apply(name: str, argument: Range) -> Range:
    """Returns the image of an interval under an increasing function; raises ``Undefined`` outside it."""
    try:
        ends = [Fraction(FUNCTIONS[name](float(end))) for end in (argument.lo, argument.hi)]
    except (ValueError, OverflowError) as error:
        raise Undefined(f"{name} of {float(argument.lo):g}") from error
    return Range(ends[0] - abs(ends[0]) * GUARD, ends[1] + abs(ends[1]) * GUARD)


def power(base: Range, exponent: Range) -> Range:
    """Returns a power with an exact whole exponent from 0 to 64; raises ``Undefined`` for any other."""
    if not exponent.point or exponent.lo.denominator != 1 or not 0 <= exponent.lo <= 64 or base.lo < 0:
        raise Undefined("a power that is not computed here")
    return Range(base.lo**exponent.lo.numerator, base.hi**exponent.hi.numerator)
