"""``harness run``: makes the runs that contracts declare, once for each identity."""

from __future__ import annotations

import argparse

from harness.cli._progress import RunProgress
from harness.cli._setup import find_contracts, open_project, utc_now
from harness.engine.journal import journal_runs
from harness.engine.load import load_contracts
from harness.engine.running import make_runs
from harness.reports._out import say, write
from harness.reports._runs import runs_text
from harness.runs.store import RunStore
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Trains what has not finished and lists every declared run; ends with 3 if one failed."""
    project, memo = open_project(remember=False)
    loaded = load_contracts(project, find_contracts(project, options.contracts))
    wanted = [(item, name) for item in loaded for name in item.contract.runs]
    if not wanted:
        say("no contract declares a run")
        return Exit.NOTHING
    with RunProgress() as progress:
        made = make_runs(
            project,
            wanted,
            memo,
            allow_code=options.allow_code,
            again=options.rerun,
            show=progress.show,
        )
    journal_runs(project, memo, made, utc_now)
    write(runs_text(RunStore(project.runs).list(), made))
    if made.failed:
        return Exit.FAILED
    return Exit.FINDING if made.blocked else Exit.DISCHARGED
