"""MLPerf logs: the ``:::MLLOG {…}`` lines, each an event with its key, value and metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.logs._json import Columns, NotStrict, decode
from harness.logs._mllog_events import events
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed

__all__ = ["events", "read", "sniff"]
OVER = ("text_log", "json_document", "csv_table", "jsonl")
MAX_LINE = 16 * 2**20
TOKEN = b":::MLLOG"


def sniff(name: str, head: bytes) -> bool:  # noqa: ARG001 - every reader is asked alike
    """Tells an MLPerf log by a line with its token and an object."""
    return any(line.partition(TOKEN)[2].lstrip().startswith(b"{") for line in head.split(b"\n"))


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads the events of each file into a frame, a row per event in the order of the file.

    Columns are ``key``, ``value``, ``event_type``, ``time_ms``, ``namespace`` and the metadata under their
    own names; a number that was logged stands a second time in a column called as its key. Lines without
    the token are counted. An event cut off at the end is left out and noted. Raises ``InputError`` with
    the line of an event that is no strict JSON or has no key, and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: an MLPerf log has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    columns, notes, passed = Columns(), list[str](), 0
    with path.open("rb") as handle:
        for number, line in enumerate(iter(lambda: handle.readline(MAX_LINE + 1), b""), start=1):
            place = f"{name}:{number}"
            if len(line) > MAX_LINE:
                raise InputError(f"{place}: a line of more than {MAX_LINE} bytes")
            _, token, event = line.partition(TOKEN)
            if not token:
                passed += bool(line.strip())
                continue
            try:
                columns.add(_row(decode(event.decode().strip())), place)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{place}: no event ({error})") from error
                notes.append(f"{place}: torn last event left out")
            except NotStrict as error:
                raise InputError(f"{place}: {error}") from error
    said = f"{name}: {passed} lines are no events"
    return columns.frame(name, label, tuple(notes), (said,) if passed else ())


def _row(event: Any) -> dict[str, Any]:
    if not isinstance(event, dict) or not isinstance(event.get("key"), str):
        raise NotStrict("an event needs a key")
    metadata = event.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    # An event without a value says null, which is no measurement that went wrong.
    row = {name: value for name, value in event.items() if name != "metadata" and value is not None}
    if not isinstance(row.get("value"), Printed | str | bool | None):
        row["value"] = json.dumps(row["value"], default=str)
    row |= {name if name not in row else f"metadata.{name}": value for name, value in inner.items()}
    if isinstance(row.get("value"), Printed):
        row.setdefault(event["key"], row["value"])
    return row
