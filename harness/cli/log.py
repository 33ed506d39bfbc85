"""``harness log``: what the readers understand of log files, without judging any of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._setup import invalid
from harness.logs._read import read_frames, reader_of
from harness.model.problem import InputError
from harness.reading.binder import did_you_mean
from harness.reports._log import Seen, log_json, log_text
from harness.reports._out import clean, say, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Prints every frame that the files hold: columns with their ranges, what was lost, one curve.

    A folder stands for the files in it that a reader knows; the others are counted. Files of one reader
    are read together. Ends with 3 if a file cannot be read, with 5 if there is no row at all, with 4
    if no frame has the column to plot.
    """
    groups, failed, passed = _groups(options.files, options.reader)
    seen: list[Seen] = []
    for reader, files in groups.items():
        try:
            frames = read_frames(files, rows=options.rows, format=reader or None)
        except InputError as error:
            failed.append(str(error))
            continue
        seen += [Seen(reader=reader or "empty", frame=frame) for frame in frames]
    names = dict.fromkeys(name for one in seen for name in one.frame.columns)
    if options.plot is not None and seen and options.plot not in names:
        raise invalid(f"no column is called {options.plot!r}", did_you_mean(options.plot, names))
    write(log_json(seen, failed) if options.format == "json" else log_text(seen, options.plot))
    for reason in failed:
        say(clean(reason))
    if passed:
        say(f"{passed} files in folders are no logs that are known")
    if failed:
        return Exit.FAILED
    return Exit.DISCHARGED if any(len(one.frame) for one in seen) else Exit.NOTHING


def _groups(paths: list[str], reader: str | None) -> tuple[dict[str, list[tuple[str, Path]]], list[str], int]:
    """Returns the files by reader, why some cannot be read, and how many of folders are no logs."""
    groups: dict[str, list[tuple[str, Path]]] = {}
    failed: list[str] = []
    passed = 0
    for written in paths:
        top = Path(written)
        inside = sorted(part for part in top.rglob("*") if part.is_file()) if top.is_dir() else [top]
        for path in inside:
            try:
                found = reader if reader is not None else reader_of(path.as_posix(), path)
            except InputError as error:
                passed += top.is_dir()
                failed += [] if top.is_dir() else [str(error)]
                continue
            groups.setdefault(found, []).append((path.as_posix(), path))
    return groups, failed, passed
