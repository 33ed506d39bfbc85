"""Printed digits to intervals: how exact a logged column is, judged by the digits that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from harness.model.problem import InputError
from harness.model.values import Cell, Printed
from harness.symbolic.vectors import FINE, MISSING, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

Guard = Literal["float32", "float64"]
GUARDS: dict[str, float] = {"float32": 2.0**-22, "float64": 2.0**-48}


@dataclass(frozen=True, slots=True)
class _Shown:
    """The digits of one cell: exponents of its leading and last digit, as printed and without end zeros.

    ``leading`` and ``bare`` are None for zero; ``padded`` says that zeros were written that no shortest
    form has (2.50, but not 2.0).
    """

    leading: int | None
    last: int
    bare: int | None
    padded: bool


def column(cells: Sequence[Cell], *, guard: Guard = "float32", name: str = "a column") -> Vector:
    """Returns one interval per cell: half a unit in the last printed place each way, and a guard.

    A column in which some cell ends in written-out zeros (2.50) was formatted: each cell's last digit is
    its unit. Any other may be numbers that were rounded and then printed in their shortest form, where
    0.00003000 stands as 3e-05 and 1230 as 1230.0, so zeros at the end say nothing. With D the most
    decimals and S the most significant digits that any cell shows, the unit of a cell is the larger of
    10^-D and the unit of its S-th significant digit (whichever way the trainer rounded, that is no finer
    than the truth), but never wider than the last digit of its own that is not zero. The guard, relative,
    stands for the trainer's arithmetic: 2^-22 for float32, 2^-48 for float64. A column of whole numbers
    printed without point and exponent counts and is exact. A word that is a number is read as one; raises
    ``InputError`` for any other word and for true and false.
    """
    import numpy as np

    numbers = [_number(cell, name) for cell in cells]
    plain = [number for number in numbers if number is not None and number.finite]
    value = np.array([float(n) if n is not None and n.finite else 0.0 for n in numbers])
    state = np.array(
        [MISSING if n is None else FINE if n.finite else SPECIAL for n in numbers], dtype=np.int8
    )
    counts = all(number.integral for number in plain)
    radius = np.zeros(len(numbers)) if counts else _radius(numbers, value, GUARDS[guard])
    inexact = (radius > 0) | (np.abs(value) > 2.0**53)
    with np.errstate(all="ignore"):
        lo, hi = value - radius, value + radius
    for _ in range(2):
        lo = np.where(inexact, np.nextafter(lo, -np.inf), lo)
        hi = np.where(inexact, np.nextafter(hi, np.inf), hi)
    fine = (state == FINE) & np.isfinite(value)
    return Vector(np.where(fine, lo, -np.inf), np.where(fine, hi, np.inf), state)


def scalar(number: Printed, *, guard: Guard = "float32") -> Vector:
    """Returns the interval of one published number, as a vector of length 1.

    Somebody wrote it for readers, so its zeros at the end count: 9.0 is 9.0 ± 0.05. A whole number
    without point and exponent is exact.
    """
    import numpy as np

    if not number.finite or number.integral:
        return column([number], guard=guard)
    value = np.array([float(number)])
    radius = float(f"1e{-number.decimals}") / 2 * (1 + 2.0**-50) + GUARDS[guard] * np.abs(value)
    lo, hi = np.nextafter(value - radius, -np.inf), np.nextafter(value + radius, np.inf)
    return Vector(np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf), np.zeros(1, np.int8))


def _number(cell: Cell, name: str) -> Printed | None:
    if cell is None or isinstance(cell, Printed):
        return cell
    if isinstance(cell, str):
        try:
            return Printed(cell.strip())
        except ValueError:
            pass
    raise InputError(f"{name} holds {cell!r}, which is no number")


def _shown(number: Printed) -> _Shown:
    value = Decimal(number.text)
    digits, exponent = value.as_tuple().digits, int(value.as_tuple().exponent)
    zeros = next((place for place, digit in enumerate(reversed(digits)) if digit), None)
    fraction = number.text.lower().partition("e")[0].partition(".")[2]
    return _Shown(
        leading=value.adjusted() if zeros is not None else None,
        last=exponent,
        bare=exponent + zeros if zeros is not None else None,
        padded=len(fraction) > 1 and fraction.endswith("0"),
    )


def _radius(numbers: Sequence[Printed | None], value: Array, guard: float) -> Array:
    import numpy as np

    shown = [_shown(number) if number is not None and number.finite else None for number in numbers]
    known = [digits for digits in shown if digits]
    if any(digits.padded for digits in known):
        places = [digits.last if digits else 0 for digits in shown]
    else:
        finest = min((digits.bare for digits in known if digits.bare is not None), default=0)
        longest = max(
            (d.leading - d.bare + 1 for d in known if d.leading is not None and d.bare is not None), default=1
        )
        places = [_place(digits, min(0, finest), longest) for digits in shown]
    units = np.array([float(f"1e{place}") for place in places])
    radius: Array = units / 2 * (1 + 2.0**-50) + guard * np.abs(value)
    return radius


def _place(digits: _Shown | None, finest: int, longest: int) -> int:
    """Returns the power of ten of the last place that a cell of an unpadded column is known to."""
    if digits is None or digits.leading is None or digits.bare is None:
        return finest
    return min(digits.bare, max(finest, digits.leading - longest + 1))
