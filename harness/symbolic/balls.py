"""Values of trees over a box in ball arithmetic (python-flint), each with its slopes.

The slopes bound the generalised gradient, so that they hold across the bends of abs, min, max and clip; a
tree with a jump (floor, a branch) has none there. Sources: Clarke, Optimization and Nonsmooth Analysis, 2.3;
Johansson, Arb (IEEE Trans. Comput. 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.symbolic.exact import constant_value
from harness.symbolic.tree import Apply, Name, Node, Number

Slopes = dict[str, Any]
MAX_POWER = 64


class NoValueError(ValueError):
    """The tree has no value somewhere in the box, or none that balls can tell."""


@dataclass(frozen=True, slots=True)
class Ball:
    """An enclosure of a value over a box and of its slope in every variable; None where it may jump."""

    value: Any
    slopes: Slopes | None


class Balls:
    """Evaluates trees over a box, variable → ball."""

    def __init__(self, flint: Any, box: Mapping[str, Any]) -> None:
        self.flint, self.box = flint, box
        self.zero = flint.arb(0)
        # The node is kept beside its value: a freed one would lend its identity to the next.
        self._known: dict[int, tuple[Node, Ball]] = {}

    def number(self, value: Fraction) -> Any:
        """Encloses an exact fraction."""
        return self.flint.arb(self.flint.fmpq(value.numerator, value.denominator))

    def of(self, node: Node) -> Ball:
        """Returns the enclosure of a number-valued tree; raises ``NoValueError``."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        found = self._of(node)
        if not found.value.is_finite():
            raise NoValueError("no finite enclosure")
        self._known[id(node)] = node, found
        return found

    def _of(self, node: Node) -> Ball:
        if isinstance(node, Number):
            return Ball(self.number(node.value), {})
        if isinstance(node, Name):
            if node.id == "pi":
                return Ball(self.flint.arb.pi(), {})
            return Ball(self.box[node.id], {node.id: self.flint.arb(1)})
        if not isinstance(node, Apply):
            raise NoValueError("a previous row has no value here")
        if node.op == "if":
            return self._branch(node)
        if node.op == "defined":
            return self.of(node.args[0])
        if node.op in ("**", "pow"):
            return self._power(node)
        return self._apply(node.op, [self.of(arg) for arg in node.args])

    def _apply(self, op: str, args: list[Ball]) -> Ball:
        match op, args:
            case "+", [a, b]:
                return Ball(a.value + b.value, self._join(a, b, 1, 1))
            case "-", [a, b]:
                return Ball(a.value - b.value, self._join(a, b, 1, -1))
            case "*", [a, b]:
                return Ball(a.value * b.value, self._join(a, b, b.value, a.value))
            case "neg", [a]:
                return Ball(-a.value, self._scaled(a, -1))
            case "/", [a, b]:
                if b.value.contains(0):
                    raise NoValueError("a divisor that may be zero")
                quotient = a.value / b.value
                return Ball(quotient, self._join(a, b, 1 / b.value, -quotient / b.value))
            case "floor", [a]:
                return Ball(a.value.floor(), None if a.slopes is None or a.slopes else {})
            case (("min" | "max" | "clip" | "abs"), _):
                return self._bend(op, args)
        return self._smooth(op, args[0])

    def _smooth(self, op: str, a: Ball) -> Ball:
        x = a.value
        if op in ("log", "sqrt") and not x > 0:
            raise NoValueError(f"{op} of what may not be positive")
        rules: dict[str, Callable[[], tuple[Any, Any]]] = {
            "exp": lambda: (x.exp(), x.exp()),
            "log": lambda: (x.log(), 1 / x),
            "sqrt": lambda: (x.sqrt(), 1 / (2 * x.sqrt())),
            "tanh": lambda: (x.tanh(), 1 - x.tanh() ** 2),
            "cos": lambda: (x.cos(), -x.sin()),
            "sin": lambda: (x.sin(), x.cos()),
        }
        if op not in rules:
            raise NoValueError(f"{op} has no value over a box")
        value, slope = rules[op]()
        return Ball(value, self._scaled(a, slope))

    def _bend(self, op: str, args: list[Ball]) -> Ball:
        match op, args:
            case "clip", [a, low, high]:
                return self._bend("min", [self._bend("max", [a, low]), high])
            case "abs", [a]:
                return self._bend("max", [a, Ball(-a.value, self._scaled(a, -1))])
        first, *rest = args
        for other in rest:
            lower = first.value < other.value, other.value < first.value
            if any(lower):
                first = first if lower[0] == (op == "min") else other
                continue
            pick = min if op == "min" else max
            low = pick(first.value.lower(), other.value.lower())
            high = pick(first.value.upper(), other.value.upper())
            first = Ball(low.union(high), self._hull(first, other))
        return first

    def _branch(self, node: Apply) -> Ball:
        then, test, other = node.args
        held = self.truth(test)
        if held is not None:
            return self.of(then if held else other)
        both = self.of(then), self.of(other)
        return Ball(both[0].value.union(both[1].value), None)

    def _power(self, node: Apply) -> Ball:
        base, exponent = node.args
        whole = constant_value(exponent)
        if whole is not None and whole.denominator == 1 and abs(whole) <= MAX_POWER:
            a, n = self.of(base), int(whole)
            if n < 0 and a.value.contains(0):
                raise NoValueError("a divisor that may be zero")
            slope = n * a.value ** (n - 1) if n else self.zero
            return Ball(self._even(a.value, n), self._scaled(a, slope))
        return self.of(Apply("exp", (Apply("*", (exponent, Apply("log", (base,)))),)))

    def _even(self, value: Any, n: int) -> Any:
        """An even power of a ball around zero is not negative, which multiplication alone forgets."""
        if n > 0 and n % 2 == 0 and value.contains(0):
            return self.zero.union(value.abs_upper() ** n)
        return value**n

    def truth(self, node: Node) -> bool | None:
        """Tells whether a condition holds all over the box, nowhere (False), or cannot be told (None)."""
        if not isinstance(node, Apply):
            return None
        match node.op, node.args:
            case "not", (inner,):
                held = self.truth(inner)
                return None if held is None else not held
            case "implies", (left, right):
                return self._some((self.truth(Apply("not", (left,))), self.truth(right)))
            case "or", args:
                return self._some(tuple(self.truth(arg) for arg in args))
            case "and", args:
                denied = self._some(tuple(self.truth(Apply("not", (arg,))) for arg in args))
                return None if denied is None else not denied
        if node.op in ("<", "<=", ">", ">=", "==", "!="):
            left, right = (self.of(arg).value for arg in node.args)
            return compared(node.op, left, right)
        return None

    @staticmethod
    def _some(held: tuple[bool | None, ...]) -> bool | None:
        return True if True in held else None if None in held else False

    def _scaled(self, a: Ball, factor: Any) -> Slopes | None:
        return None if a.slopes is None else {name: slope * factor for name, slope in a.slopes.items()}

    def _join(self, a: Ball, b: Ball, first: Any, second: Any) -> Slopes | None:
        if a.slopes is None or b.slopes is None:
            return None
        names = dict.fromkeys((*a.slopes, *b.slopes))
        return {n: a.slopes.get(n, self.zero) * first + b.slopes.get(n, self.zero) * second for n in names}

    def _hull(self, a: Ball, b: Ball) -> Slopes | None:
        if a.slopes is None or b.slopes is None:
            return None
        names = dict.fromkeys((*a.slopes, *b.slopes))
        return {n: a.slopes.get(n, self.zero).union(b.slopes.get(n, self.zero)) for n in names}


def compared(op: str, left: Any, right: Any) -> bool | None:
    """Compares two balls: True or False only where every pair of their points agrees."""
    match op:
        case "<":
            return True if left < right else False if left >= right else None
        case "<=":
            return True if left <= right else False if left > right else None
        case ">" | ">=":
            return compared("<" if op == ">" else "<=", right, left)
    if left < right or left > right:
        return op == "!="
    same = left.is_exact() and right.is_exact() and left == right
    return (op == "==") if same else None
