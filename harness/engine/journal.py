"""Writes into the ledger which runs were made, which failed, and what a repetition showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness import __version__
from harness.engine.demand import DIGITS
from harness.engine.launched import outputs_digest
from harness.engine.project import Project
from harness.engine.running import Made
from harness.evidence.ledger import append, read_ledger
from harness.evidence.memo import Memo
from harness.model.run import RunRecord
from harness.reading.digest import sha256_of
from harness.runs.inventory import RunState, Stored
from harness.runs.store import RunStore


def journal_runs(project: Project, memo: Memo, made: Made, now: Callable[[], str]) -> None:
    """Appends one entry about runs that were launched, failed or repeated; none if nothing happened."""
    details = {f"failed {identity}": _first_line(str(error)) for identity, error in made.failed.items()}
    details |= {
        f"repeated {key}": "same bytes" if same else "other bytes" for key, same in made.repeated.items()
    }
    store = RunStore(project.runs)
    details |= {f"launched {identity}": sort_of(store.finished(identity)) for identity in made.launched}
    if details:
        heads = read_ledger(project.ledger, memo).heads
        append(project.ledger, heads, event="runs", time=now(), harness=__version__, details=details)


def sort_of(record: RunRecord | None) -> str:
    """Says which seed of what a finished run is, so that seeds which nobody declares are told."""
    if record is None:
        return "finished"
    program = sha256_of([record.program, record.code])
    family = sha256_of([program, record.config, record.device_asked])
    told = f"finished seed {record.seed} of {family[:DIGITS]} program {program[:DIGITS]}"
    return f"{told} outputs {outputs_digest(record)}"


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def journal_removed(project: Project, memo: Memo, removed: Sequence[Stored], now: Callable[[], str]) -> None:
    """Appends one entry about finished runs whose outputs were deleted; none if there were none."""
    details = {
        f"removed {one.identity}": one.state.value for one in removed if one.state is RunState.FINISHED
    }
    if details:
        heads = read_ledger(project.ledger, memo).heads
        append(project.ledger, heads, event="runs", time=now(), harness=__version__, details=details)
