"""``harness scoreboard``: what the evidence says, computed now."""

from __future__ import annotations

import argparse

from harness.cli._output import deliver, emit, report
from harness.cli._setup import find_contracts, open_project, utc_now
from harness.reports._out import say
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit, exit_code


def main(options: argparse.Namespace) -> int:
    """Prints the scoreboard; ends with 0 unless ``--strict`` or there is nothing to show."""
    module = report(options.format)
    project, memo = open_project(remember=not options.strict)
    paths = find_contracts(project, options.contracts)
    if not paths:
        say(f"no contracts below {project.contracts}/: nothing to show")
        return Exit.NOTHING
    remotes = None
    if options.strict:
        from harness.engine.check import look_at

        remotes = look_at(project, utc_now)
    board = build(project, paths, memo, remotes=remotes, now=utc_now())
    memo.save()
    if options.next:
        from harness.reports._path import path_text
        from harness.scoreboard.next import critical_path

        emit(path_text(critical_path(board), as_json=options.format == "json"), options.output)
    elif options.since is not None:
        from harness.reports._flips import flips_text
        from harness.scoreboard.since import board_at, flips

        before = board_at(project, options.since, paths if options.contracts else ())
        text = flips_text(flips(before, board), options.since, as_json=options.format == "json")
        emit(text, options.output)
    else:
        deliver(module, project, board, memo, options.output)
    return exit_code(board) if options.strict else Exit.DISCHARGED
