"""``harness schema``: writes the JSON Schemas, or says whether the written ones still fit the classes."""

from __future__ import annotations

import argparse

from harness.cli._setup import open_project
from harness.reading.schema import schema_files
from harness.reports._out import write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Writes ``specs/schema/``; with ``--check`` it only compares and ends with 1 on a difference."""
    project, _ = open_project(remember=False)
    folder = project.root / "specs" / "schema"
    drifted = []
    for name, text in schema_files().items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        drifted.append(name)
        if not options.check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if not drifted:
        write("the schemas fit the classes")
    elif options.check:
        write(f"drifted from the classes: {', '.join(drifted)}; run `harness schema`")
        return Exit.FINDING
    else:
        write(f"wrote {', '.join(drifted)}")
    return Exit.DISCHARGED
