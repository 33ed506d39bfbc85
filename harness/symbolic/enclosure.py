"""Rational enclosures: two fractions between which a real number is proven to lie.

Arithmetic on single fractions stays exact until a number grows past ``EXACT_BITS``; everything else is
rounded outwards. ``exp`` and ``log`` rest on the decimal module, whose two are correctly rounded, widened
by more than that; square roots, pi and cosines on integer arithmetic with counted errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import isqrt

EXACT_BITS = 4_096
MAX_SCALE = 60_000
MAX_POWER = 1_000_000
MAX_EXP = 10_000


class Undefined(ArithmeticError):
    """The expression has no value at this point: a division by zero, a root or logarithm out of domain."""


class Undecided(ArithmeticError):
    """The enclosure is too wide, or the number too large, to tell."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A real number, known to lie between two fractions; exact when they are equal."""

    low: Fraction
    high: Fraction

    @property
    def exact(self) -> bool:
        """Whether the number itself is known."""
        return self.low == self.high

    @property
    def largest(self) -> Fraction:
        """The largest magnitude inside."""
        return max(abs(self.low), abs(self.high))

    def straddles(self, value: Fraction | int) -> bool:
        """Tells whether a value lies inside."""
        return self.low <= value <= self.high


def point(value: Fraction | int) -> Enclosure:
    """Returns the enclosure of one exact number."""
    return Enclosure(Fraction(value), Fraction(value))


def round_down(value: Fraction, bits: int) -> Fraction:
    """Returns a dyadic number just below ``value`` with about ``bits`` significant bits."""
    top, bottom = value.numerator, value.denominator
    if top.bit_length() <= bits and bottom.bit_length() <= bits:
        return value
    shift = bits - (top.bit_length() - bottom.bit_length())
    if abs(shift) > MAX_SCALE:
        raise Undecided("a number too large or too small")
    if shift >= 0:
        return Fraction((top << shift) // bottom, 1 << shift)
    return Fraction((top // (bottom << -shift)) << -shift)


def fit(low: Fraction, high: Fraction, bits: int) -> Enclosure:
    """Returns the enclosure of two bounds, rounded outwards unless it is one number of bearable size."""
    if low == high and max(low.numerator.bit_length(), low.denominator.bit_length()) <= EXACT_BITS:
        return Enclosure(low, high)
    return Enclosure(round_down(low, bits), -round_down(-high, bits))


def hull(*parts: Enclosure) -> Enclosure:
    """Returns the smallest enclosure around all of them."""
    return Enclosure(min(p.low for p in parts), max(p.high for p in parts))


def add(a: Enclosure, b: Enclosure, bits: int) -> Enclosure:
    """Encloses a + b."""
    return fit(a.low + b.low, a.high + b.high, bits)


def negate(a: Enclosure) -> Enclosure:
    """Encloses -a."""
    return Enclosure(-a.high, -a.low)


def multiply(a: Enclosure, b: Enclosure, bits: int) -> Enclosure:
    """Encloses a * b."""
    if a.exact and b.exact:
        return fit(a.low * b.low, a.low * b.low, bits)
    products = (a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high)
    return fit(min(products), max(products), bits)


def divide(a: Enclosure, b: Enclosure, bits: int) -> Enclosure:
    """Encloses a / b; raises ``Undefined`` where b is zero and ``Undecided`` where it may be."""
    if b.straddles(0):
        if b.exact:
            raise Undefined("division by zero")
        raise Undecided("a divisor that may be zero")
    return multiply(a, Enclosure(1 / b.high, 1 / b.low), bits)


def power(a: Enclosure, exponent: int, bits: int) -> Enclosure:
    """Encloses a to an integer power; raises ``Undefined`` for zero to a negative one."""
    if abs(exponent) > MAX_POWER:
        raise Undecided("a power too large to work out")
    if exponent < 0:
        return divide(point(1), power(a, -exponent, bits), bits)
    if exponent % 2 == 0 and a.low < 0:
        a = negate(a) if a.high <= 0 else Enclosure(Fraction(0), a.largest)
    low, high = _whole_power(a.low, exponent, bits)[0], _whole_power(a.high, exponent, bits)[1]
    return fit(low, high, bits)


def _whole_power(base: Fraction, exponent: int, bits: int) -> tuple[Fraction, Fraction]:
    """Bounds base**exponent; a negative base comes here with an odd exponent only."""
    sign = -1 if base < 0 and exponent % 2 else 1
    result, square = point(1), point(abs(base))
    while exponent:
        if exponent & 1:
            result = multiply(result, square, bits)
        exponent >>= 1
        if exponent:
            square = multiply(square, square, bits)
    return (result.low, result.high) if sign > 0 else (-result.high, -result.low)


def square_root(a: Enclosure, bits: int) -> Enclosure:
    """Encloses the square root; raises ``Undefined`` below zero."""
    if a.high < 0:
        raise Undefined("square root of a negative number")
    if a.low < 0:
        raise Undecided("a square root of what may be negative")
    return fit(_root(a.low, bits)[0], _root(a.high, bits)[1], bits)


def _root(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom), Fraction(top, bottom)
    shift = max(bits, bits + value.denominator.bit_length() - value.numerator.bit_length())
    floor = isqrt((value.numerator << (2 * shift)) // value.denominator)
    return Fraction(floor, 1 << shift), Fraction(floor + 1, 1 << shift)


def _context(bits: int, rounding: str | None = None) -> Context:
    return Context(prec=bits * 31 // 100 + 6, rounding=rounding, Emax=MAX_EMAX, Emin=MIN_EMIN)


def _decimals(a: Enclosure, bits: int) -> tuple[Decimal, Decimal]:
    down, up = _context(bits, ROUND_FLOOR), _context(bits, ROUND_CEILING)
    return (
        down.divide(Decimal(a.low.numerator), Decimal(a.low.denominator)),
        up.divide(Decimal(a.high.numerator), Decimal(a.high.denominator)),
    )


def exponential(a: Enclosure, bits: int) -> Enclosure:
    """Encloses e**a; raises ``Undecided`` for arguments past ten thousand."""
    if a.largest > MAX_EXP:
        raise Undecided("an exponential too large or too small")
    if a.exact and not a.low:
        return point(1)
    low, high = _decimals(a, bits)
    context = _context(bits)
    return fit(_widened(context.exp(low), context)[0], _widened(context.exp(high), context)[1], bits)


def _widened(value: Decimal, context: Context) -> tuple[Fraction, Fraction]:
    """Bounds what the decimal module rounded correctly: off by half a unit in the last place at most.

    Not ``next_minus``: beside zero that is a number of a million digits.
    """
    middle = Fraction(value)
    slack = abs(middle) / 10 ** (context.prec - 2)
    return middle - slack, middle + slack


def logarithm(a: Enclosure, bits: int) -> Enclosure:
    """Encloses the natural logarithm; raises ``Undefined`` at and below zero."""
    if a.high <= 0:
        raise Undefined("logarithm of a number that is not positive")
    if a.low <= 0:
        raise Undecided("a logarithm of what may not be positive")
    if a.exact and a.low == 1:
        return point(0)
    low, high = _decimals(a, bits)
    context = _context(bits)
    return fit(_widened(context.ln(low), context)[0], _widened(context.ln(high), context)[1], bits)


def hyperbolic_tangent(a: Enclosure, bits: int) -> Enclosure:
    """Encloses tanh(a) by 1 - 2 / (exp(2a) + 1), which rises with a."""
    if a.exact and not a.low:
        return point(0)
    limit = Fraction(MAX_EXP, 2)
    inner = Enclosure(max(-limit, min(limit, a.low)), max(-limit, min(limit, a.high)))
    grown = add(exponential(multiply(point(2), inner, bits), bits), point(1), bits)
    found = add(point(1), negate(divide(point(2), grown, bits)), bits)
    low = Fraction(-1) if a.low < -limit else max(found.low, Fraction(-1))
    high = Fraction(1) if a.high > limit else min(found.high, Fraction(1))
    return Enclosure(low, high)


@lru_cache(maxsize=16)
def pi(bits: int) -> Enclosure:
    """Encloses pi by Machin's formula, 16 atan(1/5) - 4 atan(1/239), every floor counted as an error."""
    scale = bits + 40

    def arctangent(inverse: int) -> tuple[int, int]:
        term, total, count = (1 << scale) // inverse, 0, 0
        while term:
            total += (term // (2 * count + 1)) * (-1) ** count
            term //= inverse * inverse
            count += 1
        return total, 3 * count + 3

    first, wrong_first = arctangent(5)
    second, wrong_second = arctangent(239)
    middle, wrong = 16 * first - 4 * second, 16 * wrong_first + 4 * wrong_second
    return Enclosure(Fraction(middle - wrong, 1 << scale), Fraction(middle + wrong, 1 << scale))


def cosine(a: Enclosure, bits: int) -> Enclosure:
    """Encloses cos(a): the value at a middle point, widened by the distance to it (slope at most 1)."""
    everything = Enclosure(Fraction(-1), Fraction(1))
    if a.high - a.low > 2 or a.largest > 1 << bits:
        return everything
    if a.exact and not a.low:
        return point(1)
    turn = multiply(point(2), pi(2 * bits), 2 * bits)
    turns = round((a.low + a.high) / 2 / turn.low)
    reduced = add(a, negate(multiply(point(turns), turn, 2 * bits)), 2 * bits)
    scale = bits + 32
    middle = int((reduced.low + reduced.high) / 2 * (1 << scale))
    centre = Fraction(middle, 1 << scale)
    spread = max(abs(reduced.high - centre), abs(reduced.low - centre))
    if abs(centre) > 4:
        return everything
    value, wrong = Fraction(_cosine_series(middle, scale), 1 << scale), Fraction(8 * scale, 1 << scale)
    low, high = max(value - wrong - spread, Fraction(-1)), min(value + wrong + spread, Fraction(1))
    return fit(low, high, bits)


def _cosine_series(argument: int, scale: int) -> int:
    """Sums the cosine series in integers scaled by 2**scale, for arguments of at most 4.

    Every term loses less than two units to floors and carries its predecessor's loss times
    4**2 / (n (n - 1)): below 6 units a term, below 8 * scale in all, the cut tail included.
    """
    square = (argument * argument) >> scale
    term, total, count = 1 << scale, 0, 0
    while term:
        total += -term if count % 2 else term
        count += 1
        term = ((term * square) >> scale) // ((2 * count - 1) * (2 * count))
    return total


def sine(a: Enclosure, bits: int) -> Enclosure:
    """Encloses sin(a) as cos(a - pi/2)."""
    if a.exact and not a.low:
        return point(0)
    quarter = multiply(point(Fraction(1, 2)), pi(2 * bits), 2 * bits)
    return cosine(add(a, negate(quarter), 2 * bits), bits)
