"""``harness runs``: lists the runs that are kept with their state and size, and deletes some."""

from __future__ import annotations

import argparse

from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.engine.journal import journal_removed
from harness.engine.load import load_contracts
from harness.engine.running import declared_runs
from harness.model.problem import InputError
from harness.reports._out import say, some, write
from harness.reports._stored import megabytes, stored_json, stored_text
from harness.runs.inventory import RunState, Stored, discard, inventory, named
from harness.runs.store import RunStore
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists or deletes; only what a contract of this project declares is told as declared."""
    project, memo = open_project(remember=False)
    store = RunStore(project.runs)
    found = inventory(store)
    loaded = load_contracts(project, find_contracts(project, []))
    declared = declared_runs(project, loaded, memo)
    if options.action is None:
        write(stored_json(found, declared) if options.format == "json" else stored_text(found, declared))
        return Exit.DISCHARGED
    try:
        chosen = dict.fromkeys(named(options.identities, found))
    except InputError as error:
        raise invalid(str(error)) from None
    for one in found:
        idle = one.state is not RunState.TRAINING
        old = options.undeclared and one.identity not in declared and one.state is RunState.FINISHED
        if idle and (old or (options.failed and one.state is not RunState.FINISHED)):
            chosen[one] = None
    if not chosen:
        say("nothing to delete: name identities, or give --failed or --undeclared")
        return Exit.NOTHING
    removed: list[Stored] = []
    try:
        for one in chosen:
            discard(store, one)
            removed.append(one)
    except InputError as error:
        raise invalid(str(error)) from None
    finally:
        journal_removed(project, memo, removed, utc_now)
    write(f"deleted {some(len(removed), 'run')}, {megabytes(sum(one.size for one in removed))}")
    return Exit.DISCHARGED
