"""Tells the ledger what a check that was killed had done, and clears away what it left half made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harness import __version__
from harness.engine.journal import sort_of
from harness.engine.project import Project
from harness.evidence.digests import sha256_file
from harness.evidence.entries import read_entries
from harness.evidence.ledger import LedgerRecord, append, read_ledger
from harness.evidence.memo import Memo
from harness.evidence.pending import left
from harness.evidence.seal import FOLDER
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs.store import RunStore

ABANDONED = 3600 * 10**9
"""Nanoseconds after which a temporary file is nobody's any more."""
_TEMPORARY = re.compile(r"\..{1,40}\.[a-z0-9_]{8}\Z")


def recover(project: Project, memo: Memo, now: Callable[[], str], nanoseconds: Callable[[], int]) -> int:
    """Tells the ledger of what killed checks did: returns how many verdicts and finished runs those were.

    A verdict is told of only if its evidence lies there with just the bytes that were noted, and the ledger
    neither knows them nor has seen the verdict withdrawn; a run only if it finished. Anybody could have
    written the notes: the entry keeps what came out and accepts no bytes for it, so that it is judged again.
    """
    sweep(project, nanoseconds(), deep=project.pending.is_dir())
    if not project.pending.is_dir():
        return 0
    with left(project.pending) as notes:
        ledger = read_ledger(project.ledger, memo)
        whole = [
            note
            for note in {note.path: note for note in notes.verdicts if _lies(project, note)}.values()
            if not ledger.accepts(note.path, note.sha256) and not ledger.withdrawn(note.path)
        ]
        runs = _untold(project, notes.launched)
        if whole or runs:
            append(
                project.ledger,
                ledger.heads,
                event="recovered",
                time=now(),
                harness=__version__,
                records=tuple(replace(note, sha256="") for note in whole),
                details={"reason": "the check that did this was cut off"} | runs,
            )
    return len(whole) + len(runs)


def _untold(project: Project, launched: Iterable[str]) -> dict[str, str]:
    """Returns the details about runs that finished and of whose start no entry tells."""
    store = RunStore(project.runs)
    finished = {identity: record for identity in launched if (record := _finished(store, identity))}
    told = {key for entry in read_entries(project.ledger) for key in entry.details} if finished else set()
    return {f"launched {i}": sort_of(finished[i]) for i in sorted(finished) if f"launched {i}" not in told}


def _finished(store: RunStore, identity: str) -> RunRecord | None:
    try:
        return store.finished(identity)
    except InputError:
        return None


def _lies(project: Project, note: LedgerRecord) -> bool:
    """Tells whether evidence lies where a note says, inside the project's evidence, with its very bytes."""
    path = project.root / note.path
    try:
        inside = path.resolve().is_relative_to((project.root / project.evidence).resolve())
        return inside and sha256_file(str(path)) == note.sha256
    except (OSError, ValueError):
        return False


def sweep(project: Project, now_ns: int, *, deep: bool) -> None:
    """Removes temporary files that nobody has written to for an hour; ``deep`` looks at all evidence."""
    for path in _temporary(project.root / project.evidence, deep=deep):
        try:
            if now_ns - path.lstat().st_mtime_ns > ABANDONED:
                path.unlink()
        except OSError:
            continue


def _temporary(evidence: Path, *, deep: bool) -> Iterator[Path]:
    folders = [evidence] if deep else [evidence / "ledger", evidence / FOLDER]
    for folder in folders:
        for path in folder.rglob(".*") if deep else folder.glob(".*"):
            if _TEMPORARY.match(path.name):
                yield path
