"""Parquet tables: numbers, words and truth values of every row, read batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.logs._points import printed
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

MAGIC = b"PAR1"
BATCH = 65_536


def sniff(name: str, head: bytes) -> bool:  # noqa: ARG001 - every reader is asked alike
    """Tells a Parquet file by its magic bytes."""
    return head.startswith(MAGIC)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each table into a frame; a place is ``file: row N``, counted from 1.

    Columns of lists and structures are left out and remarked. Raises ``InputError``: pyarrow is not
    installed, a file that is cut off or damaged (its index stands at the end), and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a table has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(f"{name}: reading Parquet needs pyarrow: install claims-harness[logs]") from error
    remarks: list[str] = []
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            nested = [field.name for field in table.schema_arrow if pyarrow.types.is_nested(field.type)]
            names = [field.name for field in table.schema_arrow if field.name not in nested]
            if len(set(names)) != len(names):
                raise InputError(f"{name}: two columns have one name")
            columns: dict[str, list[Cell]] = {column: [] for column in names}
            total = 0
            for batch in table.iter_batches(batch_size=BATCH, columns=names):
                total += batch.num_rows
                for column in names:
                    columns[column] += [_cell(value) for value in batch.column(column).to_pylist()]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name}: a damaged table ({error})") from error
    if nested:
        remarks.append(f"{name}: columns that are no plain values left out: {', '.join(nested)}")
    places = tuple(f"{name}: row {row}" for row in range(1, total + 1))
    found = {column: tuple(cells) for column, cells in columns.items()}
    return Frame(source=name, label=label, columns=found, places=places, remarks=tuple(remarks))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Printed(str(value))
    return printed(value) if isinstance(value, float) else str(value)
