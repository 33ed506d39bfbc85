"""Frames to tables: which rows are judged, and what every name of a claim means on them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.logs._restarts import STEPS
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.symbolic import digits, vectors
from harness.symbolic.columns import RESOLUTION, Table, holds
from harness.symbolic.tree import Node, names
from harness.symbolic.vectors import FINE, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What holds for every frame of one obligation: constants, published numbers, and how exact logs are."""

    constants: Mapping[str, Printed] = field(default_factory=dict)
    numbers: Mapping[str, Vector] = field(default_factory=dict)
    guard: digits.Guard = "float32"
    resolution: Fraction = RESOLUTION


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Selection:
    """The rows of a frame that ``select:`` chose; ``unsure`` marks those that it could not decide on."""

    rows: tuple[int, ...]
    excluded: int
    unsure: Array


def column_of(frame: Frame, name: str) -> str:
    """Returns the column that a name means: itself, or the one that reads so with ``_`` for odd signs.

    ``train/loss`` is written ``train_loss``. Raises ``InputError`` where there is none or more than one.
    """
    if name in frame.columns:
        return name
    plain = {column: re.sub(r"\W", "_", column) for column in frame.columns}
    found = [column for column, written in plain.items() if written == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{frame.source}: {name} may be any of {', '.join(found)}", "ILL_POSED")
    near = difflib.get_close_matches(name, plain.values(), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(plain.values()) or 'none'}"
    raise InputError(f"{frame.source}: no column {name}{hint}", "MISSING_COLUMN")


def table_of(
    frame: Frame, rows: Sequence[int], used: frozenset[str], setting: Setting, linked: Array | None = None
) -> Table:
    """Builds the table of the used names over some rows of a frame.

    How many digits a column shows is judged on these rows alone, because another stream of the same log
    may be printed otherwise. Raises ``InputError``: no such column, or a name with two meanings.
    """
    values: dict[str, Vector] = {}
    for name in sorted(used):
        meanings = [
            meaning
            for meaning, known in (
                ("a constant", name in setting.constants),
                ("a published number", name in setting.numbers),
                ("a column", name in frame.columns),
            )
            if known
        ]
        if len(meanings) > 1:
            raise InputError(f"{frame.source}: {name} is both {' and '.join(meanings)}", "ILL_POSED")
        values[name] = _value(frame, rows, name, setting)
    return Table(values=values, rows=len(rows), linked=linked, resolution=setting.resolution)


def _value(frame: Frame, rows: Sequence[int], name: str, setting: Setting) -> Vector:
    if name in setting.constants:
        return constant(name, setting.constants[name])
    if name in setting.numbers:
        return setting.numbers[name]
    column = column_of(frame, name)
    cells = [frame.columns[column][row] for row in rows]
    return digits.column(cells, guard=setting.guard, name=f"{frame.source}: column {column}")


def constant(name: str, value: Printed) -> Vector:
    """Returns a constant of the contract, exactly as written; raises ``InputError`` for nan and inf."""
    if not value.finite:
        raise InputError(f"constant {name} is {value}", "ILL_POSED")
    return vectors.point(value.exact)


def select(frame: Frame, chosen: Node | None, setting: Setting) -> Selection:
    """Chooses the rows of one stream.

    Rows with a missing cell, or where the condition is false, are excluded and counted. A row whose
    condition meets nan or inf stays in, so that no selection hides a divergence, and one that the digits
    leave open stays in as unsure.
    """
    import numpy as np

    total = len(frame)
    if chosen is None or not total:
        return Selection(rows=tuple(range(total)), excluded=0, unsure=np.zeros(total, bool))
    table = table_of(frame, range(total), names(chosen), setting)
    keep, unsure = standing(chosen, table)
    rows = tuple(int(row) for row in np.flatnonzero(keep))
    return Selection(rows=rows, excluded=total - len(rows), unsure=unsure[keep])


def standing(chosen: Node, table: Table) -> tuple[Array, Array]:
    """Tells for each row of a table whether a selection keeps it, and whether it is unsure of that."""
    import numpy as np

    size = (table.rows,)
    truth = holds(chosen, table)
    special = np.zeros(size, bool)
    for name in names(chosen):
        special |= table.values[name].state == SPECIAL
    sure = np.broadcast_to((truth.state == FINE) & truth.holds, size)
    out = np.broadcast_to((truth.state == vectors.MISSING) | ((truth.state == FINE) & truth.fails), size)
    keep = special | ~out
    return keep, keep & ~sure & ~special


def distinct(frame: Frame, rows: Sequence[int], used: frozenset[str], step_column: str) -> int:
    """Counts the rows that differ: in a used column or in one that counts steps or epochs, else in any.

    A row that says the same again of the same step is no second observation.
    """
    clocks = {step_column, "epoch", *STEPS} & frame.columns.keys()
    judged = {column for column in frame.columns if re.sub(r"\W", "_", column) in used}
    chosen = sorted(clocks | judged) if clocks else sorted(frame.columns)
    return len({tuple(frame.columns[name][row] for name in chosen) for row in rows})


def superseded(frame: Frame, rows: Sequence[int]) -> Array:
    """Tells for each row whether a restarted run says its step again further down."""
    import numpy as np

    again = frozenset(frame.superseded)
    return np.array([row in again for row in rows], bool)


def links(frame: Frame, rows: Sequence[int], step_column: str, every: int) -> Array:
    """Tells for each row whether it comes ``every`` steps after the row before it; the first one does."""
    column = column_of(frame, step_column)
    return links_of(digits.column([frame.columns[column][row] for row in rows]), every)


def links_of(step: Vector, every: int) -> Array:
    """Tells the same of rows whose steps are known as intervals."""
    import numpy as np

    linked = np.ones(len(step), bool)
    with np.errstate(all="ignore"):
        least, most = step.lo[1:] - step.hi[:-1], step.hi[1:] - step.lo[:-1]
        linked[1:] = (least <= every) & (every <= most) & (most - least < 1)
    return linked
