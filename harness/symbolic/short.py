"""Decimals as people write them: the shortest in an interval, a rounding, and how many digits one has."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal


def shortest(low: float, high: float) -> str:
    """Returns the decimal with the fewest digits between two positive bounds, both included."""
    bottom, top = Decimal(max(low, 0.0)), Decimal(high)
    place = top.adjusted()
    while True:
        unit = Decimal(1).scaleb(place)
        found = (bottom / unit).to_integral_value(ROUND_CEILING) * unit
        if found <= top and found > 0:
            return plain(f"{found:e}")
        place -= 1


def plain(text: str) -> str:
    """Writes a decimal as short as it goes, as Python would: 0.0003, 1e-05, 200."""
    if " / " in text or not text:
        return text
    value = abs(Decimal(text).normalize())
    return f"{value:f}" if -5 < value.adjusted() < 6 else f"{value:e}".replace("e+", "e")


def rounded(value: float, places: int) -> str:
    """Rounds to so many significant digits."""
    return plain(f"{value:.{places - 1}e}")


def quotient(share: str) -> float:
    """Returns the value of a decimal, or of two with a stroke between them; empty is 0."""
    low, _, top = share.partition(" / ")
    return float(low or 0) / float(top or 1)


def digit_count(text: str) -> int:
    """Counts significant digits without the zeros at the end, of both sides of a quotient."""
    return sum(max(1, len(Decimal(part).normalize().as_tuple().digits)) for part in text.split(" / ") if part)


def place_count(text: str) -> int:
    """Counts the decimal places of a share between 0 and 1, or the digits of a quotient."""
    if " / " in text or not text:
        return digit_count(text)
    exponent = Decimal(text).normalize().as_tuple().exponent
    return max(1, -exponent) if isinstance(exponent, int) else 1
