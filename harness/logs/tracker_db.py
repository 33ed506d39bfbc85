"""Databases of experiment trackers in SQLite: MLflow's ``metrics`` table, and Trackio's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from harness.logs._json import Columns, NotStrict, decode
from harness.logs._points import MAX_DOUBLE, Points, printed
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed

MAGIC = b"SQLite format 3\0"
_MLFLOW = frozenset(("key", "value", "timestamp", "run_uuid", "step", "is_nan"))
_TRACKIO = frozenset(("run_name", "timestamp", "step", "metrics"))


def sniff(name: str, head: bytes) -> bool:  # noqa: ARG001 - every reader is asked alike
    """Tells a database by its magic bytes."""
    return head.startswith(MAGIC)


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each database into one frame per run, labelled ``run=…``, a row per step in order of time.

    Opened read-only, and its schema is not trusted to call functions. Raises ``InputError``: no known table
    of metrics, a damaged database, one whose newest rows stand in a write-ahead log beside it, ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a database has no part called {rows}; its table is metrics")
    return tuple(frame for name, path in files for frame in _file(name, path))


def _file(name: str, path: Path) -> list[Frame]:
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise InputError(f"{name}: its newest rows stand in {wal.name}; close the tracker that writes it")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as base:
            base.execute("PRAGMA trusted_schema=OFF")
            base.text_factory = lambda raw: raw.decode("utf-8", "replace")
            kind = base.execute("SELECT type FROM sqlite_master WHERE name='metrics'").fetchone()
            columns = {str(row[1]) for row in base.execute("PRAGMA table_info(metrics)")}
            if kind != ("table",) or not (columns >= _MLFLOW or columns >= _TRACKIO):
                raise InputError(f"{name}: has no table of metrics as MLflow or Trackio write it")
            return list(_mlflow(base, name) if columns >= _MLFLOW else _trackio(base, name))
    except (sqlite3.Error, UnicodeError) as error:  # of a damaged file even the message may be no text
        raise InputError(f"{name}: a damaged database ({error})") from error


def _mlflow(base: sqlite3.Connection, name: str) -> Iterator[Frame]:
    """Yields the runs; MLflow keeps nan as a flag and an infinity as the largest number."""
    query = (
        "SELECT rowid, run_uuid, key, value, step, timestamp, is_nan FROM metrics ORDER BY timestamp, rowid"
    )
    runs: dict[str, Points] = {}
    for row, run, key, value, step, time, is_nan in base.execute(query):
        place = f"{name}: metrics row {row}"
        if not isinstance(value, int | float) or not isinstance(step, int) or not isinstance(time, int):
            raise InputError(f"{place}: no number where one belongs")
        cell = Printed("nan") if is_nan else printed(value)
        if abs(value) >= MAX_DOUBLE:
            cell = Printed("inf" if value > 0 else "-inf")
        runs.setdefault(str(run), Points()).add(str(key), step, cell, name, f"metrics row {row}", str(time))
    for run, points in runs.items():
        yield points.frame(name, f"run={run}", (), ())


def _trackio(base: sqlite3.Connection, name: str) -> Iterator[Frame]:
    query = "SELECT rowid, run_name, timestamp, step, metrics FROM metrics ORDER BY run_name, rowid"
    runs: dict[str, Columns] = {}
    for row, run, time, step, metrics in base.execute(query):
        place = f"{name}: metrics row {row}"
        try:
            said = decode(metrics if isinstance(metrics, str) else bytes(metrics or b"").decode())
            if not isinstance(said, dict):
                raise NotStrict("metrics are no object")
            record = {"step": Printed(str(step)), "timestamp": str(time)} | said
            runs.setdefault(str(run), Columns()).add(record, place)
        except (json.JSONDecodeError, NotStrict, ValueError, TypeError) as error:
            raise InputError(f"{place}: {error}") from error
    for run, columns in runs.items():
        yield columns.frame(name, f"run={run}")
