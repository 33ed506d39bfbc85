"""Formulas of a learning rate over the steps of a log: which rows they close, and how far off they are."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.audit.scene import step_of
from harness.model.frame import Frame
from harness.model.values import Printed

if TYPE_CHECKING:
    from harness.symbolic.columns import Table


def farthest(
    frame: Frame, column: str, formula: str, *, shift: int = 0, constants: Mapping[str, Printed] | None = None
) -> tuple[int, float]:
    """Returns the row whose rate is farthest from a formula of ``step``, and the formula's value there.

    ``shift`` is added to the steps. Raises ``ExpressionError`` or ``NotEvaluable``.
    """
    from harness.symbolic.columns import number
    from harness.symbolic.expand import expand, parse_with

    rows, table = _table(frame, column, shift, constants or {})
    found = number(expand(parse_with(formula, {}), {}), table)
    middle = (found.lo + found.hi) / 2
    logged = (table.values["rate"].lo + table.values["rate"].hi) / 2
    at = int(abs(middle - logged).argmax())
    return rows[at], float(middle[at] if len(middle) > 1 else middle[0])


def closed(
    frame: Frame, column: str, formula: str, constants: Mapping[str, Printed], *, shift: int = 0
) -> bool:
    """Tells whether no row contradicts a formula of ``step``, single precision allowed for.

    ``shift`` is added to the steps. Raises ``ExpressionError`` or ``NotEvaluable``.
    """
    from harness.symbolic.columns import holds
    from harness.symbolic.expand import expand, parse_with

    _, table = _table(frame, column, shift, constants)
    truth = holds(expand(parse_with(f"rate == ({formula})", {}), {}), table)
    return not bool(truth.fails.any())


def _table(
    frame: Frame, column: str, shift: int, constants: Mapping[str, Printed]
) -> tuple[list[int], Table]:
    from harness.symbolic import digits, vectors
    from harness.symbolic.columns import Table

    step, gone = step_of(frame) or "step", frozenset(frame.superseded)
    cells = frame.columns[column]
    rows = [
        row
        for row, cell in enumerate(cells)
        if row not in gone
        and isinstance(cell, Printed)
        and cell.finite
        and isinstance(frame.columns[step][row], Printed)
    ]
    steps = digits.column([frame.columns[step][row] for row in rows], name="the step column")
    moved = vectors.add(steps, vectors.point(Fraction(shift))) if shift else steps
    rate = digits.column([cells[row] for row in rows], guard="float32", name="the rate column")
    values = {"step": moved, "rate": rate}
    values |= {name: vectors.point(value.exact) for name, value in constants.items()}
    return rows, Table(values=values, rows=len(rows))
