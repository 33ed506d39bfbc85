"""What is to be run: each seed of a declared run with its identity, its needs, and the worker's job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.digests import file_sha256
from harness.corpora.catalogue import place
from harness.model.contract import Run
from harness.runs.identity import (
    Digester,
    corpora_of,
    data_digest,
    plain_config,
    program_code_digest,
    run_identity,
)
from harness.runs.launchers._launcher import Needs

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One seed of a declared run, with the identity that its outputs will be kept under."""

    name: str
    run: Run
    seed: int
    root: Path
    code: str
    identity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A sign of life: ``state`` is waiting, started, training, finished or failed; ``done`` of ``total``."""

    plan: Plan
    state: str
    done: int = 0
    total: int = 0
    note: str = ""


Show = Callable[[Progress], None]


def plan(name: str, run: Run, root: Path, sha256_of: Digester = file_sha256) -> tuple[Plan, ...]:
    """Plans every seed of a run declared in a contract of the project at ``root``; imports no program."""
    code, data = program_code_digest(run, root, sha256_of), data_digest(run, root, sha256_of)
    return tuple(
        Plan(
            name=name, run=run, seed=seed, root=root, code=code, identity=run_identity(run, seed, code, data)
        )
        for seed in run.seeds
    )


def needs_of(run: Run) -> Needs:
    """Returns what one seed of a declared run occupies."""
    return Needs(device=run.device, processes=run.processes, cpus=run.cpus, memory=run.memory * MIB)


def job_of(plan: Plan, out: Path) -> Mapping[str, object]:
    """Returns what the worker of a plan is told, whose outputs go to ``out``."""
    run = plan.run
    return {
        "run": plan.name,
        "system": run.system,
        "python": run.python,
        "command": None if run.command is None else list(run.command),
        "config": dict(plain_config(run)),
        "seed": plan.seed,
        "device": run.device,
        "root": str(plan.root.resolve()),
        "out": str(out.resolve()),
        "processes": run.processes,
        "memory": run.memory * MIB,
        "limit": run.limit,
        "data": [str(place(plan.root.resolve(), name)) for name in corpora_of(run)],
    }
