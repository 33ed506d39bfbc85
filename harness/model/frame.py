"""One stream of log rows as columns, every row knowing where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.model.values import Cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The rows of one log, in file order: ``columns[name][i]`` is row ``i``, read at ``places[i]``.

    ``label`` tells frames of one input apart (``seed=1337``); ``notes`` says what was lost (a torn or
    damaged line): each counts as a row without a value. ``remarks`` says what else a verdict must not hide
    and costs no row. ``superseded`` are the rows that a restarted run says again further down: its history
    goes on without them, so no kind may read them as rows of one run. ``nulls`` are the rows of a column
    of numbers whose cell was written as null: it is nan there, because writers of JSON put nan so.
    """

    source: str
    label: str
    columns: Mapping[str, tuple[Cell, ...]]
    places: tuple[str, ...]
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    superseded: tuple[int, ...] = ()
    nulls: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.places)


def few(notes: Iterable[str], most: int = 5) -> tuple[str, ...]:
    """Returns different notes for people: the first ``most`` of them, and how many more there are."""
    told = tuple(dict.fromkeys(notes))
    return told if len(told) <= most + 1 else (*told[:most], f"and {len(told) - most} more such notes")
