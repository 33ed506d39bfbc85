"""Numbers of binary formats for people: in decimal to all their digits, with the exact hexadecimal form."""

from __future__ import annotations

from fractions import Fraction

from harness.symbolic.formats import Format, hexadecimal
from harness.symbolic.rounding import Reach

_PLAIN = 1e6


def shown(value: Fraction | int | str) -> str:
    """Writes a number of a format, given exactly or as hexadecimal text; a small whole number only once."""
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else hexadecimal(value)
    number = float.fromhex(text)
    if not is_finite(text) or (abs(number) < _PLAIN and number == round(number)):
        return repr(number)
    mantissa, _, exponent = number.hex().partition("p")
    return f"{number!r} = {mantissa.rstrip('0').rstrip('.')}p{exponent}"


def shown_reach(value: Reach, form: Format) -> str:
    """Writes an enclosure: the number if it is one of the format, else to the digits that tell it apart."""
    if value.exact and form.holds(value.low):
        return shown(value.low)
    middle = (value.low + value.high) / 2
    if value.high - value.low <= form.ulp(middle) / 1024:
        return decimal(middle, 20)
    return f"between {decimal(value.low, 17)} and {decimal(value.high, 17)}"


def decimal(value: Fraction, digits: int) -> str:
    """Writes a fraction in decimal to so many digits."""
    from decimal import Context, Decimal

    context = Context(prec=digits)
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(context))


def ulps(count: Fraction) -> str:
    """Writes a number of units in the last place to three digits."""
    return f"{float(count):.3g}" if count < 10**30 else "more than 1e30"


def is_finite(text: str) -> bool:
    """Tells whether hexadecimal text is a number."""
    return text not in ("nan", "inf", "-inf")
