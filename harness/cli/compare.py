"""``harness compare``: two revisions or exported scoreboards, and whether something got worse."""

from __future__ import annotations

import argparse

from harness.cli._output import emit
from harness.cli._setup import open_project
from harness.reports._changes import changes_text
from harness.scoreboard.compare import changes
from harness.scoreboard.gate import Exit
from harness.scoreboard.sides import side


def main(options: argparse.Namespace) -> int:
    """Prints what differs between two scoreboards; ends with 1 if anything got worse."""
    project, memo = open_project(remember=False)
    before, after = (side(project, memo, name) for name in (options.before, options.after))
    if not before.standings and not after.standings:
        emit(changes_text((), before.name, after.name, as_json=options.format == "json"), options.output)
        return Exit.NOTHING
    found = changes(before, after)
    emit(changes_text(found, before.name, after.name, as_json=options.format == "json"), options.output)
    return Exit.FINDING if any(one.worse for one in found) else Exit.DISCHARGED
