"""A long table that is gone through part by part, as often as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.values import Cell


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Doubles:
    """Numbers of a column that a table stores in binary, as float64, and which rows are null.

    ``whole`` says that the table stores whole numbers.
    """

    values: Any
    null: Any
    whole: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Written:
    """Cells of a column as they were read, and which rows say null."""

    cells: Sequence[Cell]
    null: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """Some rows that follow one another; ``marks`` are their rows or lines in the source, from 1."""

    rows: int
    columns: Mapping[str, Doubles | Written]
    marks: Sequence[int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One log: the names of its columns, and ``parts(names)`` of some of them, anew each time.

    ``place(mark)`` is where a row stands, for people.
    """

    source: str
    label: str
    names: tuple[str, ...]
    parts: Callable[[Sequence[str]], Iterator[Part]]
    place: Callable[[int], str]
    remarks: tuple[str, ...] = ()
