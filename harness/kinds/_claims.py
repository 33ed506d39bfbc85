"""Claim text to trees, and the faults that can be found in it without any data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from harness.model.contract import Formula
from harness.model.kind import Fault, Scope
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.symbolic.expand import expand, known_formulas, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import (
    RESERVED,
    Apply,
    Node,
    Number,
    Previous,
    conjuncts,
    is_truth,
    names,
    shown,
    walk,
)
from harness.symbolic.units import Unit, UnitError, agree, parse_unit

COARSEST = Fraction(1, 4)
LARGEST = 10**300
"""What is larger has no place beside the doubles that a log is read as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One conjunct: ``written`` still calls formulas, ``node`` is expanded."""

    written: Node
    node: Node

    @property
    def text(self) -> str:
        """The claim for people, with its numbers as they were written."""
        return shown(self.written)

    @property
    def back(self) -> int:
        """How many rows it looks back."""
        return max((part.back for part in walk(self.node) if isinstance(part, Previous)), default=0)


def claims(text: str, formulas: Mapping[str, Formula]) -> tuple[Claim, ...]:
    """Splits a condition at its top-level ``and``; raises ``InputError`` where it is none."""
    return tuple(
        Claim(written=part, node=_expanded(part, formulas, truth=True))
        for part in conjuncts(_parsed(text, formulas))
    )


def quantity(text: str, formulas: Mapping[str, Formula]) -> Node:
    """Reads a number-valued expression, expanded; raises ``InputError``."""
    return _expanded(_parsed(text, formulas), formulas, truth=False)


def condition(text: str, formulas: Mapping[str, Formula]) -> Node:
    """Reads a condition as one expanded tree; raises ``InputError``."""
    return _expanded(_parsed(text, formulas), formulas, truth=True)


def _parsed(text: str, formulas: Mapping[str, Formula]) -> Node:
    try:
        return parse_with(text, formulas)
    except ExpressionError as error:
        raise InputError(str(error), "ILL_POSED") from error


def _expanded(node: Node, formulas: Mapping[str, Formula], *, truth: bool) -> Node:
    try:
        result = expand(node, formulas)
    except ExpressionError as error:
        raise InputError(str(error), "ILL_POSED") from error
    if is_truth(result) != truth:
        wanted, got = ("a condition", "a number") if truth else ("a number", "a condition")
        raise InputError(f"{wanted} is needed here, {shown(node)} is {got}", "ILL_POSED")
    if any(isinstance(part, Apply) and part.op == "diff" for part in walk(result)):
        raise InputError("diff has no value over rows; it belongs to kind symbolic", "ILL_POSED")
    return result


def unit_faults(units: Mapping[str, str], texts: Mapping[str, str | None], scope: Scope) -> Iterator[Fault]:
    """Yields units that are none, and expressions that join unlike ones, each with a caret."""
    known: dict[str, Unit] = {}
    for name, text in units.items():
        try:
            known[name] = parse_unit(text)
        except UnitError as error:
            yield Fault(field=f"units.{name}", message=str(error))
    stated = {field: text for field, text in texts.items() if units and text is not None}
    for field, text in stated.items():
        try:
            agree(text, known, scope.formulas)
        except ExpressionError as error:
            yield Fault(field=field, message=str(error))


def text_faults(field: str, text: str | None, scope: Scope, *, truth: bool = True) -> Iterator[Fault]:
    """Yields what is wrong with one expression."""
    if text is None:
        return
    try:
        node = _expanded(_parsed(text, scope.formulas), scope.formulas, truth=truth)
    except InputError as error:
        yield Fault(field=field, message=str(error))
        return
    for part in walk(node):
        if isinstance(part, Number) and abs(part.value) > LARGEST:
            yield Fault(field=field, message=f"{part.text} is larger than any logged number (1e300)")


def resolution_faults(value: Printed) -> Iterator[Fault]:
    """Yields a resolution at which hardly anything would show."""
    if not value.finite or not 0 < value.exact <= COARSEST:
        message = "must be above 0 and at most 0.25: a value off by a quarter must show"
        yield Fault(field="resolution", message=message)


def where_faults(field: str, where: Mapping[str, object], scope: Scope) -> Iterator[Fault]:
    """Yields constants whose name has another meaning already, or that are no ordinary number."""
    taken = known_formulas(scope.formulas).keys() | RESERVED
    for name, value in where.items():
        if name in taken:
            yield Fault(field=field, message=f"{name} already names a formula or function")
        if name in scope.constants:
            yield Fault(field=field, message=f"{name} is already a constant of the whole contract")
        if not name.isidentifier():
            yield Fault(field=field, message=f"{name!r} cannot be used in an expression")
        if isinstance(value, Printed) and not value.finite:
            yield Fault(field=field, message=f"{name} is {value}: a constant must be an ordinary number")
        elif isinstance(value, Printed) and abs(value.exact) > LARGEST:
            yield Fault(field=field, message=f"{name} is {value}, larger than any logged number (1e300)")


def used_names(*nodes: Node) -> frozenset[str]:
    """Returns every name that any of the trees mentions."""
    return frozenset[str]().union(*(names(node) for node in nodes))
