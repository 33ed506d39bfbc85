"""What lies in the folder of runs: finished ones, and what interrupted and failed ones left behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs.store import JOB, RECORD, RunStore, lives, resumable


class RunState(StrEnum):
    """How far a run has come; only a finished one counts as evidence."""

    FINISHED = "finished"
    TRAINING = "training"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """One folder of the store. ``identity`` may be cut to its first 12 digits; ``size`` is in bytes.

    ``resumable`` tells whether another attempt goes on from where this one was.
    """

    folder: Path
    identity: str
    run: str
    seed: int | None
    state: RunState
    device: str
    steps: int
    wall: float
    size: int
    resumable: bool


def inventory(store: RunStore) -> tuple[Stored, ...]:
    """Returns what lies in the store, by run, seed and state."""
    folders = [path for path in store.root.glob("*") if path.is_dir()] if store.root.is_dir() else []
    found = [_stored(store, folder) for folder in folders]
    return tuple(sorted(found, key=lambda one: (one.run, one.seed or 0, one.state, one.identity)))


def discard(store: RunStore, one: Stored) -> None:
    """Deletes what one folder of the store holds; raises ``InputError`` for a run that trains now."""
    if one.state is RunState.TRAINING:
        raise InputError(f"run {one.run} seed {one.seed} is training: stop it first")
    if one.state is RunState.FINISHED:
        store.remove(one.identity)
    shutil.rmtree(one.folder, ignore_errors=True)


def named(prefixes: Iterable[str], every: Iterable[Stored]) -> tuple[Stored, ...]:
    """Returns the runs whose identities start so; raises ``InputError`` for none, or for several runs."""
    entries = tuple(every)
    found: list[Stored] = []
    for prefix in prefixes:
        matched = [one for one in entries if len(prefix) >= 4 and one.identity.startswith(prefix[:12])]
        matched = [one for one in matched if len(one.identity) < 64 or one.identity.startswith(prefix)]
        if not matched:
            raise InputError(f"no run's identity starts with {prefix!r} (four digits at least)")
        if len({one.identity[:12] for one in matched}) > 1:
            raise InputError(f"{len(matched)} runs start with {prefix!r}: give more digits")
        found += matched
    return tuple(dict.fromkeys(found))


def _stored(store: RunStore, folder: Path) -> Stored:
    identity, state = _state(folder)
    run, seed = _asked(folder)
    device, steps, wall = "", 0, 0.0
    if state is RunState.FINISHED:
        record = _readable(store, identity)
        if record is None:
            state = RunState.DAMAGED
        else:
            run, seed, device = record.run, record.seed, record.device
            steps, wall = record.steps, record.wall
    return Stored(
        folder=folder,
        identity=identity,
        run=run,
        seed=seed,
        state=state,
        device=device,
        steps=steps,
        wall=wall,
        size=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        resumable=state is not RunState.FINISHED and resumable(folder),
    )


def _state(folder: Path) -> tuple[str, RunState]:
    word, _, rest = folder.name.partition("-")
    if word == ".partial":
        return rest.partition("-")[0], RunState.TRAINING if lives(folder) else RunState.INTERRUPTED
    if word == "failed":
        return rest, RunState.FAILED
    return folder.name, RunState.FINISHED if (folder / RECORD).is_file() else RunState.DAMAGED


def _asked(folder: Path) -> tuple[str, int | None]:
    """Returns the run and the seed that a folder was made for, as far as its job can be read."""
    try:
        told = json.loads((folder / JOB).read_bytes())
        return str(told["run"]), int(told["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        return "?", None


def _readable(store: RunStore, identity: str) -> RunRecord | None:
    try:
        return store.finished(identity)
    except InputError:
        return None
