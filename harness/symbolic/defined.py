"""Lists what must hold for an expression to have a value: one condition per partial operation, guarded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.symbolic.derive import ZERO
from harness.symbolic.exact import constant_value
from harness.symbolic.tree import Apply, Node, canonical


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """A condition that must hold wherever the guards do; ``why`` says so to a human."""

    guards: tuple[Node, ...]
    condition: Node
    why: str


def demands(node: Node, guards: tuple[Node, ...] = ()) -> Iterator[Demand]:
    """Yields every demand of a tree; ``and``, ``or``, ``implies`` and branches guard what is to their right.

    Those that are plain arithmetic of constants and hold are left out.
    """
    if not isinstance(node, Apply):
        return
    yield from _own(node, guards)
    match node.op, node.args:
        case "if", (then, test, other):
            yield from demands(test, guards)
            yield from demands(then, (*guards, test))
            yield from demands(other, (*guards, Apply("not", (test,))))
        case "implies", (left, right):
            yield from demands(left, guards)
            yield from demands(right, (*guards, left))
        case "defined", (slope, condition):
            yield from demands(condition, guards)
            yield Demand(guards=guards, condition=condition, why="the derivative exists")
            yield from demands(slope, (*guards, condition))
        case ("and" | "or") as op, args:
            for arg in args:
                yield from demands(arg, guards)
                guards = (*guards, arg if op == "and" else Apply("not", (arg,)))
        case _, args:
            for arg in args:
                yield from demands(arg, guards)


def _own(node: Apply, guards: tuple[Node, ...]) -> Iterator[Demand]:
    match node.op, node.args:
        case "/", (_, divisor):
            if not constant_value(divisor):
                why = f"the divisor {canonical(divisor)} is not zero"
                yield Demand(guards=guards, condition=Apply("!=", (divisor, ZERO)), why=why)
        case ("sqrt" | "log") as op, (inside,):
            known, sign = constant_value(inside), ">=" if op == "sqrt" else ">"
            if known is None or known < 0 or (op == "log" and not known):
                why = f"{op} is asked of {canonical(inside)} {sign} 0"
                yield Demand(guards=guards, condition=Apply(sign, (inside, ZERO)), why=why)
        case (("**" | "pow"), (base, exponent)):
            yield from _power(base, exponent, guards)


def _power(base: Node, exponent: Node, guards: tuple[Node, ...]) -> Iterator[Demand]:
    constant, known = constant_value(exponent), constant_value(base)
    if constant is not None and constant.denominator == 1:
        sign = "" if constant >= 0 else "!="
    else:
        sign = ">=" if constant is not None and constant > 0 else ">"
    if sign and (known is None or known <= 0):
        why = f"the base {canonical(base)} {sign} 0 under the power {canonical(exponent)}"
        yield Demand(guards=guards, condition=Apply(sign, (base, ZERO)), why=why)
