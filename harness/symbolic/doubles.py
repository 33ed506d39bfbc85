"""Binary numbers to intervals, whole columns at once: as exact as their shortest digits, as in ``digits``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harness.model.values import Printed
from harness.symbolic.digits import Guard, Survey, radius_of, survey_of, widened
from harness.symbolic.vectors import Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

_LOWEST, _HIGHEST, _EXACT, _ASKED, _MOST = -345, 309, 22, 64, 17
"""Exponents of the table of tens; the last ten that is exact; how many at once; digits of any double."""


@cache
def _tens() -> Array:
    import numpy as np

    return np.array([float(f"1e{power}") for power in range(_LOWEST, _HIGHEST)])


@cache
def _decades() -> tuple[Array, Array]:
    """Returns by binary exponent (as it is stored) the decade it begins in, and the ten that ends that."""
    import numpy as np

    first = [0] + [len(str(2**e)) - 1 if e >= 0 else len(str(5**-e)) - 1 + e for e in range(-1022, 1024)]
    tens = _tens()
    above = [tens[power + 1 - _LOWEST] if power + 1 < _HIGHEST else np.inf for power in first]
    return np.array(first), np.array(above)


def _leading(sizes: Array) -> Array:
    """Returns the exponent of the first digit of positive numbers."""
    import numpy as np

    stored = np.ascontiguousarray(sizes).view(np.int64) >> 52
    if len(sizes) and int(stored.min()) > 0:  # a logarithm takes four times as long
        first, above = _decades()
        return np.asarray(first[stored] + (sizes >= above[stored]))
    tens = _tens()
    power = np.floor(np.log10(sizes)).astype(np.int64)
    power -= sizes < tens[power - _LOWEST]
    with np.errstate(all="ignore"):
        power += (power + 1 < _HIGHEST) & (sizes >= tens[np.minimum(power + 1, _HIGHEST - 1) - _LOWEST])
    return np.asarray(power)


def survey_doubles(values: Array, found: Survey, *, whole: bool) -> Survey:
    """Returns what finite numbers show, added to what others of their column did.

    Whether a number has no more digits than the column showed before is told by arithmetic (it is the double
    nearest to a short decimal); of those that may have more the shortest digits are looked at.
    """
    if not len(values) or whole:
        return found
    import numpy as np

    sizes = np.abs(values)
    if not found.counts and (found.longest or 0) >= _MOST:  # all that are no smaller show nothing new
        sizes = sizes[sizes < _tens()[min(max((found.finest or 0) + _MOST - 1, _LOWEST), 308) - _LOWEST]]
    sizes = sizes[sizes != 0]
    found = found.and_(Survey(counts=False))
    if found.longest is None:
        found = found.and_(_exactly(sizes[:_ASKED]))
    while len(sizes) and found.longest is not None:
        sizes = sizes[~_within(sizes, found)]
        found = found.and_(_exactly(sizes[:_ASKED]))
        sizes = sizes[_ASKED:]
    return found


def _exactly(sizes: Array) -> Survey:
    seen = survey_of([Printed(repr(float(size))) for size in sizes])
    return Survey(counts=True, padded=False, finest=seen.finest, longest=seen.longest)


def _within(sizes: Array, found: Survey) -> Array:
    """Tells which numbers surely show no digit beyond those that a column showed; others may too."""
    import numpy as np

    finest, longest = found.finest or 0, found.longest or 1
    leading = _leading(sizes)
    sure = (leading - _MOST + 1 >= finest) & (longest >= _MOST)
    if sure.all():
        return np.asarray(sure)
    places = np.minimum(-finest, longest - 1 - leading)
    usable = (places >= -_EXACT) & (places <= _EXACT)
    shift = np.where(usable, places, 0)
    up, down = _tens()[np.maximum(shift, 0) - _LOWEST], _tens()[np.maximum(-shift, 0) - _LOWEST]
    with np.errstate(all="ignore"):
        digits = np.rint(sizes * up / down)
        short = usable & (digits < 2.0**53) & (digits / up * down == sizes)
    return np.asarray(sure | short)


def intervals(values: Array, state: Array, found: Survey, *, guard: Guard) -> Vector:
    """Returns the intervals of numbers whose whole column was surveyed; not finite ones must be 0."""
    import numpy as np

    if found.counts:
        return widened(values, np.zeros(len(values)), state)
    finest, longest = min(0, found.finest or 0), found.longest or 1
    sizes = np.abs(values)
    some = sizes > 0
    whole = bool(some.all())
    places = np.maximum(finest, _leading(sizes if whole else np.where(some, sizes, 1.0)) - longest + 1)
    places = places if whole else np.where(some, places, finest)
    return widened(values, radius_of(_tens()[places - _LOWEST], values, guard), state)
