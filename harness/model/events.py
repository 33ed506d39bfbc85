"""Events of a log, chunk by chunk: what was said under which name, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Text = bytes | None
"""One cell as JSON text, so that no digit is lost; None where the event says nothing of that name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Some events that follow one another: ``keys[i]`` was said in line ``lines[i]``.

    ``pick(name, rows)`` gives the cells of a name in some of the rows. ``notes`` and ``remarks`` are those
    of a frame: each note is an event that was lost.
    """

    keys: Sequence[str]
    lines: Sequence[int]
    pick: Callable[[str, Sequence[int]], list[Text]]
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLog:
    """The events of one file in their order; ``chunks`` can be gone through once.

    ``label`` tells the logs of one input apart, as that of a frame does. ``where(line)`` is the place of an
    event for people.
    """

    source: str
    label: str
    chunks: Iterator[Chunk]
    where: Callable[[int], str]
