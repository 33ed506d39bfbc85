"""The values that a program may compute for a formula: a running error bound, in proven enclosures.

Every operation contributes one rounding of its result: u times its magnitude, half a denormal where it may
underflow; what its operands may be off by is carried through it by interval arithmetic, so conditioning is
in the bound (Higham, Accuracy and Stability of Numerical Algorithms, sections 2.2 and 3.3). It therefore
covers fused operations, intermediate results in wider formats, and products taken in another order. Signs,
minima, maxima and whole numbers are exact. ``+ - * /``, square roots and squares are correctly rounded
(IEEE 754-2019, section 5.4.1); other functions get ``LIBRARY_ULPS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from harness.symbolic import enclosure as real
from harness.symbolic.enclosure import Enclosure, Undecided, Undefined
from harness.symbolic.exact import constant_value
from harness.symbolic.formats import DOUBLE, Format
from harness.symbolic.tree import COMPARISONS, Apply, Name, Node, Number

BITS = 192
__all__ = ["LIBRARY_ULPS", "Arithmetic", "Reach", "Undecided", "Undefined", "known"]

LIBRARY_ULPS = 4
"""Units in the last place allowed to exp, log, sin, cos, tanh and pow.

glibc states at most 1 for these, 2 for tanh (its manual, "Known Maximum Errors in Math Functions"); SLEEF,
which torch vectorises with, 1.0; numpy's vector loops below 4; CUDA's single-precision functions 1 to 4.
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a computed number may lie. ``scalar`` marks a number of Python's, before any array met it."""

    low: Fraction
    high: Fraction
    scalar: bool = False

    @property
    def exact(self) -> bool:
        """Whether it is known."""
        return self.low == self.high

    def holds(self, value: Fraction) -> bool:
        """Tells whether a value may have been computed."""
        return self.low <= value <= self.high


def known(value: Fraction | int, *, scalar: bool = False) -> Reach:
    """Returns the reach of a number that is what it is."""
    return Reach(Fraction(value), Fraction(value), scalar)


_UNARY: Mapping[str, Callable[[Enclosure, int], Enclosure]] = {
    "exp": real.exponential,
    "log": real.logarithm,
    "sqrt": real.square_root,
    "tanh": real.hyperbolic_tangent,
    "cos": real.cosine,
    "sin": real.sine,
}
_EXACT = frozenset({"neg", "abs", "min", "max", "clip", "floor"})


class Arithmetic:
    """Evaluates expanded trees in one format, or in the real numbers where ``form`` is None.

    ``scalars`` is the format of what is computed from Python's numbers alone.
    """

    def __init__(self, form: Format | None, scalars: Format | None = DOUBLE) -> None:
        self.form, self.scalars = form, scalars if form is not None else None
        self._literals: dict[Fraction, Reach] = {}

    def given(self, value: Fraction) -> Reach:
        """Returns where an argument or constant of this value lies once a program holds it."""
        if value not in self._literals:
            self._literals[value] = self._held(known(value, scalar=True))
        return self._literals[value]

    def value(self, node: Node, point: Mapping[str, Reach]) -> Reach:
        """Returns where a number-valued tree may lie; raises ``Undefined`` and ``Undecided``."""
        if isinstance(node, Number):
            return self.given(node.value)
        if isinstance(node, Name):
            if node.id != "pi":
                return point[node.id]
            pi = real.pi(BITS)
            return self._held(Reach(pi.low, pi.high, scalar=True))
        if not isinstance(node, Apply):
            raise Undecided("a previous row has no value here")
        if node.op == "if":
            return self._branch(node, point)
        args = [self.value(arg, point) for arg in node.args]
        scalar = all(arg.scalar for arg in args)
        if not scalar:
            args = [self._held(Reach(arg.low, arg.high)) if arg.scalar else arg for arg in args]
        ends = [Enclosure(arg.low, arg.high) for arg in args]
        found, ulps = _applied(node, ends)
        exact = node.op in _EXACT or (node.op in ("+", "-", "*") and all(map(_whole, args)))
        return self._rounded(Reach(found.low, found.high, scalar), ulps=ulps, exact=exact)

    def _held(self, found: Reach) -> Reach:
        """Returns where a number lies once it is held in a format: itself if it is one of its numbers."""
        form = self.scalars if found.scalar else self.form
        return found if form is None or (found.exact and form.holds(found.low)) else self._rounded(found)

    def _rounded(self, found: Reach, *, ulps: int = 0, exact: bool = False) -> Reach:
        form = self.scalars if found.scalar else self.form
        if form is None or (exact and not _too_large(found, form)) or (found.exact and not found.low):
            return found
        low, high = _least(found.low, form, ulps), -_least(-found.high, form, ulps)
        # Nothing rounds across zero: a result keeps its sign.
        low = max(low, Fraction(0)) if found.low >= 0 else low
        high = min(high, Fraction(0)) if found.high <= 0 else high
        reach = Reach(low, high, found.scalar)
        if _too_large(reach, form):
            raise Undecided("it may overflow on the way")
        return reach

    def _branch(self, node: Apply, point: Mapping[str, Reach]) -> Reach:
        then, condition, other = node.args
        held = self.truth(condition, point)
        if held is not None:
            return self.value(then if held else other, point)
        try:
            both = [self.value(then, point), self.value(other, point)]
        except Undefined:
            raise Undecided("a branch that may not be taken is undefined") from None
        scalar = all(part.scalar for part in both)
        return Reach(min(part.low for part in both), max(part.high for part in both), scalar)

    def truth(self, node: Node, point: Mapping[str, Reach]) -> bool | None:
        """Returns whether a condition holds of computed numbers, None where rounding may decide."""
        if not isinstance(node, Apply):
            raise Undecided("a number has no truth value")
        if node.op in COMPARISONS:
            left, right = (self.value(arg, point) for arg in node.args)
            return _compared(node.op, left, right)
        parts = [self.truth(arg, point) for arg in node.args]
        if node.op == "not":
            return None if parts[0] is None else not parts[0]
        if node.op == "implies":
            parts = [None if parts[0] is None else not parts[0], parts[1]]
        decisive = node.op != "and"
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive


def _whole(arg: Reach) -> bool:
    """Tells whether a number is whole and known: sums and products of those are exact up to 2**53."""
    return arg.exact and arg.scalar and arg.low.denominator == 1 and abs(arg.low) < 1 << 53


def _too_large(reach: Reach, form: Format) -> bool:
    return max(-reach.low, reach.high) > form.largest


def _least(value: Fraction, form: Format, ulps: int) -> Fraction:
    """Returns the least that rounding, or a library off by so many units, can make of a number."""
    off = ulps * form.ulp(value) if ulps else abs(value) * form.unit + form.smallest / 2
    return real.round_down(value - off, BITS)


def _applied(node: Apply, args: Sequence[Enclosure]) -> tuple[Enclosure, int]:
    """Applies one operation to enclosures; with it the units that a library may be off by."""
    match node.op, args:
        case "+", [a, b]:
            return real.add(a, b, BITS), 0
        case "-", [a, b]:
            return real.add(a, real.negate(b), BITS), 0
        case "*", [a, b]:
            # The same operand twice is a square, and no square is negative.
            return (real.power(a, 2, BITS) if node.args[0] == node.args[1] else real.multiply(a, b, BITS)), 0
        case "/", [a, b]:
            return real.divide(a, b, BITS), 0
        case "neg", [a]:
            return real.negate(a), 0
        case (("**" | "pow"), [a, b]):
            return _power(node, a, b)
        case _ if node.op in _UNARY:
            return _UNARY[node.op](args[0], BITS), 0 if node.op == "sqrt" else LIBRARY_ULPS
    return _bent(node.op, args), 0


def _bent(op: str, args: Sequence[Enclosure]) -> Enclosure:
    match op, args:
        case "min", _:
            return Enclosure(min(a.low for a in args), min(a.high for a in args))
        case "max", _:
            return Enclosure(max(a.low for a in args), max(a.high for a in args))
        case "clip", [a, low, high]:
            return _bent("min", [_bent("max", [a, low]), high])
        case "abs", [a]:
            return Enclosure(Fraction(0), a.largest) if a.straddles(0) else _bent("max", [a, real.negate(a)])
        case "floor", [a]:
            return Enclosure(Fraction(floor(a.low)), Fraction(floor(a.high)))
    raise Undecided(f"{op} has no value at a point")


def _power(node: Apply, base: Enclosure, exponent: Enclosure) -> tuple[Enclosure, int]:
    constant = constant_value(node.args[1])
    whole = exponent.low if exponent.exact and exponent.low.denominator == 1 else None
    if constant is not None and constant.denominator == 1:
        return real.power(base, int(constant), BITS), 0 if constant in (0, 1, 2) else LIBRARY_ULPS
    if base.high < 0 or (base.exact and not base.low and exponent.high <= 0):
        raise Undefined("a power of a number that is not positive")
    if whole is not None and base.low > 0:
        return real.power(base, int(whole), BITS), LIBRARY_ULPS
    if base.exact and not base.low and exponent.low > 0:
        return base, 0
    if base.low <= 0:
        raise Undecided("a power of what may not be positive")
    return real.exponential(real.multiply(exponent, real.logarithm(base, BITS), BITS), BITS), LIBRARY_ULPS


def _compared(op: str, left: Reach, right: Reach) -> bool | None:
    if op in (">", ">=", "!="):
        turned = {">": "<=", ">=": "<", "!=": "=="}[op]
        found = _compared(turned, left, right)
        return None if found is None else not found
    if op == "==":
        if left.exact and right.exact:
            return left.low == right.low
        return False if left.high < right.low or right.high < left.low else None
    strict = op == "<"
    if left.high < right.low or (not strict and left.high == right.low):
        return True
    if left.low > right.high or (strict and left.low == right.high):
        return False
    return None
