"""Logs as events: a reader that streams them does, and any other log's rows are events too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness import registry
from harness.logs._read import read_frames, reader_of
from harness.model.events import Chunk, EventLog, Text
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

ROWS = 65_536


def read_events(
    files: Sequence[tuple[str, Path]],
    *,
    key: str,
    cells: Sequence[str],
    rows: str | None = None,
    format: str | None = None,  # noqa: A002
) -> tuple[EventLog, ...]:
    """Returns the events of ``(name for people, path)`` files, each named by its cell ``key``.

    Of the other cells only those named in ``cells`` are read. Raises ``InputError`` as ``read_frames`` does,
    and while the chunks are gone through.
    """
    found: list[EventLog] = []
    for name, path in files:
        reader = format or reader_of(name, path)
        stream = getattr(registry.load("logs", reader), "events", None) if _known(reader) else None
        label = name if len(files) > 1 else ""
        if stream is not None and key == "key" and rows is None:
            chunks = stream(name, path, cells)
            found.append(EventLog(source=name, label=label, chunks=chunks, where=_line(name)))
            continue
        frames = read_frames([(name, path)], rows=rows, format=format)
        found += [events_of(frame, key, label or frame.label) for frame in frames]
    return tuple(found)


def _known(reader: str) -> bool:
    return reader in registry.modules("logs")


def _line(name: str) -> Callable[[int], str]:
    return lambda line: f"{name}:{line}"


def events_of(frame: Frame, key: str, label: str = "") -> EventLog:
    """Returns the rows of a frame as events; raises ``InputError`` for a row that names none."""
    if len(frame) and key not in frame.columns:
        raise InputError(f"{frame.source}: no column {key} names the events", "MISSING_COLUMN")
    return EventLog(
        source=frame.source,
        label=label,
        chunks=_chunks(frame, key),
        where=lambda row: frame.places[row] if row < len(frame) else frame.source,
    )


def _chunks(frame: Frame, key: str) -> Iterator[Chunk]:
    for start in range(0, len(frame), ROWS):
        rows = range(start, min(start + ROWS, len(frame)))
        names = [frame.columns[key][row] for row in rows]
        if any(not isinstance(name, str) for name in names):
            row = next(row for row, name in zip(rows, names, strict=True) if not isinstance(name, str))
            raise InputError(f"{frame.places[row]}: {key} is no name of an event")

        def pick(name: str, chosen: Sequence[int], rows: range = rows) -> list[Text]:
            nulls, column = frame.nulls.get(name, frozenset()), frame.columns.get(name)
            if column is None:
                return [None] * len(chosen)
            return [b"null" if rows[at] in nulls else _text(column[rows[at]]) for at in chosen]

        yield Chunk(keys=[str(name) for name in names], lines=rows, pick=pick)
    yield Chunk(keys=(), lines=(), pick=lambda _, __: [], notes=frame.notes, remarks=frame.remarks)


def _text(cell: Cell) -> Text:
    if cell is None:
        return None
    return (cell.text if isinstance(cell, Printed) else json.dumps(cell)).encode()
