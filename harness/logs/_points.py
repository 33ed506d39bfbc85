"""Single measurements (a metric, its step, its value) put together into rows, one row per step."""

from __future__ import annotations

from harness.model.frame import Frame
from harness.model.values import Cell, Printed

MAX_DOUBLE = 1.7976931348623157e308


class Points:
    """Collects measurements in the order they were made; those of one step become one row.

    A metric that is measured again at its step opens a new row, so that a restart stays visible.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Cell]] = []
        self._marks: list[list[tuple[str, str]]] = []
        self._latest: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: str, step: int, value: Cell, source: str, mark: str, wall: str = "") -> None:
        """Takes one measurement that stands at ``mark`` (a line, a record) of ``source``."""
        at = self._latest.get(step)
        if at is None or key in self._rows[at]:
            at = self._latest[step] = len(self._rows)
            opened: dict[str, Cell] = {"step": Printed(str(step))}
            if wall:
                opened["wall_time"] = Printed(wall)
            self._rows.append(opened)
            self._marks.append([])
        self._rows[at][key] = value
        self._marks[at].append((source, mark))

    def frame(self, source: str, label: str, notes: tuple[str, ...], remarks: tuple[str, ...]) -> Frame:
        """Returns the rows; the place of a row names every mark that it was put together from."""
        names = dict.fromkeys(name for row in self._rows for name in row)
        return Frame(
            source=source,
            label=label,
            columns={name: tuple(row.get(name) for row in self._rows) for name in names},
            places=tuple(_place(marks) for marks in self._marks),
            notes=notes,
            remarks=remarks,
        )


def _place(marks: list[tuple[str, str]]) -> str:
    sources: dict[str, list[str]] = {}
    for source, mark in marks:
        sources.setdefault(source, []).append(mark)
    return "; ".join(f"{source}:{','.join(found)}" for source, found in sources.items())


def printed(value: float) -> Printed:
    """Returns a binary number with all its digits; infinities and nan by their names."""
    return Printed(repr(float(value)))
