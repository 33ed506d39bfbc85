"""What the columns of a log may be where their names say nothing: judged by their numbers alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from harness.model.frame import Frame
from harness.model.values import Cell, Printed

_NUMBERED = re.compile(r"(?:^|_)(?:id|idx|index|row|line|number)$", re.IGNORECASE)
"""Names of columns that number the rows of any table."""
FEW = 8
"""With fewer rows nothing is guessed."""
LARGEST_RATE = 10.0


def counting(frame: Frame) -> tuple[str, ...]:
    """Returns the columns that count, slow ones first: a whole number in every row, above the one before."""
    if len(frame) < FEW:
        return ()
    found = []
    for name, cells in frame.columns.items():
        if not _NUMBERED.search(name) and all(
            isinstance(cell, Printed) and cell.finite and cell.integral for cell in cells
        ):
            values = _values(cells)
            if all(a < b for a, b in pairwise(values)):
                found.append((values[-1] - values[0], name))
    return tuple(name for _, name in sorted(found, key=lambda entry: entry[0]))


def rate_like(cells: Sequence[Cell]) -> bool:
    """Tells whether numbers rise once at most and then fall, as a schedule with a warm-up does."""
    values = _values(cells)
    if len(values) < max(FEW, len(cells)) or min(values) < 0 or max(values) > LARGEST_RATE:
        return False
    peak = values.index(max(values))
    rises = all(a <= b for a, b in pairwise(values[: peak + 1]))
    return rises and all(a >= b for a, b in pairwise(values[peak:])) and len(set(values)) > FEW / 2


def loss_like(cells: Sequence[Cell]) -> bool:
    """Tells whether positive measurements scatter and, by quarters, fall."""
    values = _values(cells)
    if len(values) < FEW or min(values) <= 0 or rate_like(cells) or _whole(cells):
        return False
    part = len(values) // 4
    return sum(values[:part]) > 1.05 * sum(values[-part:])


def measured(cells: Sequence[Cell]) -> bool:
    """Tells whether a column holds measurements and not counts."""
    return len(_values(cells)) > 1 and not _whole(cells)


def _whole(cells: Sequence[Cell]) -> bool:
    return all(cell.integral for cell in cells if isinstance(cell, Printed))


def _values(cells: Sequence[Cell]) -> list[float]:
    return [float(cell) for cell in cells if isinstance(cell, Printed) and cell.finite]
