"""MLflow's file store: ``metrics/<key>`` with lines of time, value and step, one frame per run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.logs._points import Points
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed

OVER = ("text_log", "csv_table")
MAX_LINE = 4096
_LINE = re.compile(r"(?P<time>\d{1,19}) (?P<value>[-+.\w]+)(?: (?P<step>-?\d{1,19}))?\Z")
_PART = "/metrics/"


def sniff(name: str, head: bytes) -> bool:
    """Tells a metric of a run by its folder and by a first line of time, value and step."""
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    return _PART in f"/{name}" and _LINE.match(first) is not None


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads the metrics of each run into one frame, a row per step, in the order of time.

    Old lines without a step have step 0. A last line without its end may have lost digits: it is left
    out and noted. Raises ``InputError`` with the line of anything else, and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a file store has no part called {rows}")
    runs: dict[str, list[tuple[str, str, Path]]] = {}
    for name, path in files:
        run, _, key = f"/{name}".rpartition(_PART) if _PART in f"/{name}" else ("", "", f"/{name}")
        runs.setdefault(run.lstrip("/"), []).append((key.lstrip("/"), name, path))
    return tuple(_run(run, group, run if len(runs) > 1 else "") for run, group in runs.items())


def _run(run: str, group: list[tuple[str, str, Path]], label: str) -> Frame:
    notes: list[str] = []
    found = [line for key, name, path in group for line in _metric(key, name, path, notes)]
    found.sort(key=lambda line: line[0])
    points = Points()
    for time, key, step, value, name, number in found:
        points.add(key, step, value, name, str(number), str(time))
    return points.frame(run or group[0][1], label, tuple(notes), ())


def _metric(
    key: str, name: str, path: Path, notes: list[str]
) -> Iterator[tuple[int, str, int, Printed, str, int]]:
    with path.open("rb") as handle:
        for number, line in enumerate(iter(lambda: handle.readline(MAX_LINE), b""), start=1):
            place = f"{name}:{number}"
            if not line.endswith(b"\n"):
                if len(line) >= MAX_LINE:
                    raise InputError(f"{place}: a line of more than {MAX_LINE} bytes")
                notes.append(f"{place}: last line without its end left out")
                return
            match = _LINE.match(line.decode("utf-8", "replace").strip())
            try:
                if match is None:
                    raise ValueError("no line of time, value and step")
                value = Printed(match["value"])
            except ValueError as error:
                raise InputError(f"{place}: {error}") from error
            yield int(match["time"]), key, int(match["step"] or 0), value, name, number
