"""Truth of a claim about intervals, row by row: certainly false, certainly true, or not to be told.

``settled`` is another question than true: would these digits have shown a claim that is off by a constant
multiplier? ``lr == 0.0003`` logged as 0.000 may hold, but settles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.symbolic.vectors import FINE, MISSING, SPECIAL, Vector, multiply, point, states

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Per row: ``fails`` (certainly false), ``holds`` (certainly true), ``settled``, and the state.

    Where the state is not FINE nothing was judged, whatever the flags say.
    """

    fails: Array
    holds: Array
    settled: Array
    state: Array

    def __len__(self) -> int:
        return len(self.fails)


def _apart(a: Vector, b: Vector) -> Array:
    apart: Array = (a.hi < b.lo) | (b.hi < a.lo)
    return apart


def _mutants(b: Vector, resolution: Fraction) -> tuple[Vector, Vector]:
    """Returns b times 1 ± resolution; around 0, b ± resolution times the largest value of its column."""
    import numpy as np

    up, down = (multiply(b, point(1 + sign * resolution)) for sign in (1, -1))
    size = np.maximum(np.abs(b.lo), np.abs(b.hi))
    usable = size[(b.state == FINE) & np.isfinite(size)]
    shift = float(resolution) * (float(usable.max()) if len(usable) else 0.0)
    zero = (b.lo <= 0) & (b.hi >= 0)
    return (
        Vector(np.where(zero, b.lo + shift, up.lo), np.where(zero, b.hi + shift, up.hi), b.state),
        Vector(np.where(zero, b.lo - shift, down.lo), np.where(zero, b.hi - shift, down.hi), b.state),
    )


def equal(a: Vector, b: Vector, resolution: Fraction) -> Truth:
    """Intervals that meet may be equal; settled where b off by the resolution would not have met a."""
    fails, points = _apart(a, b), (a.lo == a.hi) & (b.lo == b.hi)
    up, down = _mutants(b, resolution)
    return Truth(fails, points & ~fails, points | fails | (_apart(a, up) & _apart(a, down)), states(a, b))


def unequal(a: Vector, b: Vector, resolution: Fraction) -> Truth:
    """Settled only where the intervals are apart, or are one and the same number."""
    return negation(equal(a, b, resolution))


def less(a: Vector, b: Vector, _resolution: Fraction) -> Truth:
    """Returns a < b; intervals that overlap settle nothing."""
    holds, fails = a.hi < b.lo, a.lo >= b.hi
    return Truth(fails, holds, holds | fails, states(a, b))


def at_most(a: Vector, b: Vector, resolution: Fraction) -> Truth:
    """Returns a <= b; an overlap settles it where a bound lowered by the resolution would be broken."""
    holds, fails = a.hi <= b.lo, a.lo > b.hi
    up, down = _mutants(b, resolution)
    lower = (a.lo > up.hi) | (a.lo > down.hi)
    return Truth(fails, holds, holds | fails | lower, states(a, b))


def finite(a: Vector) -> Truth:
    """Tells whether each row is an ordinary number: nan and inf are not, a missing one is not judged."""
    import numpy as np

    fails = a.state == SPECIAL
    holds = (a.state == FINE) & np.isfinite(a.lo) & np.isfinite(a.hi)
    state = np.where(a.state == MISSING, MISSING, FINE).astype(np.int8)
    return Truth(fails, holds, fails | holds, state)


def negation(a: Truth) -> Truth:
    """Returns not a."""
    return Truth(a.holds, a.fails, a.holds | a.fails, a.state)


def every(*parts: Truth) -> Truth:
    """Returns the conjunction: one part that certainly fails is enough, whatever the others lack."""
    import numpy as np

    result = parts[0]
    for part in parts[1:]:
        sure = (result.fails & (result.state == FINE)) | (part.fails & (part.state == FINE))
        state = np.where(sure, FINE, np.maximum(result.state, part.state)).astype(np.int8)
        result = Truth(sure, result.holds & part.holds, sure | (result.settled & part.settled), state)
    return result


def some(*parts: Truth) -> Truth:
    """Returns the disjunction: one part that is known to hold is enough."""
    import numpy as np

    result = parts[0]
    for part in parts[1:]:
        left, right = result.state == FINE, part.state == FINE
        sure = (result.holds & left) | (part.holds & right)
        shown = (result.settled & ~result.fails & left) | (part.settled & ~part.fails & right)
        state = np.where(sure, FINE, np.maximum(result.state, part.state)).astype(np.int8)
        settled = shown | (result.settled & part.settled)
        result = Truth(result.fails & part.fails, sure, settled, state)
    return result


def implies(a: Truth, b: Truth) -> Truth:
    """Returns the implication, which holds wherever its condition does not."""
    return some(negation(a), b)


def either(condition: Truth, then: Truth, other: Truth) -> Truth:
    """Returns ``then if condition else other`` of two conditions."""
    import numpy as np

    def pick(left: Array, right: Array, unsure: Array) -> Array:
        return np.asarray(np.where(condition.holds, left, np.where(condition.fails, right, unsure)))

    return Truth(
        pick(then.fails, other.fails, then.fails & other.fails),
        pick(then.holds, other.holds, then.holds & other.holds),
        pick(then.settled, other.settled, np.zeros(1, bool)),
        _branch_state(condition, then.state, other.state),
    )


def branch(condition: Truth, then: Vector, other: Vector) -> Vector:
    """Returns ``then if condition else other`` of two numbers; an unsure condition spans both."""
    import numpy as np

    def pick(left: Array, right: Array, unsure: Array) -> Array:
        return np.asarray(np.where(condition.holds, left, np.where(condition.fails, right, unsure)))

    return Vector(
        pick(then.lo, other.lo, np.minimum(then.lo, other.lo)),
        pick(then.hi, other.hi, np.maximum(then.hi, other.hi)),
        _branch_state(condition, then.state, other.state),
    )


def _branch_state(condition: Truth, then: Array, other: Array) -> Array:
    import numpy as np

    taken = np.where(condition.holds, then, np.where(condition.fails, other, np.maximum(then, other)))
    return np.asarray(np.where(condition.state == FINE, taken, condition.state), dtype=np.int8)


COMPARE: Mapping[str, Callable[[Vector, Vector, Fraction], Truth]] = {
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": at_most,
    ">": lambda a, b, resolution: less(b, a, resolution),
    ">=": lambda a, b, resolution: at_least(a, b, resolution),
}


def at_least(a: Vector, b: Vector, resolution: Fraction) -> Truth:
    """Returns a >= b; an overlap settles it where a bound raised by the resolution would be broken."""
    holds, fails = a.lo >= b.hi, a.hi < b.lo
    up, down = _mutants(b, resolution)
    raised = (a.hi < up.lo) | (a.hi < down.lo)
    return Truth(fails, holds, holds | fails | raised, states(a, b))
