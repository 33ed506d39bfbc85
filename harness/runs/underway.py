"""One plan under way: what its worker tells, how it ends, and what becomes of the folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs import ranks
from harness.runs.claim import Claim
from harness.runs.covering import unnamed
from harness.runs.identity import config_digest, program_of
from harness.runs.launchers._launcher import Ending, Launcher, Task
from harness.runs.plan import Plan, Progress, Show, job_of, needs_of
from harness.runs.store import JOB, LOG, OUTPUTS, RunStore, collect, resumable
from harness.runs.worker import ending as ended_how

TAIL = 1 << 14  # bytes of a failed run's log in which its last lines are looked for
LINES = 3


class Underway:
    """One plan under way: its worker, its folder, and what the worker has told."""

    def __init__(self, plan: Plan, store: RunStore, launcher: Launcher, show: Show, claim: Claim) -> None:
        self.plan, self._store, self._show, self._claim = plan, store, show, claim
        self._done: Mapping[str, Any] | None = None
        self._error: InputError | None = None
        self.crowded = False
        self._folder = store.partial(plan.identity)
        ranks.clear(self._folder)
        task = Task(folder=self._folder, needs=needs_of(plan.run), limit=plan.run.limit)
        try:
            job = json.dumps(job_of(plan, self._folder / OUTPUTS), indent=1)
            (self._folder / JOB).write_text(job, encoding="utf-8")
            self._handle = launcher.start(task)
        except (InputError, OSError):
            self._clear()
            raise
        show(Progress(plan=plan, state="started"))

    def over(self) -> bool:
        """Reads what has arrived and says whether the worker has ended or is out of time."""
        ended = self._handle.ended()
        self._listen()
        return ended

    def _listen(self) -> None:
        for message in self._handle.read():
            if "progress" in message:
                done, total, note = message["progress"]
                self._show(Progress(plan=self.plan, state="training", done=done, total=total, note=note))
            elif "error" in message:  # of several ranks the first says why the others ended
                self._error = self._error or InputError(str(message["error"]), str(message["reason"]))
            else:
                self._done = message

    def result(self) -> RunRecord | InputError:
        """Ends the worker and returns the record of what it left, or the reason why there is none."""
        ending = self._handle.close()
        try:
            record = self._store.keep(self._folder, self._record(ending))
        except (InputError, OSError) as error:
            return self._failed(error, ending)  # sets it aside before another may begin
        finally:
            self._claim.release()
        self._show(Progress(plan=self.plan, state="finished", done=record.steps, total=record.steps))
        return record

    def _failed(self, error: InputError | OSError, ending: Ending) -> InputError:
        """Sets what there is aside; an attempt that was cut short may be gone on with, a crash may not."""
        self._show(Progress(plan=self.plan, state="failed", note=str(error)))
        reason = error.reason if isinstance(error, InputError) else "RUN_FAILED"
        message = f"run {self.plan.name} seed {self.plan.seed}: {error}"
        self.crowded = self._store.full()  # before what this run wrote is thrown away
        cut = ending.late or (self._error is None and self._done is None)
        try:
            aside = self._store.fail(self._folder, self.plan.identity, again=cut)
        except OSError as trouble:
            return InputError(f"{message}; nothing was kept: {trouble}", reason)
        return InputError(f"{message}; see {_below(aside / LOG, self.plan.root)}", reason)

    def _record(self, ending: Ending) -> RunRecord:
        if ending.late:
            message = f"not finished after {self.plan.run.limit} s"
            raise InputError(f"{message}{self._last_words()}", reason="TIMED_OUT")
        if self._error is not None:
            if self.plan.run.command is None or self._error.reason != "RUN_FAILED":
                raise self._error
            raise InputError(f"{self._error}{self._last_words()}", self._error.reason)
        if ending.lost:
            raise InputError(f"{ending.lost}{self._last_words()}", reason="RUN_FAILED")
        if ending.status != 0 or self._done is None:
            left = " and left no result" if ending.status == 0 else ""
            message = f"the worker ended {ended_how(ending.status)}{left}"
            raise InputError(f"{message}{self._last_words()}", reason="RUN_FAILED")
        done, run = dict(self._done), self.plan.run
        if missing := unnamed(run, self.plan.root, done.pop("loaded", ())):
            raise InputError(missing, reason="RUN_FAILED")
        try:
            outputs = collect(self._folder / OUTPUTS, done.pop("outputs"))
        except InputError as error:
            raise InputError(f"{error}{self._last_words()}", error.reason) from error
        if run.processes > 1:
            done["settings"] = done["settings"] | ranks.agreed(self._folder, run.processes)
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
        """Returns the last lines of a program's log, where it says why it failed: the very last one first."""
        try:
            with (self._folder / LOG).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        said = [line.strip()[:300] for line in lines if line.strip()][-LINES:]
        if not said:
            return ""
        *earlier, last = said
        return f": {last} (after: {' / '.join(earlier)})" if earlier else f": {last}"

    def abandon(self) -> None:
        """Kills the worker and removes its folder, unless another attempt can go on from it."""
        self._handle.close()
        self._clear()
        self._claim.release()

    def _clear(self) -> None:
        if not resumable(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)


def _below(path: Path, root: Path) -> str:
    """Shows a path as seen from the project's folder, where it lies below it."""
    path, root = path.resolve(), root.resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
