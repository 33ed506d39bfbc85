"""``harness run``: makes the runs that contracts declare, once for each identity."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli._progress import FetchProgress, RunProgress
from harness.cli._setup import find_contracts, invalid, open_project, take_up, utc_now
from harness.engine.journal import journal_runs
from harness.engine.load import Loaded, load_contracts
from harness.engine.project import Project
from harness.engine.registered import held_runs
from harness.engine.running import Made, declared_runs, finished_runs, make_runs
from harness.evidence.memo import Memo
from harness.evidence.pending import Pending
from harness.registry import modules
from harness.reports._out import say, write
from harness.reports._runs import runs_text
from harness.scoreboard.gate import Exit

Wanted = list[tuple[Loaded, str]]


def main(options: argparse.Namespace) -> int:
    """Trains what has not finished and lists the runs of the contracts asked for; 3 if one failed."""
    project, memo = open_project(remember=False)
    for chosen in filter(None, (options.launcher, project.launcher)):
        if chosen not in modules("runs.launchers"):
            raise invalid(f"unknown launcher {chosen!r}", f"known: {', '.join(modules('runs.launchers'))}")
    loaded = load_contracts(project, find_contracts(project, options.contracts))
    declared = [(item, name) for item in loaded for name in item.contract.runs]
    wanted = [each for each in declared if options.device in (None, _device(each))]
    if not wanted:
        say(f"no contract declares a run{f' on {options.device}' if declared else ''}")
        return Exit.NOTHING
    take_up(project, memo)
    notes = Pending(project.pending)
    with RunProgress() as progress:
        made = make_runs(
            project,
            wanted,
            memo,
            held=held_runs(project, loaded),
            allow_code=options.allow_code,
            again=options.rerun,
            show=progress.show,
            launcher=options.launcher,
            starting=notes.launching,
        )
    journal_runs(project, memo, made, utc_now)
    notes.done()
    write(runs_text(finished_runs(project, declared_runs(project, loaded, memo)), made))
    ended = Exit.FAILED if made.failed else Exit.FINDING if made.blocked else Exit.DISCHARGED
    if not options.pack:
        return ended
    others = [each for each in declared if each not in wanted]
    return max(ended, _bring_home(project, memo, wanted, others, made, options))


def _device(one: tuple[Loaded, str]) -> str:
    return one[0].contract.runs[one[1]].device


def _bring_home(
    project: Project, memo: Memo, wanted: Wanted, others: Wanted, made: Made, options: argparse.Namespace
) -> int:
    """Checks the contracts of the runs that were made and packs what came of it with the runs' outputs.

    What rests on runs that were not asked for is left as it is.
    """
    from harness.cli.check import discharge_all, summary
    from harness.cli.evidence import pack_to
    from harness.engine.check import Checker, look_at
    from harness.symbolic.pool import ProverPool

    loaded = tuple({item.contract.path: item for item, _ in wanted}.values())
    left = {(item.contract.name, name): "its run was not asked for here" for item, name in others}
    made = replace(made, blocked={**left, **made.blocked})
    with ProverPool() as provers:
        with FetchProgress() as fetching:
            remotes = look_at(project, utc_now, fetching.show)
        checker = Checker(project, memo, provers, utc_now, remotes, allow_code=options.allow_code)
        summary(discharge_all(checker, loaded, made, again=options.rerun), made)
    names = [item.contract.name for item in loaded]
    return pack_to(project, memo, names, Path(options.pack), runs=True)
