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
    numbers = [_number(cell, name) for cell in cells]
    shown = [_shown(number) if number is not None and number.finite else None for number in numbers]
    return _vector(numbers, shown, survey(numbers, shown), guard)


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What the cells of a column show together: whether zeros end some, and how exact they are at best.

    ``finest`` is the least exponent of a last digit that is not zero, ``longest`` the most digits before one;
    None where no cell is other than zero. ``counts`` says that all are whole numbers without a point.
    """

    counts: bool = True
    padded: bool = False
    finest: int | None = None
    longest: int | None = None

    def and_(self, other: Survey) -> Survey:
        """Returns what two parts of one column show together."""
        fine = [part for part in (self.finest, other.finest) if part is not None]
        long = [part for part in (self.longest, other.longest) if part is not None]
        return Survey(
            counts=self.counts and other.counts,
            padded=self.padded or other.padded,
            finest=min(fine, default=None),
            longest=max(long, default=None),
        )


def survey_of(cells: Sequence[Cell], name: str = "a column") -> Survey:
    """Returns what some cells of a column show; raises ``InputError`` for a word that is no number."""
    numbers = [_number(cell, name) for cell in cells]
    return survey(numbers, [_shown(n) if n is not None and n.finite else None for n in numbers])


def survey(numbers: Sequence[Printed | None], shown: Sequence[_Shown | None]) -> Survey:
    """Returns what numbers show whose digits were looked at."""
    known = [digits for digits in shown if digits]
    pairs = [(d.leading, d.bare) for d in known if d.leading is not None and d.bare is not None]
    return Survey(
        counts=all(number.integral for number in numbers if number is not None and number.finite),
        padded=any(digits.padded for digits in known),
        finest=min((bare for _, bare in pairs), default=None),
        longest=max((leading - bare + 1 for leading, bare in pairs), default=None),
    )


def surveyed(cells: Sequence[Cell], found: Survey, *, guard: Guard, name: str) -> Vector:
    """Returns the intervals of some cells of a column of which all cells were surveyed."""
    numbers = [_number(cell, name) for cell in cells]
    shown = [_shown(number) if number is not None and number.finite else None for number in numbers]
    return _vector(numbers, shown, found, guard)


def _vector(
    numbers: Sequence[Printed | None], shown: Sequence[_Shown | None], found: Survey, guard: Guard
) -> Vector:
    import numpy as np

    value = np.array([float(n) if n is not None and n.finite else 0.0 for n in numbers])
    state = np.array(
        [MISSING if n is None else FINE if n.finite else SPECIAL for n in numbers], dtype=np.int8
    )
    if found.counts:
        return widened(value, np.zeros(len(numbers)), state)
    if found.padded:
        places = [digits.last if digits else 0 for digits in shown]
    else:
        finest, longest = min(0, found.finest or 0), found.longest or 1
        places = [_place(digits, finest, longest) for digits in shown]
    units = np.array([float(f"1e{place}") for place in places])
    return widened(value, radius_of(units, value, guard), state)


def radius_of(units: Array, value: Array, guard: Guard) -> Array:
    """Returns half a unit, and the guard of the trainer's arithmetic, around each value."""
    import numpy as np

    radius: Array = units / 2 * (1 + 2.0**-50) + GUARDS[guard] * np.abs(value)
    return radius


def widened(value: Array, radius: Array, state: Array) -> Vector:
    """Returns the intervals around values, rounded outward where they are not exact."""
    import numpy as np

    inexact = (radius > 0) | (np.abs(value) > 2.0**53)
    with np.errstate(all="ignore"):
        lo, hi = value - radius, value + radius
    moved = True if bool(inexact.all()) else inexact
    for _ in range(2):
        np.nextafter(lo, -np.inf, out=lo, where=moved)
        np.nextafter(hi, np.inf, out=hi, where=moved)
    fine = (state == FINE) & np.isfinite(value)
    if bool(fine.all()):
        return Vector(lo, hi, state)
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


def _place(digits: _Shown | None, finest: int, longest: int) -> int:
    """Returns the power of ten of the last place that a cell of an unpadded column is known to."""
    if digits is None or digits.leading is None or digits.bare is None:
        return finest
    return min(digits.bare, max(finest, digits.leading - longest + 1))
