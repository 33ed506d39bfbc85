"""``harness check``: discharges what is not fresh, writes the evidence, prints the scoreboard."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import closing

from harness.cli._output import deliver, report
from harness.cli._progress import CheckProgress, FetchProgress, RunProgress
from harness.cli._setup import by_bytes, find_contracts, open_project, take_up, utc_now
from harness.engine.check import Checker, Done, look_at, runs_of
from harness.engine.for_each import finds_none
from harness.engine.journal import journal_runs
from harness.engine.load import Loaded, by_contract, load_contracts
from harness.engine.many import Counts, check_many, place, side_by_side
from harness.engine.registered import held_runs
from harness.engine.running import Made, make_runs
from harness.evidence.ledger import read_ledger
from harness.evidence.pending import Pending
from harness.reports._out import clean, say, some
from harness.scoreboard.build import build
from harness.scoreboard.classed import tell_amendments
from harness.scoreboard.gate import Exit, exit_code
from harness.symbolic.pool import ProverPool

_NO_COUNTS = Counts()


def main(options: argparse.Namespace) -> int:
    """Checks contracts and prints the scoreboard that results; ends with the scoreboard's exit code."""
    module = report(options.format)
    project, memo = open_project(remember=False)
    if options.pack is not None:
        from harness.cli.packs import lay_out

        options.contracts.append(str(lay_out(project, *options.pack)[0]))
        project, memo = open_project(remember=False)  # it may have said where inputs lie
    paths = find_contracts(project, options.contracts)
    if not paths:
        say(f"no contracts below {project.contracts}/: nothing to check")
        return Exit.NOTHING
    loaded = load_contracts(project, paths)
    bare = [one.contract for one in loaded if finds_none(project, one.contract)]
    for contract in bare:
        say(f"{contract.name}: no file fits for_each {contract.for_each}: nothing to check")
    if len(bare) == len(loaded):
        return Exit.NOTHING
    take_up(project, memo)
    with ProverPool() as provers:
        with FetchProgress() as fetching:  # all remote inputs are fetched before anything is judged
            remotes = look_at(project, utc_now, fetching.show)
            checker = Checker(project, memo, provers, utc_now, remotes, allow_code=options.allow_code)
            for one in loaded:
                if any(item.remote for item in one.contract.inputs.values()):
                    list(checker.items(one))
        again = options.all or options.rerun
        many, few = _apart(loaded, options)
        index = by_bytes(project, memo) if any(one.contract.for_each for one in loaded) else None
        keep = index.keep if index is not None else None
        jobs = options.jobs or os.cpu_count() or 1
        counts = check_many(checker, many, jobs, time.time_ns, keep, again=again)
        made = _make(checker, few, options)
        done = discharge_all(checker, few, made, again=again)
        amended = tell_amendments(project, [one.contract for one in loaded], memo, provers.proved, utc_now)
    summary(done, made, counts)
    for key, text in amended.items():
        say(f"changed since it was judged: {'/'.join(key.split('/')[:2])}: {clean(text)}")
    board = build(project, paths, index or memo, now=utc_now())
    if index is not None:  # the next check, where nothing changed, reads it
        index.save()
    deliver(module, project, board, memo, options.output)
    return exit_code(board)


def _apart(
    loaded: tuple[Loaded, ...], options: argparse.Namespace
) -> tuple[list[tuple[Loaded, ...]], tuple[Loaded, ...]]:
    """Parts the contracts whose many subjects are judged side by side from all the others."""
    groups = by_contract(loaded)
    many = [group for group in groups if options.jobs != 1 and side_by_side(group)]
    return many, tuple(one for group in groups if group not in many for one in group)


def _make(checker: Checker, loaded: tuple[Loaded, ...], options: argparse.Namespace) -> Made:
    """Makes the runs that stale obligations need, or all declared ones again."""
    ledger = read_ledger(checker.project.ledger, checker.memo)
    wanted: list[tuple[Loaded, str]] = []
    for one in loaded:
        for item in checker.items(one):
            again = options.rerun or options.all
            if again or not (checker.fresh(item, ledger) or checker.withdrawn(item, ledger)):
                wanted += [(one, name) for name in runs_of(item)]
    held = held_runs(checker.project, loaded)
    notes = Pending(checker.project.pending)
    with RunProgress() as progress:
        made = make_runs(
            checker.project,
            wanted,
            checker.memo,
            held=held,
            allow_code=options.allow_code,
            again=options.rerun,
            show=progress.show,
            starting=notes.launching,
        )
    journal_runs(checker.project, checker.memo, made, utc_now)
    notes.done()
    return made


def discharge_all(checker: Checker, loaded: tuple[Loaded, ...], made: Made, *, again: bool) -> list[Done]:
    """Discharges what is not fresh, contract by contract, showing progress."""
    total = sum(len(criterion.obligations) for one in loaded for criterion in one.contract.criteria)
    done: list[Done] = []
    with CheckProgress(total) as progress:
        for subjects in by_contract(loaded):
            with closing(
                checker.check(subjects, again=again, made=made)
            ) as steps:  # an interrupt ends it here
                for step in steps:
                    done.append(step)
                    progress.show(step)
    return done


def summary(done: list[Done], made: Made, counts: Counts = _NO_COUNTS) -> None:
    """Says how much was discharged anew, what was not tried and why, and what training again showed."""
    mine = [f"{place(step.item)}: {step.waiting}" for step in done if step.waiting]
    judged = sum(step.verdict is not None for step in done)
    fresh = len(done) - judged - len(mine) + counts.fresh
    judged, waiting = judged + counts.judged, [*mine, *counts.waiting]
    if not judged and not waiting:
        say(f"nothing to do: {some(fresh, 'obligation is', 'obligations are')} fresh")
    else:
        say(f"{some(judged, 'obligation')} discharged anew, {fresh} fresh, {len(waiting)} not tried")
    for text in waiting:
        say(f"not tried: {clean(text)}")
    for key, same in made.repeated.items():
        say(f"run {key} trained again: {'the same bytes' if same else 'other bytes than before'}")
