"""Scalar types that carry meaning: printed numbers, expressions, and names that refer to something."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE](?P<exponent>[+-]?\d+))?\Z", re.ASCII)
_SPECIAL = {"nan": "nan", "inf": "inf", "infinity": "inf"}
MAX_DIGITS = 400
MAX_EXPONENT = 400


class Expression(str):
    """Text in the small maths grammar of ``harness.symbolic``."""

    __slots__ = ()


class Condition(str):
    """Comparisons of a variable that is not written: ``>= 0 and < 1``, or ``real`` for none."""

    __slots__ = ()


class InputName(str):
    """The name of an entry under ``inputs:``."""

    __slots__ = ()


class RunName(str):
    """The name of an entry under ``runs:``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as somebody printed it: the text is kept because its digits say how exact it is.

    ``nan`` and ``inf`` (any case, signed) are representable and answer ``finite`` with False.
    Raises ``ValueError`` on anything else that is not a decimal number.
    """

    text: str

    def __post_init__(self) -> None:
        if self.special is not None:
            return
        match = _NUMBER.match(self.text)
        if match is None:
            raise ValueError(f"not a number: {self.text[:40]!r}")
        # Long exponents are refused unread: they are more than ``Decimal`` holds, also those of zero.
        vast = len(self.text) > MAX_DIGITS or len(match["exponent"] or "") > 6
        if vast or abs(_decimal(self.text).adjusted()) > MAX_EXPONENT:
            raise ValueError(f"number too long or too large: {self.text[:40]!r}…")

    @property
    def special(self) -> str | None:
        """``nan`` or ``inf`` (sign dropped), or None for an ordinary number."""
        return _SPECIAL.get((self.text[1:] if self.text[:1] in ("+", "-") else self.text).lower())

    @property
    def finite(self) -> bool:
        """Whether this is an ordinary number."""
        return self.special is None

    @property
    def integral(self) -> bool:
        """Whether it was printed without point and exponent, so that it counts and does not measure."""
        return self.text.lstrip("+-").isdigit()

    @property
    def exact(self) -> Fraction:
        """The exact rational value of the digits; raises ``ValueError`` for nan and inf."""
        from fractions import Fraction

        return Fraction(self.text)

    @property
    def decimals(self) -> int:
        """How many decimal places the digits reach (negative for 1.2e5)."""
        exponent = _decimal(self.text).as_tuple().exponent
        return -exponent if isinstance(exponent, int) else 0

    @property
    def significant(self) -> int:
        """How many significant digits are printed; at least one."""
        return max(1, len(_decimal(self.text).as_tuple().digits))

    def __float__(self) -> float:
        return float(self.text)

    def __str__(self) -> str:
        return self.text


def _decimal(text: str) -> Decimal:
    from decimal import Decimal

    return Decimal(text)


Cell = Printed | str | bool | None
"""One cell of a log: a printed number, a word, a truth value, or nothing."""
