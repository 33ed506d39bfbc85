"""Changes a formula in one place at a time (mutation testing: DeMillo, Lipton and Sayward 1978)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from harness.model.contract import Formula
from harness.symbolic.expand import parse_with
from harness.symbolic.tree import Apply, Node, Number, canonical, shown

_TENTH = Fraction(11, 10)
_OTHER = {
    "+": "-", "-": "+", "*": "/", "/": "*", "min": "max", "max": "min", "cos": "sin", "sin": "cos",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "and": "or", "or": "and",
}  # fmt: skip
_BACK = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DROPPED = frozenset({"neg", "not", "abs", "floor", "exp", "log", "sqrt", "tanh"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One changed formula; ``title`` says what became of what."""

    formula: str
    title: str
    body: str


def of_formula(formula: Formula, formulas: Mapping[str, Formula]) -> Iterator[Mutant]:
    """Yields every change of a formula's body, none twice."""
    body = parse_with(formula.body, formulas)
    seen = {canonical(body)}
    for title, changed in variants(body):
        text = canonical(changed)
        if text not in seen:
            seen.add(text)
            yield Mutant(formula=formula.name, title=title, body=text)


def mutated(formulas: Mapping[str, Formula], mutant: Mutant) -> dict[str, Formula]:
    """Returns the formulas with the mutant's body in its place."""
    return {**formulas, mutant.formula: replace(formulas[mutant.formula], body=mutant.body)}


def spread(mutants: Sequence[Mutant], most: int) -> tuple[Mutant, ...]:
    """Returns at most so many of them, taken evenly from the whole."""
    if len(mutants) <= most:
        return tuple(mutants)
    return tuple(mutants[number * len(mutants) // most] for number in range(most))


def variants(node: Node) -> Iterator[tuple[str, Node]]:
    """Yields the tree once for every change of one place in it, with the change in words."""
    for changed in _here(node):
        yield f"{shown(node)} -> {shown(changed)}", changed
    if isinstance(node, Apply):
        for place, arg in enumerate(node.args):
            for title, changed in variants(arg):
                yield title, Apply(node.op, (*node.args[:place], changed, *node.args[place + 1 :]), node.at)


def _here(node: Node) -> Iterator[Node]:
    if isinstance(node, Number):
        yield from _numbers(node.value)
    if not isinstance(node, Apply):
        return
    op, args = node.op, node.args
    if op in _OTHER:
        yield Apply(_OTHER[op], args)
    if op in _BACK:
        yield Apply(_BACK[op], args)
    match op, args:
        case (("+" | "*"), (a, b)):
            yield from (a, b)
        case (("-" | "/"), (a, b)):
            yield from (Apply(op, (b, a)), a)
        case (("**" | "pow"), (a, b)):
            yield from (Apply(op, (b, a)), a)
        case (("min" | "max"), _) if len(args) > 1:
            yield from (Apply(op, (*args[:n], *args[n + 1 :])) for n in range(len(args)))
        case "clip", (a, low, high):
            yield from (Apply("max", (a, low)), Apply("min", (a, high)), a)
        case "if", (then, test, other):
            yield Apply("if", (other, test, then))
        case _:
            yield from _of_call(node)


def _of_call(node: Apply) -> Iterator[Node]:
    if node.op in _DROPPED:
        yield node.args[0]
    elif len(node.args) > 1 and node.op not in _OTHER and node.op not in ("==", "!=", "implies", "diff"):
        yield Apply(node.op, (node.args[1], node.args[0], *node.args[2:]))


def _numbers(value: Fraction) -> Iterator[Node]:
    for other in (value + 1, value * _TENTH):
        if other != value:
            yield _number(other)


def _number(value: Fraction) -> Node:
    """A literal is a decimal, and so is every change of it."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    return Number(value, text)
