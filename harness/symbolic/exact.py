"""Evaluates an expanded tree at a rational point: exactly where it can, else in proven enclosures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor

from harness.symbolic import enclosure as real
from harness.symbolic.enclosure import Enclosure, Undecided, Undefined
from harness.symbolic.tree import Apply, Name, Node, Number, is_truth

__all__ = ["Enclosure", "Undecided", "Undefined", "evaluate", "settle", "show", "truth"]

Point = Mapping[str, Fraction]
PRECISIONS = (64, 256)
_UNARY: Mapping[str, Callable[[Enclosure, int], Enclosure]] = {
    "exp": real.exponential,
    "log": real.logarithm,
    "sqrt": real.square_root,
    "tanh": real.hyperbolic_tangent,
    "cos": real.cosine,
    "sin": real.sine,
}


def evaluate(node: Node, point: Point, bits: int = PRECISIONS[-1]) -> Enclosure:
    """Returns the value of a number-valued tree.

    Raises ``Undefined`` where it has none and ``Undecided`` where the precision cannot tell.
    """
    if isinstance(node, Number):
        return real.point(node.value)
    if isinstance(node, Name):
        return real.pi(bits) if node.id == "pi" else real.point(point[node.id])
    if not isinstance(node, Apply):
        raise Undecided("a previous row has no value here")
    if node.op == "if":
        return _branch(node, point, bits)
    if node.op == "defined":
        return _defined(node, point, bits)
    if node.op in ("**", "pow"):
        return _power(node, point, bits)
    return _apply(node.op, [evaluate(arg, point, bits) for arg in node.args], bits)


def _apply(op: str, args: list[Enclosure], bits: int) -> Enclosure:
    match op, args:
        case "+", [a, b]:
            return real.add(a, b, bits)
        case "-", [a, b]:
            return real.add(a, real.negate(b), bits)
        case "*", [a, b]:
            return real.multiply(a, b, bits)
        case "/", [a, b]:
            return real.divide(a, b, bits)
        case "neg", [a]:
            return real.negate(a)
        case _ if op in _UNARY:
            return _UNARY[op](args[0], bits)
    return _bend(op, args)


def _bend(op: str, args: list[Enclosure]) -> Enclosure:
    match op, args:
        case "min", _:
            return Enclosure(min(a.low for a in args), min(a.high for a in args))
        case "max", _:
            return Enclosure(max(a.low for a in args), max(a.high for a in args))
        case "clip", [a, low, high]:
            return _bend("min", [_bend("max", [a, low]), high])
        case "abs", [a]:
            return _bend("max", [a, real.negate(a)]) if not a.straddles(0) else _around_zero(a)
        case "floor", [a]:
            return Enclosure(Fraction(floor(a.low)), Fraction(floor(a.high)))
    raise Undecided(f"{op} has no value at a point")


def _around_zero(a: Enclosure) -> Enclosure:
    return Enclosure(Fraction(0), a.largest)


def _power(node: Apply, point: Point, bits: int) -> Enclosure:
    """A power: of anything to a constant integer, of zero to a positive constant, else of a positive base."""
    base, exponent = (evaluate(arg, point, bits) for arg in node.args)
    constant = constant_value(node.args[1])
    if constant is not None and constant.denominator == 1:
        return real.power(base, int(constant), bits)
    if constant is not None and constant > 0 and base.exact and not base.low:
        return base
    if base.high <= 0:
        raise Undefined("a power of a number that is not positive")
    if base.low <= 0:
        raise Undecided("a power of what may not be positive")
    if exponent.exact and exponent.low.denominator == 1:
        return real.power(base, int(exponent.low), bits)
    if exponent.exact and exponent.low.denominator == 2:
        return real.power(real.square_root(base, bits), exponent.low.numerator, bits)
    return real.exponential(real.multiply(exponent, real.logarithm(base, bits), bits), bits)


def constant_value(node: Node) -> Fraction | None:
    """Returns the exact rational value of a tree without variables, or None."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Apply) or is_truth(node):
        return None
    if any(constant_value(arg) is None for arg in node.args if not is_truth(arg)):
        return None
    try:
        found = evaluate(node, {})
    except (Undefined, Undecided, KeyError):
        return None
    return found.low if found.exact else None


def _defined(node: Apply, point: Point, bits: int) -> Enclosure:
    held = truth(node.args[1], point, bits)
    if held is None:
        raise Undecided("whether the derivative exists is open")
    if not held:
        raise Undefined("no derivative at a corner")
    return evaluate(node.args[0], point, bits)


def _branch(node: Apply, point: Point, bits: int) -> Enclosure:
    then, condition, other = node.args
    held = truth(condition, point, bits)
    if held is not None:
        return evaluate(then if held else other, point, bits)
    try:
        return real.hull(evaluate(then, point, bits), evaluate(other, point, bits))
    except Undefined:
        raise Undecided("a branch that may not be taken is undefined") from None


def truth(node: Node, point: Point, bits: int = PRECISIONS[-1]) -> bool | None:
    """Returns whether a truth-valued tree holds, None if undecided; raises ``Undefined``.

    ``and``, ``or`` and ``implies`` read from the left and stop where the answer is known, so that a left
    side may guard a right side.
    """
    if not isinstance(node, Apply):
        raise Undecided("a number has no truth value")
    if node.op == "not":
        return _inverse(truth(node.args[0], point, bits))
    if node.op == "and":
        return _inverse(_any(node.args, point, bits, stop=False))
    if node.op == "or":
        return _any(node.args, point, bits, stop=True)
    if node.op == "implies":
        return _any((Apply("not", (node.args[0],)), node.args[1]), point, bits, stop=True)
    if node.op == "if":
        return _choice(node, point, bits)
    return _compare(node, point, bits)


def _inverse(value: bool | None) -> bool | None:  # noqa: FBT001
    return None if value is None else not value


def _any(parts: tuple[Node, ...], point: Point, bits: int, *, stop: bool) -> bool | None:
    """Tells whether any part has the value ``stop``; an undefined part counts only if it is surely read."""
    certain = True
    for part in parts:
        try:
            found = truth(part, point, bits)
        except Undefined:
            if certain:
                raise
            found = None
        if found is stop:
            return True
        certain = certain and found is not None
    return False if certain else None


def _choice(node: Apply, point: Point, bits: int) -> bool | None:
    then, condition, other = node.args
    held = truth(condition, point, bits)
    if held is not None:
        return truth(then if held else other, point, bits)
    try:
        first, second = truth(then, point, bits), truth(other, point, bits)
    except Undefined:
        return None
    return first if first is second else None


def _compare(node: Apply, point: Point, bits: int) -> bool | None:
    try:
        left, right = (evaluate(arg, point, bits) for arg in node.args)
    except Undecided:
        return None
    match node.op:
        case "<":
            return _less(left, right)
        case ">":
            return _less(right, left)
        case "<=":
            return _inverse(_less(right, left))
        case ">=":
            return _inverse(_less(left, right))
    same = _equal(left, right, identical=node.args[0] == node.args[1])
    return same if node.op == "==" else _inverse(same) if node.op == "!=" else None


def _less(left: Enclosure, right: Enclosure) -> bool | None:
    if left.high < right.low:
        return True
    return False if left.low >= right.high else None


def _equal(left: Enclosure, right: Enclosure, *, identical: bool) -> bool | None:
    if left.high < right.low or right.high < left.low:
        return False
    return True if identical or (left.exact and right.exact) else None


def settle(node: Node, point: Point) -> bool | None:
    """Returns the truth at the coarsest precision that decides; None if none does; raises ``Undefined``."""
    for bits in PRECISIONS:
        found = truth(node, point, bits)
        if found is not None:
            return found
    return None


def show(node: Node, point: Point) -> str:
    """Writes the value of a tree at a point for a human: a fraction, or about twelve digits."""
    try:
        found = evaluate(node, point)
    except Undefined as error:
        return f"undefined ({error})"
    except Undecided:
        return "not decided"
    text = str(found.low)
    if found.exact and len(text) <= 24:
        return text
    try:
        return f"about {float((found.low + found.high) / 2):.12g}"
    except OverflowError:
        return "a very large number"
