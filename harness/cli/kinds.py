"""``harness kinds``: what kinds of obligation there are, and their fields and examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from harness.cli._output import emit
from harness.cli._setup import invalid
from harness.reading.binder import did_you_mean
from harness.registry import kinds
from harness.reports._kinds import kind_json, kind_page, kind_table, kinds_markdown
from harness.reports._out import write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists the kinds, or prints one with its fields and examples."""
    known = kinds()
    if options.kind is not None and options.kind not in known:
        raise invalid(f"there is no kind {options.kind!r}", did_you_mean(options.kind, known))
    chosen = {options.kind: known[options.kind]} if options.kind else known
    if options.check:
        return _check(Path(options.check), kinds_markdown(chosen))
    if options.format == "markdown":
        emit(kinds_markdown(chosen), options.output)
    elif options.format == "json":
        emit(json.dumps([kind_json(cls) for cls in chosen.values()], indent=2), options.output)
    elif options.kind:
        emit(kind_page(known[options.kind]), options.output)
    else:
        emit(kind_table(known), options.output)
    return Exit.DISCHARGED


def _check(path: Path, text: str) -> int:
    """Compares a written document with what the kinds say now."""
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    if written == text + "\n":
        write(f"{path} fits the kinds")
        return Exit.DISCHARGED
    write(f"{path} has drifted from the kinds; run `harness kinds --format markdown --output {path}`")
    return Exit.FINDING
