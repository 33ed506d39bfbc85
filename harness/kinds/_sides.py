"""The runs or documents of one side of a comparison: one printed value each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

_SEED = re.compile(r"seed=(-?\d+)\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Where a value stands: its column, that of its seed or document, and that of its step.

    ``step`` chooses the rows of one step; without it the last step of each unit counts.
    """

    metric: str
    unit: str
    seeds: bool
    clock: str = "step"
    step: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One side: its finite values by unit, those that are no number, what came twice, and its steps.

    ``seeds`` are those that the rows name, also where the units are documents.
    """

    source: str
    values: Mapping[str, Printed]
    unfit: tuple[str, ...]
    twice: tuple[str, ...]
    steps: frozenset[str]
    seeds: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    unit: str
    value: Cell
    step: Printed | None


def read_arm(frames: Sequence[Frame], columns: Columns) -> Arm:
    """Reads one side; raises ``InputError`` for a column that is not there or a seed that nothing names."""
    if not any(len(frame) for frame in frames):
        source = frames[0].source if frames else "no file"
        return Arm(source=source, values={}, unfit=(), twice=(), steps=frozenset(), seeds=frozenset())
    rows: dict[str, list[_Row]] = {}
    seeds: set[str] = set()
    for frame in frames:
        for row in _rows(frame, columns):
            rows.setdefault(row.unit, []).append(row)
        seeds |= {str(cell) for cell in frame.columns.get("seed", ()) if cell is not None}
    values, unfit, twice, steps = {}, [], [], set()
    for unit, found in rows.items():
        last, again = _last(found)
        twice += [unit] if again else []
        steps |= {str(last.step)} if last.step is not None else set()
        if isinstance(last.value, Printed) and last.value.finite:
            values[unit] = last.value
        else:
            unfit.append(unit)
    return Arm(
        source=frames[0].source,
        values=values,
        unfit=tuple(unfit),
        twice=tuple(twice),
        steps=frozenset(steps),
        seeds=frozenset(seeds),
    )


def _rows(frame: Frame, columns: Columns) -> Iterator[_Row]:
    """Yields the rows of a frame that a restarted run does not take back."""
    if not len(frame):
        return
    metric = frame.columns[column_of(frame, columns.metric)]
    labelled = _SEED.match(frame.label) if columns.seeds else None
    if labelled is None and columns.unit not in frame.columns:
        raise InputError(
            f"{frame.source}: no column {columns.unit} says whose values these are", "MISSING_COLUMN"
        )
    clock = frame.columns.get(columns.clock, ())
    if columns.step is not None and not clock:
        raise InputError(f"{frame.source}: no column {columns.clock}", "MISSING_COLUMN")
    again = frozenset(frame.superseded) if columns.seeds else frozenset()  # documents are no history
    for index, value in enumerate(metric):
        unit = labelled[1] if labelled is not None else _name(frame.columns[columns.unit][index], columns)
        step = clock[index] if clock else None
        at = step if isinstance(step, Printed) and step.finite else None
        other = columns.step is not None and (at is None or at.exact != columns.step)
        if index in again or unit is None or other or (value is None and at is not None):
            continue  # rows of another stream have no value
        yield _Row(unit=str(unit), value=value, step=at)


def _name(cell: Cell, columns: Columns) -> Cell:
    """Returns a seed as the whole number that it is: tables with gaps write the seed 1 as 1.0."""
    whole = columns.seeds and isinstance(cell, Printed) and cell.finite and cell.exact.denominator == 1
    return str(int(cell.exact)) if whole and isinstance(cell, Printed) else cell


def _last(rows: Sequence[_Row]) -> tuple[_Row, bool]:
    """Returns the row of the largest step, and whether there are two of it."""
    best = max((row.step.exact for row in rows if row.step is not None), default=None)
    at = [row for row in rows if (row.step.exact if row.step is not None else None) == best]
    return at[-1], len(at) > 1 or (best is not None and any(row.step is None for row in rows))
