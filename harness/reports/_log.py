"""Log files as they were understood: for people a table with one curve, for machines JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from harness.model.frame import Frame, few
from harness.model.values import Cell, Printed
from harness.reports._out import clean, some

WIDTH, HEIGHT = 72, 12
_STEPS = ("step", "_step", "global_step", "iter", "iteration", "epoch")
_MARKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One frame and the reader that understood it."""

    reader: str
    frame: Frame


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What a column holds: filled cells, numbers, those not finite, and its ends and extremes."""

    name: str
    filled: int
    numbers: int
    special: int
    first: str
    last: str
    least: str
    greatest: str


def log_text(seen: Sequence[Seen], plot: str | None) -> str:
    """Returns a table per frame; ``plot`` names the column to draw, else the fullest that is a loss."""
    return "\n\n".join("\n".join(_text(one, plot)) for one in seen) or "no log was understood"


def log_json(seen: Sequence[Seen], failed: Sequence[str]) -> str:
    """Returns every frame with its columns, counts, notes and remarks as JSON."""
    frames = [
        {
            "source": one.frame.source,
            "label": one.frame.label,
            "reader": one.reader,
            "rows": len(one.frame),
            "said_again": len(one.frame.superseded),
            "first_place": one.frame.places[0] if len(one.frame) else None,
            "last_place": one.frame.places[-1] if len(one.frame) else None,
            "columns": [
                {name: getattr(column, name) for name in Column.__slots__} for column in columns(one.frame)
            ],
            "notes": list(one.frame.notes),
            "remarks": list(one.frame.remarks),
        }
        for one in seen
    ]
    return json.dumps({"frames": frames, "unreadable": list(failed)}, indent=2, ensure_ascii=False)


def columns(frame: Frame) -> list[Column]:
    """Returns what every column holds, in the order of the frame."""
    return [_column(name, cells) for name, cells in frame.columns.items()]


def _column(name: str, cells: Sequence[Cell]) -> Column:
    filled = [cell for cell in cells if cell is not None]
    numbers = [cell for cell in filled if isinstance(cell, Printed)]
    finite = [cell for cell in numbers if cell.finite]
    return Column(
        name=name,
        filled=len(filled),
        numbers=len(numbers),
        special=len(numbers) - len(finite),
        first=str(filled[0]) if filled else "",
        last=str(filled[-1]) if filled else "",
        least=str(min(finite, key=float)) if finite else "",
        greatest=str(max(finite, key=float)) if finite else "",
    )


def _text(one: Seen, plot: str | None) -> list[str]:
    frame = one.frame
    head = f"{frame.source} {frame.label}".strip()
    lines = [f"{clean(head)}: {some(len(frame), 'row')}, read as {one.reader}"]
    found = columns(frame)
    width = max([6, *(len(column.name) for column in found)])
    if found:
        lines.append(
            f"  {'column':{width}} {'filled':>7}  {'first':>14} {'last':>14} {'least':>14} {'most':>14}"
        )
    for column in found:
        shown = (column.first, column.last, column.least, column.greatest)
        told = f"  {column.special} not finite" if column.special else ""
        cells = " ".join(f"{clean(_cut(text)):>14}" for text in shown)
        lines.append(f"  {clean(column.name):{width}} {column.filled:>7}  {cells}{told}")
    if len(frame.notes) > 1:
        lines.append(
            f"  lost: {some(len(frame.notes), 'row')} at least; each counts as a row without a value"
        )
    lines += [f"  lost: {clean(note)}" for note in few(frame.notes, 10)]
    lines += [f"  {clean(remark)}" for remark in frame.remarks]
    return lines + _curve(frame, plot)


def _cut(text: str) -> str:
    return text if len(text) <= 14 else f"{text[:13]}…"


def _curve(frame: Frame, plot: str | None) -> list[str]:
    """Draws one column against the steps, or against the rows where there are none."""
    losses = [name for name in frame.columns if "loss" in name.lower() and "time" not in name.lower()]
    longest = max(
        losses, key=lambda name: sum(cell is not None for cell in frame.columns[name]), default=None
    )
    name = plot if plot is not None else longest
    if name is None or name not in frame.columns:
        return [f"  no column is called {clean(plot)}"] if plot is not None else []
    steps = next((frame.columns[step] for step in _STEPS if step in frame.columns), None)
    points = []
    for row, cell in enumerate(frame.columns[name]):
        at: Cell = Printed(str(row)) if steps is None else steps[row]
        if isinstance(cell, Printed) and cell.finite and isinstance(at, Printed) and at.finite:
            points.append((float(at), float(cell)))
    if len(points) < 2 or not all(isfinite(x) and isfinite(y) for x, y in points):
        return []
    return _drawn(clean(name), points)


def _drawn(name: str, points: Sequence[tuple[float, float]]) -> list[str]:
    low, high = min(y for _, y in points), max(y for _, y in points)
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    eighths = HEIGHT * 8 - 1
    for x, y in points:
        column = round((x - left) / (right - left or 1) * (WIDTH - 1))
        level = round((y - low) / (high - low or 1) * eighths)
        grid[HEIGHT - 1 - level // 8][column] = _MARKS[level % 8]
    lines = [f"  {name}"]
    for number, row in enumerate(grid):
        label = f"{high:.4g}" if number == 0 else f"{low:.4g}" if number == HEIGHT - 1 else ""
        lines.append(f"  {label:>10} │{''.join(row).rstrip()}")
    return [*lines, f"  {'':>10} └{'─' * WIDTH}", f"  {'':>10}  {left:<{WIDTH // 2}g}{right:>{WIDTH // 2}g}"]
