"""Replaces ``diff(f, x)`` by the derivative, branch by branch, with the condition that it exists.

A corner of ``min``, ``max``, ``clip``, ``abs``, ``floor`` or a branch has no derivative here, even where
the two sides happen to agree: that is the cautious reading. Every condition is open (an inequality of
continuous expressions), so where it holds at a point it holds around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from harness.symbolic.exact import constant_value
from harness.symbolic.expand import bounded
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import COMPARISONS, CONSTANTS, Apply, Name, Node, Number, names, rewrite, walk

ZERO, ONE, TWO = (Number(Fraction(n), str(n)) for n in (0, 1, 2))


def eliminate(node: Node) -> Node:
    """Returns the tree without ``diff``: each becomes ``defined(derivative, condition)``.

    ``defined`` exists only inside the provers: the value of its first part where the condition holds, no
    value elsewhere. Raises ``ExpressionError`` for a derivative that grows past the limit of a tree.
    """

    def change(part: Node) -> Node:
        if not isinstance(part, Apply) or part.op != "diff":
            return part
        body, variable = part.args
        if not isinstance(variable, Name) or variable.id in CONSTANTS:
            raise ExpressionError("diff takes an expression and the name of a variable", "", 0)
        slope, conditions = derivative(body, variable.id)
        # The body itself must have a value too: its denominators may vanish from the derivative.
        body_exists = Apply("==", (body, body))
        return Apply("defined", (slope, _all((body_exists, *conditions))))

    return bounded(rewrite(node, change), "it is differentiated")


def derivative(node: Node, variable: str) -> tuple[Node, tuple[Node, ...]]:
    """Returns the derivative of a tree and the conditions under which it is one."""
    conditions: dict[Node, None] = {}
    slope = _slope(node, variable, conditions)
    return slope, tuple(conditions)


def _all(parts: tuple[Node, ...]) -> Node:
    return parts[0] if len(parts) == 1 else Apply("and", parts)


def add(a: Node, b: Node) -> Node:
    """Adds two trees, dropping zeros."""
    if a == ZERO:
        return b
    return a if b == ZERO else Apply("+", (a, b))


def negated(a: Node) -> Node:
    """Negates a tree."""
    return a if a == ZERO else Apply("neg", (a,))


def times(a: Node, b: Node) -> Node:
    """Multiplies two trees, dropping ones and what zero swallows (domains are checked on the body)."""
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    return a if b == ONE else Apply("*", (a, b))


def over(a: Node, b: Node) -> Node:
    """Divides two trees."""
    return a if a == ZERO or b == ONE else Apply("/", (a, b))


def _slope(node: Node, x: str, conditions: dict[Node, None]) -> Node:
    if isinstance(node, Name):
        return ONE if node.id == x else ZERO
    if not isinstance(node, Apply) or x not in names(node):
        return ZERO
    if node.op in ("if", "min", "max", "clip", "abs", "floor", "defined"):
        return _bent(node, x, conditions)
    if node.op in ("**", "pow"):
        return _power(node, x, conditions)
    slopes = [_slope(arg, x, conditions) for arg in node.args]
    match node.op, node.args, slopes:
        case "+", _, [du, dv]:
            return add(du, dv)
        case "-", _, [du, dv]:
            return add(du, negated(dv))
        case "neg", _, [du]:
            return negated(du)
        case "*", (u, v), [du, dv]:
            return add(times(du, v), times(u, dv))
        case "/", (u, v), [du, dv]:
            if dv == ZERO:
                return over(du, v)
            return over(add(times(du, v), negated(times(u, dv))), Apply("**", (v, TWO)))
    return times(_outer(node, conditions), slopes[0])


def _outer(node: Apply, conditions: dict[Node, None]) -> Node:
    """Returns f'(u) of a function of one argument."""
    u = node.args[0]
    match node.op:
        case "exp":
            return node
        case "log":
            return over(ONE, u)
        case "sqrt":
            conditions[Apply(">", (u, ZERO))] = None
            return over(ONE, times(TWO, node))
        case "sin":
            return Apply("cos", (u,))
        case "cos":
            return negated(Apply("sin", (u,)))
        case "tanh":
            return Apply("-", (ONE, Apply("**", (node, TWO))))
    raise ExpressionError(f"{node.op} cannot be differentiated", "", 0)


def _power(node: Apply, x: str, conditions: dict[Node, None]) -> Node:
    base, exponent = node.args
    constant = constant_value(exponent)
    slope = _slope(base, x, conditions)
    if constant is not None and constant.denominator == 1:
        if constant == 0:
            return ZERO
        lower = Number(constant - 1, str(constant - 1))
        rest = base if constant == 2 else ONE if constant == 1 else Apply("**", (base, lower))
        return times(times(exponent, rest), slope)
    conditions[Apply(">", (base, ZERO))] = None
    first = times(times(exponent, Apply("**", (base, Apply("-", (exponent, ONE))))), slope)
    steep = _slope(exponent, x, conditions)
    return add(first, times(times(steep, Apply("log", (base,))), node))


def _bent(node: Apply, x: str, conditions: dict[Node, None]) -> Node:
    """Differentiates what has corners: a branch on the same condition, plus staying off the corner."""
    args = node.args
    match node.op:
        case "clip":
            return _bent(Apply("min", (Apply("max", args[:2]), args[2])), x, conditions)
        case "abs":
            return _pick(">", args[0], ZERO, (args[0], negated(args[0])), x, conditions)
        case "floor":
            conditions[Apply("!=", (node, args[0]))] = None
            return ZERO
        case "defined":
            conditions[args[1]] = None
            return _slope(args[0], x, conditions)
        case "if":
            conditions.update(dict.fromkeys(_off_the_seam(args[1], x)))
            return _guarded(args[1], args[0], args[2], x, conditions)
    if len(args) == 1:
        return _slope(args[0], x, conditions)
    rest = args[1] if len(args) == 2 else Apply(node.op, args[1:])
    return _pick(">" if node.op == "max" else "<", args[0], rest, (args[0], rest), x, conditions)


def _pick(op: str, u: Node, v: Node, parts: tuple[Node, Node], x: str, conditions: dict[Node, None]) -> Node:
    """Differentiates ``parts[0] if u op v else parts[1]``, which has a corner where u == v."""
    conditions[Apply("!=", (u, v))] = None
    return _guarded(Apply(op, (u, v)), parts[0], parts[1], x, conditions)


def _guarded(test: Node, then: Node, other: Node, x: str, conditions: dict[Node, None]) -> Node:
    """Differentiates both branches; the conditions of a branch count only where it is taken."""
    slopes = []
    for part, guard in ((then, test), (other, Apply("not", (test,)))):
        inner: dict[Node, None] = {}
        slopes.append(_slope(part, x, inner))
        conditions.update(dict.fromkeys(Apply("implies", (guard, found)) for found in inner))
    return slopes[0] if slopes[0] == slopes[1] else Apply("if", (slopes[0], test, slopes[1]))


def _off_the_seam(test: Node, x: str) -> Iterator[Node]:
    """Yields, for every comparison in a branch's condition that moves with x, that its sides differ."""
    for part in walk(test):
        if not isinstance(part, Apply) or x not in names(part):
            continue
        if part.op in COMPARISONS:
            yield Apply("!=", part.args)
        elif part.op == "floor":
            yield Apply("!=", (part, part.args[0]))
