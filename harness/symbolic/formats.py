"""Binary floating-point formats in exact rationals: rounding to nearest, neighbours, units in the last place.

Source: IEEE 754-2019 table 3.5 for binary16, 32 and 64; bfloat16 is binary32 with 8 bits of precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One format: ``precision`` bits with the hidden one; normal numbers lie in 2**low up to 2**(high + 1).

    ``twice`` are the bits of a wider format that a result may be rounded to before it is rounded to this one:
    hardware computes the half formats in float32.
    """

    name: str
    precision: int
    low: int
    high: int
    twice: int | None = None

    @property
    def unit(self) -> Fraction:
        """The largest relative error of one rounding."""
        return _two(-self.precision) + (_two(1 - self.twice) if self.twice is not None else 0)

    @property
    def smallest(self) -> Fraction:
        """The smallest positive number, a denormal."""
        return _two(self.low - self.precision + 1)

    @property
    def normal(self) -> Fraction:
        """The smallest positive normal number."""
        return _two(self.low)

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        return (2 - _two(1 - self.precision)) * _two(self.high)

    def ulp(self, value: Fraction) -> Fraction:
        """Returns the distance between neighbours at the magnitude of ``value``."""
        return _two(max(_exponent(value), self.low) - self.precision + 1) if value else self.smallest

    def nearest(self, value: Fraction) -> Fraction:
        """Rounds to nearest, ties to even, as if there were no largest exponent."""
        unit = self.ulp(value)
        return round(value / unit) * unit

    def holds(self, value: Fraction) -> bool:
        """Tells whether a number is one of this format's finite ones."""
        return abs(value) <= self.largest and not (value / self.ulp(value)).denominator > 1

    def above(self, value: Fraction) -> Fraction:
        """Returns the smallest number of this format above one of its own."""
        if value < 0:
            return -self._below_magnitude(-value)
        return value + self.ulp(value)

    def below(self, value: Fraction) -> Fraction:
        """Returns the largest number of this format below one of its own."""
        return -self.above(-value)

    def _below_magnitude(self, value: Fraction) -> Fraction:
        """Steps towards zero; at a power of two the numbers below are twice as dense."""
        unit = self.ulp(value)
        lower = value - unit / 2 if value == _two(_exponent(value)) and value > self.normal else value - unit
        return lower if self.holds(lower) else value - unit

    def up(self, value: Fraction) -> Fraction:
        """Returns the smallest number of this format at or above any number."""
        near = self.nearest(value)
        return near if near >= value else self.above(near)

    def down(self, value: Fraction) -> Fraction:
        """Returns the largest number of this format at or below any number."""
        return -self.up(-value)


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(name="float16", precision=11, low=-14, high=15, twice=24),
        Format(name="bfloat16", precision=8, low=-126, high=127, twice=24),
        Format(name="float32", precision=24, low=-126, high=127),
        Format(name="float64", precision=53, low=-1022, high=1023),
    )
}
DOUBLE = FORMATS["float64"]


def hexadecimal(value: Fraction) -> str:
    """Writes a number of any of the formats as C and Python write it in hexadecimal: ``0x1.8p+1``."""
    return float(value).hex()


def _exponent(value: Fraction) -> int:
    """Returns the floor of the binary logarithm of a magnitude above zero."""
    top, bottom = abs(value.numerator), value.denominator
    guess = top.bit_length() - bottom.bit_length()
    return guess if (top >= bottom << guess if guess >= 0 else top << -guess >= bottom) else guess - 1


def _two(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)
