"""Interval arithmetic on whole columns: every row is a closed interval that surely holds the true value.

Each operation rounds its bounds outward by one unit in the last place, or not at all where it is exact
(so counts stay counts); exp, log, powers and the trigonometric functions by eight, because numpy promises
four. What is not defined (a division by an interval around 0, the logarithm of a negative number) is the
whole line, which decides nothing. Rows without a value carry a state instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

FINE, MISSING, SPECIAL = 0, 1, 2
"""What a row has: a number, nothing, or nan or inf; the larger wins when values meet."""
ULPS = 8
_EXACT = 2.0**53


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One interval ``[lo, hi]`` per row (float64) with its ``state`` (int8); length 1 fits any length."""

    lo: Array
    hi: Array
    state: Array

    def __len__(self) -> int:
        return len(self.lo)


def point(value: Fraction) -> Vector:
    """Returns the narrowest interval of doubles around an exact number, as a vector of length 1."""
    import numpy as np

    try:
        near = float(value)
    except OverflowError:
        near = math.inf if value > 0 else -math.inf
    low = high = near
    if math.isinf(near) or Fraction(near) > value:
        low = math.nextafter(near, -math.inf)
    if math.isinf(near) or Fraction(near) < value:
        high = math.nextafter(near, math.inf)
    return Vector(np.array([low]), np.array([high]), np.zeros(1, np.int8))


def outward(lo: Array, hi: Array, state: Array, ulps: int = 1) -> Vector:
    """Builds a vector whose bounds are moved apart by ``ulps``; a bound that is nan becomes infinite."""
    import numpy as np

    for _ in range(ulps):
        lo, hi = np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf)
    odd = np.isnan(lo), np.isnan(hi)
    return Vector(
        np.where(odd[0], -np.inf, lo) if odd[0].any() else lo,
        np.where(odd[1], np.inf, hi) if odd[1].any() else hi,
        state,
    )


def states(*parts: Vector) -> Array:
    """Returns the state of a row that is made of several values."""
    import numpy as np

    return np.asarray(reduce(np.maximum, (part.state for part in parts)))


def negate(a: Vector) -> Vector:
    """Returns -a, exactly."""
    return Vector(-a.hi, -a.lo, a.state)


def add(a: Vector, b: Vector) -> Vector:
    """Returns a + b; a sum without rounding error keeps its bounds (Knuth's two-sum tells)."""
    import numpy as np

    with np.errstate(all="ignore"):
        lo, hi = a.lo + b.lo, a.hi + b.hi
        low_exact, high_exact = _two_sum(a.lo, b.lo, lo), _two_sum(a.hi, b.hi, hi)
    wide = outward(lo, hi, states(a, b))
    return Vector(np.where(low_exact, lo, wide.lo), np.where(high_exact, hi, wide.hi), wide.state)


def _two_sum(a: Array, b: Array, total: Array) -> Array:
    part = total - a
    exact: Array = ((a - (total - part)) + (b - part)) == 0
    return exact


def subtract(a: Vector, b: Vector) -> Vector:
    """Returns a - b."""
    return add(a, negate(b))


def multiply(a: Vector, b: Vector) -> Vector:
    """Returns a * b; products of whole numbers below 2^53 are exact."""
    import numpy as np

    with np.errstate(all="ignore"):
        corners = [one * other for one in _ends(a) for other in _ends(b)]
    lo, hi = reduce(np.minimum, corners), reduce(np.maximum, corners)
    if np.isnan(lo).any():
        # 0 * inf: the zero bound is a true zero, so the product is zero and not undefined.
        corners = [np.where(np.isnan(corner), 0.0, corner) for corner in corners]
        lo, hi = reduce(np.minimum, corners), reduce(np.maximum, corners)
    wide = outward(lo, hi, states(a, b))
    shorter, longer = (a, b) if len(a.lo) <= len(b.lo) else (b, a)
    whole = _whole(shorter)
    if not whole.any():
        return wide
    exact = whole & _whole(longer) & (np.abs(lo) <= _EXACT) & (np.abs(hi) <= _EXACT)
    return Vector(np.where(exact, lo, wide.lo), np.where(exact, hi, wide.hi), wide.state)


def _ends(a: Vector) -> tuple[Array, ...]:
    """Returns the two ends of a vector, and once what is one number, known exactly, for all rows."""
    return (a.lo,) if len(a.lo) == 1 and a.lo[0] == a.hi[0] else (a.lo, a.hi)


def _whole(a: Vector) -> Array:
    import numpy as np

    with np.errstate(all="ignore"):
        whole: Array = (a.lo == np.floor(a.lo)) & (a.hi == np.floor(a.hi)) & (np.abs(a.lo) <= _EXACT)
    return whole & (np.abs(a.hi) <= _EXACT)


def divide(a: Vector, b: Vector) -> Vector:
    """Returns a / b; the whole line where b may be 0."""
    import numpy as np

    with np.errstate(all="ignore"):
        corners = np.stack(np.broadcast_arrays(a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi))
        undefined = (b.lo <= 0) & (b.hi >= 0) | np.isnan(corners).any(axis=0)
        lo = np.where(undefined, -np.inf, corners.min(axis=0))
        hi = np.where(undefined, np.inf, corners.max(axis=0))
        exact = _whole(a) & _whole(b) & (lo == hi) & (lo == np.floor(lo)) & (np.abs(lo) <= _EXACT)
        exact &= lo * b.lo == a.lo
    wide = outward(lo, hi, states(a, b))
    return Vector(np.where(exact, lo, wide.lo), np.where(exact, hi, wide.hi), wide.state)


def absolute(a: Vector) -> Vector:
    """Returns abs(a), exactly."""
    import numpy as np

    least = np.minimum(np.abs(a.lo), np.abs(a.hi))
    crosses = (a.lo <= 0) & (a.hi >= 0)
    return Vector(np.where(crosses, 0.0, least), np.maximum(np.abs(a.lo), np.abs(a.hi)), a.state)


def smallest(*parts: Vector) -> Vector:
    """Returns the row-wise minimum, exactly."""
    import numpy as np

    lo, hi = (reduce(np.minimum, bounds) for bounds in zip(*((p.lo, p.hi) for p in parts), strict=True))
    return Vector(np.asarray(lo), np.asarray(hi), states(*parts))


def largest(*parts: Vector) -> Vector:
    """Returns the row-wise maximum, exactly."""
    return negate(smallest(*(negate(part) for part in parts)))


def clip(a: Vector, low: Vector, high: Vector) -> Vector:
    """Returns min(max(a, low), high)."""
    return smallest(largest(a, low), high)


def floor(a: Vector) -> Vector:
    """Returns the largest whole number that is not above a, exactly."""
    import numpy as np

    return Vector(np.floor(a.lo), np.floor(a.hi), a.state)


def exp(a: Vector) -> Vector:
    """Returns e^a."""
    import numpy as np

    with np.errstate(all="ignore"):
        wide = outward(np.exp(a.lo), np.exp(a.hi), a.state, ULPS)
    return Vector(np.maximum(wide.lo, 0.0), wide.hi, a.state)


def log(a: Vector) -> Vector:
    """Returns ln(a) of the positive part of a."""
    import numpy as np

    with np.errstate(all="ignore"):
        wide = outward(np.log(np.maximum(a.lo, 0.0)), np.log(a.hi), a.state, ULPS)
    return _where_defined(wide, a.hi > 0)


def sqrt(a: Vector) -> Vector:
    """Returns the square root of the part of a that is not negative."""
    import numpy as np

    with np.errstate(all="ignore"):
        wide = outward(np.sqrt(np.maximum(a.lo, 0.0)), np.sqrt(a.hi), a.state)
    return _where_defined(Vector(np.maximum(wide.lo, 0.0), wide.hi, a.state), a.hi >= 0)


def _where_defined(a: Vector, defined: Array) -> Vector:
    import numpy as np

    return Vector(np.where(defined, a.lo, -np.inf), np.where(defined, a.hi, np.inf), a.state)


def tanh(a: Vector) -> Vector:
    """Returns the hyperbolic tangent of a."""
    import numpy as np

    wide = outward(np.tanh(a.lo), np.tanh(a.hi), a.state, ULPS)
    return Vector(np.maximum(wide.lo, -1.0), np.minimum(wide.hi, 1.0), a.state)


def cos(a: Vector) -> Vector:
    """Returns the cosine of a; a turning point that may lie inside counts as inside."""
    import numpy as np

    with np.errstate(all="ignore"):
        ends = np.cos(a.lo), np.cos(a.hi)
        wide = outward(np.minimum(*ends), np.maximum(*ends), a.state, ULPS)
        slack = 1e-9 + 1e-12 * np.maximum(np.abs(a.lo), np.abs(a.hi))
        large = ~(np.maximum(np.abs(a.lo), np.abs(a.hi)) < 1e6)
        first, last = (a.lo - slack) / np.pi, (a.hi + slack) / np.pi
        top = np.floor(last / 2) >= np.ceil(first / 2)
        bottom = np.floor((last - 1) / 2) >= np.ceil((first - 1) / 2)
    lo = np.where(bottom | large, -1.0, np.maximum(wide.lo, -1.0))
    return Vector(lo, np.where(top | large, 1.0, np.minimum(wide.hi, 1.0)), a.state)


def sin(a: Vector) -> Vector:
    """Returns the sine of a, which is the cosine of a - pi/2."""
    return cos(subtract(a, divide(PI(), point(Fraction(2)))))


def PI() -> Vector:
    """Returns the two doubles around pi."""
    import numpy as np

    return Vector(np.array([math.pi]), np.array([math.nextafter(math.pi, 4.0)]), np.zeros(1, np.int8))


def power(a: Vector, b: Vector) -> Vector:
    """Returns a ** b: any whole exponent, or any exponent of a base that is not negative."""
    import numpy as np

    state = states(a, b)
    with np.errstate(all="ignore"):
        base = Vector(np.maximum(a.lo, 0.0), a.hi, a.state)
        corners = np.stack(
            np.broadcast_arrays(*(np.power(x, y) for x in (base.lo, base.hi) for y in (b.lo, b.hi)))
        )
        general = outward(corners.min(axis=0), corners.max(axis=0), state, ULPS)
        # Around 0 ** 0 the corners miss values between 0 and 1.
        corner = (base.lo == 0) & (b.lo <= 0) & (b.hi >= 0)
        lo = np.where(corner, 0.0, np.maximum(general.lo, 0.0))
        hi = np.where(corner, np.maximum(general.hi, 1.0), general.hi)
        general = _where_defined(Vector(lo, hi, state), (a.lo >= 0) & (a.hi >= 0))
        whole = (b.lo == b.hi) & (b.lo == np.floor(b.lo)) & (a.lo < 0)
        signed = _whole_power(a, b)
    return Vector(
        np.where(whole, signed.lo, general.lo), np.where(whole, signed.hi, general.hi), states(a, b)
    )


def _whole_power(a: Vector, b: Vector) -> Vector:
    import numpy as np

    size = np.abs(b.lo)
    ends = np.power(a.lo, size), np.power(a.hi, size)
    even = size % 2 == 0
    crosses = even & (a.lo <= 0) & (a.hi >= 0)
    lo = np.where(crosses, 0.0, np.minimum(*ends))
    up = outward(lo, np.maximum(*ends), states(a, b), ULPS)
    up = Vector(np.where(crosses & (size > 0), 0.0, up.lo), up.hi, up.state)
    down = divide(point(Fraction(1)), up)
    return Vector(np.where(b.lo < 0, down.lo, up.lo), np.where(b.lo < 0, down.hi, up.hi), up.state)


def total(a: Vector) -> Vector:
    """Returns the sum over all rows, as a vector of length 1."""
    import numpy as np

    try:
        lo, hi = math.fsum(a.lo), math.fsum(a.hi)
    except (OverflowError, ValueError):
        lo, hi = -math.inf, math.inf
    exact = bool(_whole(a).all()) and math.fsum(np.abs(a.lo)) + math.fsum(np.abs(a.hi)) <= _EXACT
    return outward(np.array([lo]), np.array([hi]), _any_state(a), 0 if exact else 1)


def least(a: Vector) -> Vector:
    """Returns the minimum over all rows, as a vector of length 1."""
    import numpy as np

    return Vector(np.array([a.lo.min()]), np.array([a.hi.min()]), _any_state(a))


def greatest(a: Vector) -> Vector:
    """Returns the maximum over all rows, as a vector of length 1."""
    return negate(least(negate(a)))


def _any_state(a: Vector) -> Array:
    import numpy as np

    return np.array([a.state.max()], np.int8)


UNARY: Mapping[str, Callable[[Vector], Vector]] = {
    "neg": negate,
    "abs": absolute,
    "floor": floor,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "tanh": tanh,
    "cos": cos,
    "sin": sin,
    "sum": total,
    "min": least,
    "max": greatest,
}
BINARY: Mapping[str, Callable[[Vector, Vector], Vector]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
    "pow": power,
}
