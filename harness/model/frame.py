"""One stream of log rows as columns, every row knowing where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.values import Cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The rows of one log, in file order: ``columns[name][i]`` is row ``i``, read at ``places[i]``.

    ``label`` tells frames of one input apart (``seed=1337``); ``notes`` says what the reader had to
    mend or leave out (a torn last line), which a verdict must not hide.
    """

    source: str
    label: str
    columns: Mapping[str, tuple[Cell, ...]]
    places: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.places)
