"""Strict JSON for logs: digits kept as printed, duplicate keys refused, records flattened to columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from harness.logs._text import uncoloured
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

_SPECIAL = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


class NotStrict(ValueError):
    """JSON that parses but cannot be trusted: a key given twice, or a number out of range."""


def decode(text: str) -> Any:
    """Parses one JSON value with every number as ``Printed``; NaN and Infinity are accepted.

    Raises ``json.JSONDecodeError`` for what is no JSON and ``NotStrict`` for what must not be guessed at.
    """
    try:
        return decoder().decode(text)
    except RecursionError:
        raise NotStrict("nested too deeply") from None


class Mended:
    """Counts the lines that were read although their bytes were not as they should be."""

    def __init__(self) -> None:
        self.coloured, self.other = 0, 0

    def remarks(self, name: str) -> Iterator[str]:
        """Yields what there is to say about them."""
        if self.coloured:
            yield f"{name}: {self.coloured} lines were read without the colours of a terminal"
        if self.other:
            yield f"{name}: {self.other} lines hold bytes that are no UTF-8 and were read as Latin-1"


def decode_line(line: bytes, mended: Mended) -> Any:
    """Parses a line as ``decode`` does, without its colours; bytes that are no UTF-8 are Latin-1.

    Raises as ``decode`` does, and ``UnicodeDecodeError`` where such bytes may have changed a key.
    """
    try:
        return decode(line.decode())
    except UnicodeDecodeError:
        value = decode(uncoloured(line.decode("latin-1")))
        if not (isinstance(value, Mapping) and all(key.isascii() for key, _ in flatten(value))):
            raise
        mended.other += 1
        return value
    except json.JSONDecodeError:
        if b"\x1b" not in line:
            raise
        value = decode(uncoloured(line.decode()))
        mended.coloured += 1
        return value


@cache
def decoder() -> json.JSONDecoder:
    """Returns the decoder of strict JSON with printed numbers, for reading value by value."""
    return json.JSONDecoder(
        parse_float=_number,
        parse_int=_number,
        parse_constant=lambda name: Printed(_SPECIAL[name]),
        object_pairs_hook=_object,
    )


def _number(text: str) -> Printed:
    try:
        return Printed(text)
    except ValueError as error:
        raise NotStrict(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotStrict(f"key {key!r} is given twice")
        found[key] = value
    return found


def flatten(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Cell]]:
    """Yields the cells of a record under dotted names; lists are left out."""
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        elif not isinstance(value, list):
            yield name, value


def follow(document: Any, path: str) -> Any:
    """Returns the part of a document at a dotted path (``.`` is the whole); raises ``InputError``."""
    part, done = document, ""
    for key in [key for key in path.split(".") if key]:
        if not isinstance(part, Mapping) or key not in part:
            known = ", ".join(part) if isinstance(part, Mapping) else "not an object"
            raise InputError(f"rows: no {key!r} in {done or 'the document'} ({known})")
        part, done = part[key], f"{done}.{key}" if done else key
    return part


class Columns:
    """Collects records as columns of equal length; a key that comes late was nothing before.

    A null that was written in a column of numbers is nan: JavaScript and pandas write nan so.
    """

    def __init__(self) -> None:
        self.cells: dict[str, list[Cell]] = {}
        self.places: list[str] = []
        self.nulls: dict[str, list[int]] = {}

    def add(self, record: Mapping[str, Any], place: str) -> None:
        """Appends one row; raises ``NotStrict`` where two keys flatten to one name."""
        before = len(self.places)
        self.places.append(place)
        for name, cell in flatten(record):
            column = self.cells.setdefault(name, [])
            if len(column) > before:
                raise NotStrict(f"two values are called {name!r}")
            column.extend([None] * (before - len(column)))
            column.append(cell)
            if cell is None:
                self.nulls.setdefault(name, []).append(before)

    def extend(self, names: Sequence[str], columns: Sequence[Sequence[Cell]], places: Sequence[str]) -> None:
        """Appends rows that all have the same columns; None says null."""
        before = len(self.places)
        self.places += places
        for name, cells in zip(names, columns, strict=True):
            self.cells.setdefault(name, []).extend(cells)
            if None in cells:
                rows = [before + at for at, cell in enumerate(cells) if cell is None]
                self.nulls.setdefault(name, []).extend(rows)

    def frame(
        self, source: str, label: str = "", notes: tuple[str, ...] = (), remarks: tuple[str, ...] = ()
    ) -> Frame:
        """Returns what was collected, the short columns filled up with nothing."""
        total = len(self.places)
        nulls = {name: rows for name, rows in self.nulls.items() if _measured(self.cells[name])}
        for name, rows in nulls.items():
            for row in rows:
                self.cells[name][row] = Printed("nan")
        said = tuple(
            f"{source}: {name} is null in {len(rows)} rows, the first at {self.places[rows[0]]}: "
            "null is nan, and a key that is not there is nothing"
            for name, rows in nulls.items()
        )
        columns = {name: (*column, *([None] * (total - len(column)))) for name, column in self.cells.items()}
        return Frame(
            source=source,
            label=label,
            columns=columns,
            places=tuple(self.places),
            notes=notes,
            remarks=(*remarks, *said),
            nulls={name: frozenset(rows) for name, rows in nulls.items()},
        )


def _measured(cells: Sequence[Cell]) -> bool:
    return any(isinstance(cell, Printed) for cell in cells)
