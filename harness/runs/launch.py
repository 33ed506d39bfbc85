"""Plans runs and launches them, one process per seed, as many at once as there are cores."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artifacts.digests import file_sha256
from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs.child import Child
from harness.runs.identity import (
    Digester,
    config_digest,
    data_digest,
    plain_config,
    program_code_digest,
    program_of,
    run_identity,
)
from harness.runs.store import LOG, OUTPUTS, RunStore, collect
from harness.runs.worker import ending

POLL = 0.05  # seconds
TAIL = 1 << 14  # bytes of a failed command's log in which its last line is looked for


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
    """A sign of life: ``state`` is started, training, finished or failed; ``done`` of ``total`` steps."""

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


def launch(one: Plan, store: RunStore, show: Show = lambda _: None) -> RunRecord:
    """Runs one plan, or returns its record if it has finished before; raises ``InputError``."""
    (found,) = launch_all([one], store, workers=1, show=show)
    if isinstance(found, InputError):
        raise found
    return found


def launch_all(
    plans: Iterable[Plan], store: RunStore, workers: int | None = None, show: Show = lambda _: None
) -> tuple[RunRecord | InputError, ...]:
    """Runs the plans that have not finished yet, ``workers`` at once (default: one per core).

    The caller has approved the code that they run. Returns for each plan, in order, its record or why
    it failed; one failure leaves the others running. When interrupted, the running workers are killed
    with their process groups, their folders removed, and what has finished stays.
    """
    ordered = list(plans)
    found: dict[str, RunRecord | InputError] = {}
    waiting: dict[str, Plan] = {}
    for each in ordered:
        record = store.finished(each.identity)
        if record is None:
            waiting.setdefault(each.identity, each)
        else:
            found[each.identity] = record
    running: list[_Running] = []
    queue = list(waiting.values())
    try:
        while queue or running:
            while queue and len(running) < (workers or os.cpu_count() or 1):
                running.append(_Running(queue.pop(0), store, show))
            time.sleep(POLL)
            for each_running in [other for other in running if other.over()]:
                running.remove(each_running)
                found[each_running.plan.identity] = each_running.result()
    finally:
        for left in running:
            left.abandon()
    return tuple(found[each.identity] for each in ordered)


class _Running:
    """One plan under way: its worker, its folder, and what the worker has told."""

    def __init__(self, plan: Plan, store: RunStore, show: Show) -> None:
        self.plan, self._store, self._show = plan, store, show
        self._folder = store.partial(plan.identity)
        job = self._folder / "job.json"
        job.write_text(json.dumps(_job(plan, self._folder / OUTPUTS), indent=1), encoding="utf-8")
        self._done: Mapping[str, Any] | None = None
        self._error: InputError | None = None
        self._late = False
        self._child = Child(job, plan.run.limit)
        show(Progress(plan=plan, state="started"))

    def over(self) -> bool:
        """Reads what has arrived and says whether the worker has ended or is out of time."""
        ended = self._child.ended()
        self._listen()
        self._late = not ended and time.monotonic() > self._child.deadline
        return ended or self._late

    def _listen(self) -> None:
        for message in self._child.read():
            if "progress" in message:
                done, total, note = message["progress"]
                self._show(Progress(plan=self.plan, state="training", done=done, total=total, note=note))
            elif "error" in message:
                self._error = InputError(str(message["error"]), reason=str(message["reason"]))
            else:
                self._done = message

    def result(self) -> RunRecord | InputError:
        """Ends the worker and returns the record of what it left, or the reason why there is none."""
        status = self._child.close()
        try:
            record = self._record(status)
        except InputError as error:
            aside = self._store.fail(self._folder, self.plan.identity)
            self._show(Progress(plan=self.plan, state="failed", note=str(error)))
            log = _below(aside / LOG, self.plan.root)
            return InputError(f"run {self.plan.name} seed {self.plan.seed}: {error}; see {log}", error.reason)
        self._store.keep(self._folder, record)
        self._show(Progress(plan=self.plan, state="finished", done=record.steps, total=record.steps))
        return record

    def _record(self, status: int) -> RunRecord:
        if self._late:
            raise InputError(f"not finished after {self.plan.run.limit} s", reason="TIMED_OUT")
        if self._error is not None:
            if self.plan.run.command is None or self._error.reason != "RUN_FAILED":
                raise self._error
            raise InputError(f"{self._error}{self._last_words()}", self._error.reason)
        if status != 0 or self._done is None:
            left = " and left no result" if status == 0 else ""
            raise InputError(f"the worker ended {ending(status)}{left}", reason="RUN_FAILED")
        done, run = dict(self._done), self.plan.run
        outputs = collect(self._folder / OUTPUTS, done.pop("outputs"))
        return RunRecord(
            identity=self.plan.identity,
            run=self.plan.name,
            program=program_of(run),
            code=self.plan.code,
            config=config_digest(run),
            seed=self.plan.seed,
            device_asked=run.device,
            outputs=outputs,
            **done,
        )

    def _last_words(self) -> str:
        """Returns the last line that a command left in its log, which is where it says why it failed."""
        with (self._folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL))
            lines = log.read().decode(errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:500]}" if last else ""

    def abandon(self) -> None:
        """Kills the worker and removes its folder."""
        self._child.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _job(plan: Plan, out: Path) -> Mapping[str, object]:
    run = plan.run
    return {
        "system": run.system,
        "python": run.python,
        "command": None if run.command is None else list(run.command),
        "config": dict(plain_config(run)),
        "seed": plan.seed,
        "device": run.device,
        "root": str(plan.root.resolve()),
        "out": str(out.resolve()),
    }


def _below(path: Path, root: Path) -> str:
    """Shows a path as seen from the project's folder, where it lies below it."""
    path, root = path.resolve(), root.resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
