"""Parquet tables: numbers, words and truth values of every row, read batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.logs._json import Columns
from harness.logs._points import printed
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.stream import Doubles, Part, Stream, Written
from harness.model.values import Cell, Printed

MAGIC = b"PAR1"
BATCH = 65_536
LONG = 4 * 2**20
"""From so many bytes on a table is gone through part by part."""


def sniff(name: str, head: bytes) -> bool:  # noqa: ARG001 - every reader is asked alike
    """Tells a Parquet file by its magic bytes."""
    return head.startswith(MAGIC)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each table into a frame; a place is ``file: row N``, counted from 1.

    A null in a column of numbers is nan, as it is in JSON: writers of tables put it for nan. Columns of lists
    and structures are left out and remarked. Raises ``InputError``: pyarrow is not
    installed, a file that is cut off or damaged (its index stands at the end), and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a table has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def stream(name: str, path: Path, label: str) -> Stream:
    """Returns a table as a stream; raises ``InputError`` as ``read`` does, also while it is gone through."""
    names, remarks, _ = _opened(name, path)

    def parts(wanted: Sequence[str]) -> Iterator[Part]:
        first = 1
        for batch in _batches(name, path, wanted):
            columns = {column: _part(batch.column(column)) for column in wanted}
            yield Part(rows=batch.num_rows, columns=columns, marks=range(first, first + batch.num_rows))
            first += batch.num_rows

    return Stream(
        source=name, label=label, names=names, parts=parts, place=_placed(name), remarks=tuple(remarks)
    )


def _placed(name: str) -> Callable[[int], str]:
    return lambda row: f"{name}: row {row}"


def _part(column: Any) -> Doubles | Written:
    """Returns the numbers of a column as they are stored, anything else cell by cell."""
    import numpy as np
    import pyarrow

    null = np.asarray(column.is_null())
    kind = column.type
    if not (pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind)):
        cells = [_cell(value) for value in column.to_pylist()]
        return Written(cells=cells, null=frozenset())
    whole = pyarrow.types.is_integer(kind)
    if column.null_count:
        column = column.fill_null(pyarrow.scalar(0, kind))
    values = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return Doubles(values=values, null=null, whole=whole)


def _opened(name: str, path: Path) -> tuple[tuple[str, ...], list[str], int]:
    """Returns the columns of plain values of a table, what else it has, and its rows."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(f"{name}: reading Parquet needs pyarrow: install claims-harness[logs]") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            fields, total = list(table.schema_arrow), table.metadata.num_rows
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name}: a damaged table ({error})") from error
    nested = [field.name for field in fields if pyarrow.types.is_nested(field.type)]
    names = [field.name for field in fields if field.name not in nested]
    if len(set(names)) != len(names):
        raise InputError(f"{name}: two columns have one name")
    said = [f"{name}: columns that are no plain values left out: {', '.join(nested)}"] if nested else []
    return tuple(names), said, total


def _batches(name: str, path: Path, wanted: Sequence[str]) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            yield from table.iter_batches(batch_size=BATCH, columns=list(wanted))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name}: a damaged table ({error})") from error


def _file(name: str, path: Path, label: str) -> Frame:
    """Reads a table at once; a null in a column of numbers is nan, as in JSON."""
    names, remarks, _ = _opened(name, path)
    found = Columns()
    total = 0
    for batch in _batches(name, path, names):
        columns = [[_cell(value) for value in batch.column(column).to_pylist()] for column in names]
        found.extend(names, columns, [f"{name}: row {total + row}" for row in range(1, batch.num_rows + 1)])
        total += batch.num_rows
    return found.frame(name, label, remarks=tuple(remarks))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Printed(str(value))
    return printed(value) if isinstance(value, float) else str(value)
