"""The numbers of a log by metric and step, and how much they scatter within the run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from harness.logs._restarts import STEPS
from harness.model.frame import Frame
from harness.model.values import Cell, Printed

_CLOCK = re.compile(
    r"(?:\A|[_/. ])(?:time|timestamp|wall_?time|runtime|epoch|seed|rank|_?step|iter|iteration|global_step)\Z",
    re.IGNORECASE,
)
_STREAMS = ("split", "phase", "mode", "stream", "type", "event", "kind")
SCATTERED = 50
"""How many of the last values the scatter is taken of."""
FEWEST = 8


def step_column(frame: Frame) -> str | None:
    """Returns the column that counts the steps; None where the rows themselves must do."""
    return next((name for name in (*STEPS, "epoch") if name in frame.columns), None)


def series(frame: Frame) -> dict[str, dict[float, float]]:
    """Returns step to value of every column of numbers, in the order of the steps.

    Rows that a restart says again are left out, NaN and inf stay. Where a column of words tells streams
    apart (``split``) and several have a metric, each is a metric of its own: ``loss (val)``.
    """
    column = step_column(frame)
    dropped = frozenset(frame.superseded)
    rows = [row for row in range(len(frame)) if row not in dropped]
    steps = {row: float(row) if column is None else _number(frame.columns[column][row]) for row in rows}
    stream = next((name for name in _STREAMS if name in frame.columns), None)
    found: dict[str, dict[float, float]] = {}
    for name, cells in frame.columns.items():
        if name == column or _CLOCK.search(name) or not any(isinstance(cells[row], Printed) for row in rows):
            continue
        words = {_word(frame, stream, row) for row in rows if isinstance(cells[row], Printed)}
        for row in rows:
            cell, step = cells[row], steps[row]
            if isinstance(cell, Printed) and step is not None and math.isfinite(step):
                shown = f"{name} ({_word(frame, stream, row)})" if len(words) > 1 else name
                found.setdefault(shown, {})[step] = _value(cell)
    return {name: dict(sorted(values.items())) for name, values in found.items()}


def _word(frame: Frame, stream: str | None, row: int) -> str:
    return "" if stream is None else str(frame.columns[stream][row])


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, Printed) else None


def _value(cell: Printed) -> float:
    number = float(cell)
    return number if cell.finite and math.isfinite(number) else math.nan


def scatter(values: Mapping[float, float]) -> float | None:
    """Returns the scatter of the last values of a run; None for too few."""
    last = [value for value in list(values.values())[-SCATTERED:] if math.isfinite(value)]
    return bending(last) if len(last) >= FEWEST else None


def bending(values: Sequence[float]) -> float:
    """Returns the standard deviation of three values or more about their own course.

    A sixth of the mean square of second differences, which a straight descent leaves alone and of which
    independent noise of variance s² has 6 s². It says nothing of what another seed would have given.
    """
    bends = [a - 2 * b + c for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    return math.sqrt(math.fsum(bend * bend for bend in bends) / (6 * len(bends)))


def shared(members: Sequence[Mapping[float, float]]) -> list[float]:
    """Returns the steps at which every run has a value, in order."""
    if not members:
        return []
    return [step for step in members[0] if all(step in other for other in members[1:])]
