"""Evaluates an expanded expression over the rows of a log, as intervals that surely hold the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.symbolic import truth, vectors
from harness.symbolic.tree import COMPARISONS, Apply, Name, Node, Number, Previous
from harness.symbolic.truth import Truth
from harness.symbolic.vectors import Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

RESOLUTION = Fraction(1, 100)


class NotEvaluable(ValueError):
    """An expression that has no meaning over rows: a derivative, or an unknown name."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """What the names of an expression stand for, over ``rows`` rows.

    ``values`` holds columns (length ``rows``), constants (length 1) and lists (any length, to be
    aggregated). ``linked[i]`` says that row i - 1 is the row that row i follows in the claim's sense;
    None: always. ``resolution`` is the relative change that a settled row must have been able to show.
    """

    values: Mapping[str, Vector]
    rows: int
    linked: Array | None = None
    resolution: Fraction = RESOLUTION


def number(node: Node, table: Table) -> Vector:
    """Returns the intervals of a number-valued expression, of length 1 or ``rows``.

    Raises ``NotEvaluable`` for ``diff``, a formula that was not expanded, or a name without a value.
    """
    match node:
        case Number(value=value):
            return vectors.point(value)
        case Name(id="pi"):
            return vectors.PI()
        case Name(id=name):
            return _value(name, table)
        case Previous(id=name, back=back):
            return _previous(_value(name, table), back, table)
        case Apply(op="if", args=(then, condition, other)):
            return truth.branch(holds(condition, table), number(then, table), number(other, table))
    args = [number(arg, table) for arg in node.args]
    if len(args) == 1 and node.op in vectors.UNARY:
        return vectors.UNARY[node.op](args[0])
    if len(args) == 2 and node.op in vectors.BINARY:
        return vectors.BINARY[node.op](*args)
    if node.op in ("min", "max"):
        return vectors.smallest(*args) if node.op == "min" else vectors.largest(*args)
    if node.op == "clip":
        return vectors.clip(*args)
    raise NotEvaluable(f"{node.op} has no value over the rows of a log")


def holds(node: Node, table: Table) -> Truth:
    """Returns the truth of a condition, row by row; raises ``NotEvaluable``."""
    if not isinstance(node, Apply):
        raise NotEvaluable("a condition is needed here, this is a number")
    if node.op in COMPARISONS:
        left, right = (number(arg, table) for arg in node.args)
        return truth.COMPARE[node.op](left, right, table.resolution)
    if node.op == "finite":
        return truth.finite(number(node.args[0], table))
    if node.op == "if":
        then, condition, other = (holds(arg, table) for arg in node.args)
        return truth.either(condition, then, other)
    parts = [holds(arg, table) for arg in node.args]
    match node.op:
        case "and":
            return truth.every(*parts)
        case "or":
            return truth.some(*parts)
        case "not":
            return truth.negation(*parts)
        case "implies":
            return truth.implies(*parts)
    raise NotEvaluable(f"{node.op} has no truth over the rows of a log")


def _value(name: str, table: Table) -> Vector:
    if name not in table.values:
        raise NotEvaluable(f"nothing is called {name}")
    return table.values[name]


def _previous(column: Vector, back: int, table: Table) -> Vector:
    """Shifts a column down; rows without the row that they need are missing."""
    import numpy as np

    if len(column) == 1 and table.rows != 1:
        return column
    lo, hi = np.full(len(column), -np.inf), np.full(len(column), np.inf)
    state = np.full(len(column), vectors.MISSING, np.int8)
    lo[back:], hi[back:] = column.lo[:-back], column.hi[:-back]
    state[back:] = column.state[:-back]
    for step in range(back if table.linked is not None else 0):
        gap = ~np.asarray(table.linked)[: len(column) - step]
        state[step:][gap] = vectors.MISSING
    return vectors.Vector(lo, hi, state)
