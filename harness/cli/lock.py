"""``harness lock``: writes down in the ledger what contracts claim, before there is evidence."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harness import __version__
from harness.cli._policy import promise_of
from harness.cli._setup import find_contracts, open_project, utc_now
from harness.engine.load import Loaded, load_contracts
from harness.evidence.entries import Entry, read_entries
from harness.evidence.ledger import read_ledger
from harness.evidence.locks import AMENDED, LOCK, NEVER, UNSEEN, Promise, lock, relocked, unlocked
from harness.evidence.trail import Trail
from harness.reports._out import clean, say, write
from harness.scoreboard.amended import amended, removed
from harness.scoreboard.gate import Exit


def _wants(one: Promise, entries: Sequence[Entry]) -> bool:
    """Tells whether a contract is to be locked: for the first time, or changed and under another version."""
    why = unlocked(one, entries)
    return why == NEVER or (
        why.startswith(AMENDED) and relocked(one, entries) is None and _raised(one, entries)
    )


def _raised(one: Promise, entries: Sequence[Entry]) -> bool:
    key = f"version {one.contract}"
    return all(entry.details.get(key) != one.version for entry in entries if entry.event == LOCK)


def main(options: argparse.Namespace) -> int:
    """Locks the contracts that are not locked; ends with 1 where one of them was judged or amended before.

    A contract that changed is locked again once its version was raised.
    """
    project, memo = open_project(remember=False)
    loaded = load_contracts(project, find_contracts(project, options.contracts))
    promises = [promise_of(project, one, memo) for one in loaded]
    if not promises:
        say(f"no contracts below {project.contracts}/: nothing to lock")
        return Exit.NOTHING
    ledger = read_ledger(project.ledger, memo)
    if ledger.problems:
        say(f"not locked: the ledger is damaged: {clean(ledger.problems[0])}")
        return Exit.FAILED
    entries = read_entries(project.ledger)
    new = [one for one in promises if _wants(one, entries)]
    if new:
        digest = lock(project.ledger, ledger.heads, new, time=utc_now(), harness=__version__)
        listed = ", ".join(one.contract for one in new)
        write(f"locked {clean(listed)} in ledger entry {digest[:12]}; what is judged from now on counts")
    entries = read_entries(project.ledger)
    late = [(one.contract, why) for one in promises if (why := unlocked(one, entries)) not in ("", UNSEEN)]
    for name, why in late:
        write(f"{clean(name)} {clean(why)}: a policy that demands a lock will refuse it")
    trail = Trail(project.ledger, memo)
    moved = {f"{one.contract.name}/{name}": told for one in loaded for name, told in _moved(one, trail)}
    for name, told in moved.items():
        write(f"{clean(name)}: {clean(told)}; it stays so until it is discharged on new data")
    if not new and not late and not moved:
        write("everything is locked already")
    return Exit.FINDING if late or moved else Exit.DISCHARGED


def _moved(one: Loaded, trail: Trail) -> list[tuple[str, str]]:
    """Returns the criteria that ask less than when they were judged: a lock makes none of them good."""
    found = [(name, told.text) for name, told in amended(one.contract, trail).items()]
    return found + list(removed(one.contract, trail).items())
