"""Rows of a long log in hand: selected, joined to the last ones before, and told from them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.kinds._judge import Judged
from harness.model.stream import Doubles, Stream, Written
from harness.model.values import Cell, Printed
from harness.symbolic.vectors import Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """Selected rows with what the names of the claims stand for there, and their marks."""

    values: Mapping[str, Vector]
    marks: Array
    unsure: Array


class Places(Sequence[str]):
    """The places of some rows, written only where they are asked for."""

    def __init__(self, stream: Stream, marks: Array) -> None:
        """``marks`` are the rows or lines of a stream."""
        self._stream, self._marks = stream, marks

    def __len__(self) -> int:
        return len(self._marks)

    def __getitem__(self, at: Any) -> Any:
        return self._stream.place(int(self._marks[at]))


def steps(column: Doubles | Written) -> Array:
    """Returns the steps of a part, as far as they are numbers."""
    import numpy as np

    if isinstance(column, Doubles):
        return np.asarray(column.values[~column.null & np.isfinite(column.values)])
    found = [float(cell) for cell in column.cells if isinstance(cell, Printed) and cell.finite]
    return np.array(found)


def cells(column: Doubles | Written, rows: Sequence[int]) -> list[Cell]:
    """Returns the cells of some rows of a part."""
    if isinstance(column, Written):
        return [column.cells[row] for row in rows]
    return [None if column.null[row] else Printed(repr(float(column.values[row]))) for row in rows]


def cut(vector: Vector, keep: Array) -> Vector:
    """Returns the rows of a vector that are kept."""
    if bool(keep.all()):
        return vector
    return Vector(vector.lo[keep], vector.hi[keep], vector.state[keep])


def joined(parts: Sequence[Rows]) -> Rows:
    """Returns rows one after the other."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    values = {
        name: Vector(
            *(np.concatenate([getattr(p.values[name], end) for p in parts]) for end in ("lo", "hi", "state"))
        )
        for name in parts[0].values
    }
    marks, unsure = (np.concatenate([getattr(p, name) for p in parts]) for name in ("marks", "unsure"))
    return Rows(values=values, marks=marks, unsure=unsure)


def last(rows: Rows, count: int) -> Rows:
    """Returns so many of the last rows."""
    start = len(rows.marks) - count if count else len(rows.marks)
    start = max(0, start)
    values = {n: Vector(v.lo[start:], v.hi[start:], v.state[start:]) for n, v in rows.values.items()}
    return Rows(values=values, marks=rows.marks[start:], unsure=rows.unsure[start:])


def behind(judged: Judged, before: int) -> Judged:
    """Takes the first rows out of everything that was found."""
    if not before:
        return judged
    masks = {
        name: getattr(judged, name).copy() for name in ("failed", "judged", "undecided", "unjudged", "first")
    }
    for mask in masks.values():
        mask[:before] = False
    asked = []
    for one in judged.asked:
        rows, fails = one.rows.copy(), one.fails.copy()
        rows[:before] = fails[:before] = False
        asked.append(replace(one, rows=rows, fails=fails))
    return replace(judged, asked=tuple(asked), **masks)
