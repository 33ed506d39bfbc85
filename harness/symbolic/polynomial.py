"""Writes a tree as a polynomial over its atoms, so that equal sums and products look equal."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from harness.symbolic.exact import constant_value
from harness.symbolic.tree import Apply, Name, Node, Number, canonical

MAX_TERMS = 200
MAX_DEGREE = 8
Monomial = tuple[Node, ...]
Polynomial = dict[Monomial, Fraction]


def polynomial(node: Node) -> Polynomial:
    """Returns monomial → coefficient, where an atom is whatever is not a sum, product or small power.

    No quotient is cancelled: only division by a constant is carried out.
    """
    constant = constant_value(node)
    if constant is not None:
        return {(): constant} if constant else {}
    if isinstance(node, Apply):
        found = _combined(node)
        if found is not None and len(found) <= MAX_TERMS:
            return found
    return {(node,): Fraction(1)}


def _combined(node: Apply) -> Polynomial | None:
    match node.op, node.args:
        case "+", (a, b):
            return _add(polynomial(a), polynomial(b), Fraction(1))
        case "-", (a, b):
            return _add(polynomial(a), polynomial(b), Fraction(-1))
        case "neg", (a,):
            return _add({}, polynomial(a), Fraction(-1))
        case "*", (a, b):
            return _multiply(polynomial(a), polynomial(b))
        case "/", (a, b):
            divisor = constant_value(b)
            return _add({}, polynomial(a), 1 / divisor) if divisor else None
        case (("**" | "pow"), (a, b)):
            exponent = constant_value(b)
            if exponent is not None and exponent in range(1, MAX_DEGREE + 1):
                return _power(polynomial(a), int(exponent))
    return None


def _add(a: Polynomial, b: Polynomial, factor: Fraction) -> Polynomial:
    total = dict(a)
    for monomial, value in b.items():
        total[monomial] = total.get(monomial, Fraction(0)) + factor * value
    return {monomial: value for monomial, value in total.items() if value}


def _multiply(a: Polynomial, b: Polynomial) -> Polynomial | None:
    if len(a) * len(b) > MAX_TERMS:
        return None
    total: Polynomial = {}
    for left, first in a.items():
        for right, second in b.items():
            if len(left) + len(right) > 4 * MAX_DEGREE:
                return None
            monomial = tuple(sorted(left + right, key=canonical))
            total[monomial] = total.get(monomial, Fraction(0)) + first * second
    return {monomial: value for monomial, value in total.items() if value}


def _power(base: Polynomial, exponent: int) -> Polynomial | None:
    total: Polynomial | None = base
    for _ in range(exponent - 1):
        total = _multiply(total, base) if total is not None else None
    return total


def product(monomial: Monomial, factor: Fraction = Fraction(1)) -> Node:
    """Writes a monomial with a factor as a tree again."""
    parts: list[Node] = [Number(factor, str(factor))] if factor != 1 or not monomial else []
    parts.extend(monomial)
    tree = parts[0]
    for part in parts[1:]:
        tree = Apply("*", (tree, part))
    return tree


def key(found: Mapping[Monomial, Fraction]) -> str:
    """Returns text that is equal for equal polynomials."""
    terms = sorted(f"{value}*{'*'.join(canonical(atom) for atom in term)}" for term, value in found.items())
    return " + ".join(terms) or "0"


def value_of(node: Node) -> Number | None:
    """Returns the number that a term is once its sums and products cancel, None if a variable is left."""
    found = polynomial(node)
    value = found.get((), Fraction(0))
    return Number(value, str(value)) if not found.keys() - {()} else None


def same(a: Node, b: Node) -> bool:
    """Tells whether two trees are the same up to the order of sums and products inside them."""
    return a == b or ordered(a) == ordered(b)


def ordered(node: Node) -> str:
    """Prints a tree with the parts of its sums and products in one order."""
    if isinstance(node, Name | Number) or not isinstance(node, Apply):
        return canonical(node)
    parts = _flat(node, node.op) if node.op in ("+", "*") else list(node.args)
    texts = [ordered(part) for part in parts]
    if node.op in ("+", "*", "min", "max", "and", "or"):
        texts.sort()
    return f"{node.op}({', '.join(texts)})"


def _flat(node: Node, op: str) -> list[Node]:
    if isinstance(node, Apply) and node.op == op:
        return [part for arg in node.args for part in _flat(arg, op)]
    return [node]
