"""Many subjects of one contract, judged in several processes; the ledger is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engine.load import Loaded, load_subjects
from harness.engine.recover import recover
from harness.engine.running import Made
from harness.evidence.ledger import Ledger, LedgerRecord, read_ledger
from harness.evidence.pending import Pending

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from harness.engine.check import Checker, Item

LEAST = 48
"""Fewer subjects than this are judged sooner than processes start."""
PART = 12
PROVED = ("symbolic", "prediction")
"""Kinds that ask a prover."""
GARBAGE = 100_000
"""So many objects are made before a judging process looks for garbage: little of it lies in circles."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many obligations were judged, how many were fresh, and which were not tried, and why."""

    judged: int = 0
    fresh: int = 0
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    judged: int
    fresh: int
    waiting: tuple[str, ...]
    records: tuple[LedgerRecord, ...]
    kept: tuple[tuple[str, Any], ...]
    notes: Path | None


def side_by_side(group: Sequence[Loaded]) -> bool:
    """Tells whether the subjects of a contract are so many, and so plain, that processes can share them.

    No run is made for them, no code of the contract runs, nothing lies elsewhere, nothing is proved.
    """
    contract = group[0].contract
    plain = not contract.runs and not any(item.remote for item in contract.inputs.values())
    kinds = [item.kind for criterion in contract.criteria for item in criterion.obligations]
    ours = all(kind is not None and not kind.foreign() and kind.name not in PROVED for kind in kinds)
    return len(group) >= LEAST and plain and ours


def check_many(
    checker: Checker,
    groups: Sequence[Sequence[Loaded]],
    jobs: int,
    nanoseconds: Callable[[], int],
    keep: Callable[[str, Any], None] | None = None,
    *,
    again: bool,
) -> Counts:
    """Discharges what is not fresh of contracts with many subjects in ``jobs`` processes.

    Each process writes evidence, with the clock that ``nanoseconds`` is for its memo; the
    ledger is told when a contract is done, or is interrupted, and notes that nobody answered for are then
    taken up. ``keep`` is given the digest of all evidence that is written, and what a scoreboard keeps of it.
    """
    judged = fresh = 0
    waiting: list[str] = []
    for group in groups:
        ledger = read_ledger(checker.project.ledger, checker.memo)
        written: list[LedgerRecord] = []
        notes: list[Path] = []
        whole = False
        try:
            for told in _told(checker, group, jobs, nanoseconds, again=again):
                judged, fresh = judged + told.judged, fresh + told.fresh
                waiting += told.waiting
                written += told.records
                notes += [told.notes] if told.notes else []
                if keep is not None:
                    for digest, value in told.kept:
                        keep(digest, value)
            whole = True
        finally:
            written.sort(key=lambda record: record.path)
            checker.record(group[0].contract, ledger, written)
            for path in notes:  # the ledger was told of these
                path.unlink(missing_ok=True)
            if not whole:
                recover(checker.project, checker.memo, checker.now, nanoseconds)
    return Counts(judged=judged, fresh=fresh, waiting=tuple(sorted(waiting)))


def _told(
    checker: Checker, group: Sequence[Loaded], jobs: int, nanoseconds: Callable[[], int], *, again: bool
) -> Iterator[_Told]:
    from concurrent.futures import ProcessPoolExecutor, as_completed

    clock = _Clock(text=checker.now, nanoseconds=nanoseconds)
    root, path = checker.project.root, group[0].contract.path
    parts = [
        frozenset(one.contract.subject for one in group[at : at + PART]) for at in range(0, len(group), PART)
    ]
    count = min(jobs, len(parts))
    with ProcessPoolExecutor(count, mp_context=_start(root, path, clock), initializer=_begin) as pool:
        waiting = [pool.submit(_part, root, path, part, clock, again) for part in parts]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for one in waiting:
                one.cancel()


def _start(root: Path, path: str, clock: _Clock) -> BaseContext:
    """Says how processes start: where that is safe as copies of this one, which has read the contract."""
    import multiprocessing
    import sys
    import threading

    if sys.platform != "linux" or threading.active_count() > 1:
        return multiprocessing.get_context("spawn")
    _worker.cache_clear()  # the ledger has grown since the last contract
    _worker(root, path, clock)
    return multiprocessing.get_context("fork")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clock:
    """The clocks that a process is given: text for evidence, and nanoseconds for the memo."""

    text: Callable[[], str]
    nanoseconds: Callable[[], int]


def _part(
    root: Path,
    path: str,
    subjects: frozenset[str],
    clock: _Clock,
    again: bool,  # noqa: FBT001 - a process is given its arguments in order
) -> _Told:
    """Judges some subjects in a process of its own; nothing among them needs a prover."""
    checker, loaded, ledger = _worker(root, path, clock)
    written: list[LedgerRecord] = []
    mine = [one for one in loaded if one.contract.subject in subjects]
    notes = Pending(checker.project.pending)
    try:
        done = list(checker.attempt(mine, ledger, written, notes, again=again, made=Made()))
    finally:
        lies = notes.path
        notes.close()
    judged = sum(step.verdict is not None for step in done)
    waiting = tuple(f"{place(step.item)}: {step.waiting}" for step in done if step.waiting)
    fresh = len(done) - judged - len(waiting)
    kept = tuple((step.record.sha256, step.record.told()) for step in done if step.record is not None)
    return _Told(judged=judged, fresh=fresh, waiting=waiting, records=tuple(written), kept=kept, notes=lies)


def place(item: Item) -> str:
    """Returns where an obligation stands, for people."""
    contract = item.contract
    subject = f"/{contract.subject}" if contract.for_each is not None else ""
    return f"{contract.name}{subject}/{item.criterion.id} {item.obligation.kind_name}"


def _begin() -> None:
    """Readies a process that judges, and lets it end with the one that started it."""
    import gc

    gc.freeze()
    gc.set_threshold(GARBAGE)
    _as_long_as_parent()


def _as_long_as_parent() -> None:
    """Ends this process when the one that started it is gone, also where that was killed."""
    import multiprocessing
    import os
    import threading
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@cache
def _worker(root: Path, path: str, clock: _Clock) -> tuple[Checker, tuple[Loaded, ...], Ledger]:
    """Reads contract and ledger once for a process; neither changes before the check is done."""
    from harness.engine.check import Checker
    from harness.engine.project import read_project
    from harness.evidence.memo import Memo
    from harness.symbolic.pool import ProverPool

    memo = Memo(None, "", clock.nanoseconds)
    checker = Checker(read_project(root, memo), memo, ProverPool(1), clock.text)
    loaded = load_subjects(checker.project, root / path)
    return checker, loaded, read_ledger(checker.project.ledger, memo)
