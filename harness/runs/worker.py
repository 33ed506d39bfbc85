"""Runs one seed in a process of its own: ``python -m harness.runs.worker JOB.json PIPE``.

PIPE leads to the launcher: a descriptor, or the name of a pipe that the ranks of a group share. It gets
JSON lines: progress, then the result or why there is none. What the program prints goes to the log and
is never read as a result.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import registry
from harness.model.problem import InputError
from harness.runs import attempts, environment, kin, ranks
from harness.runs.covering import loaded_files
from harness.runs.store import RESUME

REPORT_EVERY = 0.2  # seconds
NOTE_EVERY = 0.5  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What the launcher wrote into JOB.json: one program, its configuration, seed, folders and limits.

    ``limit`` is in seconds; ``memory`` in bytes for all ``processes`` together, 0 for no bound. ``data`` are
    the folders of the corpora that the run declares.
    """

    run: str
    system: str | None
    python: str | None
    command: list[str] | None
    config: Mapping[str, Any]
    seed: int
    device: str
    root: str
    out: str
    processes: int
    memory: int
    limit: float
    data: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder of the run, which all its ranks share."""
        return Path(self.out).parent

    @property
    def own_out(self) -> Path:
        """The folder of this process's outputs; only those of the first rank are the run's."""
        return Path(self.out) if ranks.rank() == 0 else self.folder / f"out-{ranks.rank()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a program returned: steps, parameters, the outputs that it declares, its final tensors."""

    steps: int = 0
    parameters: int = 0
    outputs: Mapping[str, str] | None = None
    state: object = None


Tell = Callable[[Mapping[str, object]], None]


def run(job: Job, spent: Callable[[str], attempts.Spent], tell: Tell) -> None:
    """Runs the job and tells its result; raises ``InputError`` when the program cannot do it."""
    device = environment.resolve_device(job.device)
    job.own_out.mkdir(exist_ok=True)
    together = job.processes > 1
    if together:
        ranks.check_size(job.processes)
    joins = together and job.command is None  # a command joins the group that it is told of by itself
    with ranks.joined(job.processes, device, job.limit) if joins else nullcontext():
        done = _program(job, device, tell)
        if together:
            ranks.note(job.folder, done.state, job.own_out)
    if ranks.rank() != 0:
        return
    total = spent(device)
    settings = environment.settings(device)
    if total.attempts > 1:
        settings["attempts"] = str(total.attempts)
    tell(
        {
            "steps": done.steps,
            "parameters": done.parameters,
            "outputs": dict(done.outputs or {}),
            "device": device,
            "wall": total.wall,
            "peak_memory": total.peak_memory,
            "libraries": environment.libraries(),
            "settings": settings,
            "loaded": loaded_files(Path(job.root)) if job.python is not None else [],
        }
    )


def _program(job: Job, device: str, tell: Tell) -> Done:
    if job.system is not None:
        return _system(job, device, tell)
    return _function(job, device) if job.python is not None else _command(job, device)


def _system(job: Job, device: str, tell: Tell) -> Done:
    if job.processes > 1:
        raise InputError(f"system {job.system} trains in one process", reason="RUN_FAILED")
    try:
        system = registry.load("systems", str(job.system)).SYSTEM
    except registry.PluginError as error:
        raise InputError(str(error), reason="RUN_FAILED") from error
    last = 0.0

    def report(step: int, total: int, note: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_EVERY or step == total:
            last = now
            tell({"progress": [step, total, note]})

    try:
        summary = system.train(job.config, job.seed, device, Path(job.out), report)
    except ModuleNotFoundError as error:
        remedy = "pip install 'claims-harness[train]'"
        message = f"system {job.system} needs {error.name}, which is not installed: {remedy}"
        raise InputError(message, reason="RUN_FAILED") from error
    return Done(steps=summary.steps, parameters=summary.parameters, outputs=system.outputs)


def _function(job: Job, device: str) -> Done:
    """Calls ``function(config, seed, device, out)`` of a module below the project's folder.

    It returns its counts, or nothing where ``summary.json`` says them; as one of several processes it
    returns the tensors with which it ended as ``state`` too.
    """
    sys.path.insert(0, job.root)
    module, _, name = str(job.python).partition(":")
    function = getattr(importlib.import_module(module), name)
    found = function(dict(job.config), job.seed, device, job.own_out)
    if found is None and (told := _summary(job)) is not None:
        return told
    return _counted(found, f"{job.python} returned")


def _command(job: Job, device: str) -> Done:
    """Runs a program that reads HARNESS_CONFIG and leaves files in HARNESS_OUTPUT.

    It may leave ``summary.json`` with steps and parameters there; without it both count as 0.
    """
    told = job.folder / f"config-{ranks.rank()}.json"
    told.write_text(json.dumps({"config": job.config, "seed": job.seed, "device": device}), encoding="utf-8")
    variables = os.environ | {"HARNESS_CONFIG": str(told), "HARNESS_OUTPUT": str(job.own_out)}
    try:
        code = subprocess.run(list(job.command or ()), cwd=job.root, env=variables, check=False).returncode
    except OSError as error:
        raise InputError(f"{job.command} does not start: {error}", reason="RUN_FAILED") from error
    if code != 0:
        raise InputError(f"the command ended {ending(code)}", reason="RUN_FAILED")
    return _summary(job) or Done()


def _summary(job: Job) -> Done | None:
    """Returns the counts that a program left in ``summary.json``; None where it left none."""
    summary = job.own_out / "summary.json"
    if not summary.is_file():
        return None
    try:
        found = json.loads(summary.read_bytes())
    except ValueError as error:
        raise InputError(f"summary.json is not JSON: {error}", reason="RUN_FAILED") from error
    return _counted(found, "summary.json says")


def ending(status: int) -> str:
    """Words the exit status of a process."""
    return f"by signal {-status}" if status < 0 else f"with exit status {status}"


def _crash(error: BaseException, root: Path) -> str:
    """Words what a program raised: its type, its message, and the innermost line of the project's own."""
    message = " ".join(str(error).split())[:500]
    told = f"{type(error).__name__}: {message}" if message else type(error).__name__
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    found = [(path.resolve(), line) for path, line in frames if "site-packages" not in path.parts]
    own = [(path, line) for path, line in found if path.is_relative_to(root)]
    if not own:
        return told
    path, line = own[-1]
    return f"{told} ({path.relative_to(root).as_posix()}:{line})"


def _counted(found: object, what: str) -> Done:
    counts = found if isinstance(found, Mapping) else {}
    values = [counts.get(name, 0) for name in ("steps", "parameters")]
    if not isinstance(found, Mapping) or not all(type(value) is int and value >= 0 for value in values):
        wanted = "wanted counts of steps and parameters" + (", or summary.json" if found is None else "")
        raise InputError(f"{what} {found!r}, {wanted}", reason="RUN_FAILED")
    return Done(steps=values[0], parameters=values[1], state=found.get("state"))


def _watch(pipe: int, note: Callable[[], None]) -> None:
    """Kills what this worker started, and its group, once nobody reads the pipe; else calls ``note``."""
    poll = select.poll()
    poll.register(pipe, 0)  # no event but the error that a pipe without a reader reports
    while not (events := poll.poll(NOTE_EVERY * 1000)):
        note()
    if [event for _, event in events] != [select.POLLNVAL] and os.getpgrp() == os.getpid():
        kin.end(kin.descendants(os.getpid()))
        os.killpg(os.getpid(), signal.SIGKILL)


def _alone(folder: Path) -> None:
    """Waits until no worker of an earlier attempt is left in a run's folder; held until this process ends."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(lock, fcntl.LOCK_EX)


def _open(pipe: str) -> int:
    """Returns the descriptor of the pipe; a launcher that is gone already raises ``OSError``."""
    if pipe.isdigit():
        return int(pipe)
    descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # waits for no reader
    os.set_blocking(descriptor, True)
    return descriptor


def main(arguments: list[str]) -> int:
    """Runs the job of the file named first, telling the pipe named second; returns the exit status."""
    kin.adopt()
    job = Job(**json.loads(Path(arguments[0]).read_bytes()))
    descriptor = _open(arguments[1])
    if ranks.rank() == 0:
        _alone(job.folder)
    started, earlier = time.monotonic(), attempts.before(job.folder)

    def spent(device: str) -> attempts.Spent:
        return earlier.and_now(time.monotonic() - started, environment.peak_memory(device))

    def note() -> None:
        if ranks.rank() == 0:
            attempts.note(job.folder, spent("cpu"))

    note()
    environment.bound(job.memory // job.processes if job.device != "cuda" else 0)
    os.environ["HARNESS_RESUME"] = str(job.folder / RESUME)
    os.environ["HARNESS_DATA"] = os.pathsep.join(job.data)
    threading.Thread(target=_watch, args=(descriptor, note), daemon=True).start()
    with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:

        def tell(message: Mapping[str, object]) -> None:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()  # raises BrokenPipeError, and so ends the run, once the launcher is gone

        try:
            run(job, spent, tell)
        except InputError as error:
            tell({"error": str(error), "reason": error.reason})
            return 1
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a program may raise anything
            with contextlib.suppress(OSError):  # the disk may be full
                traceback.print_exc()  # into the log
            left = isinstance(error, SystemExit) and error.code in (0, None)
            said = "it ended with exit status 0 and left no result" if left else _crash(error, Path(job.root))
            tell({"error": said, "reason": "RUN_FAILED"})
            return 1
    return 0


def _leave() -> None:
    """Ends what went into a session of its own and stayed behind; the launcher ends the group."""
    away = (one for one in kin.descendants(os.getpid()) if one.session != os.getsid(0))
    kin.end(frozenset(away))


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    _leave()
    if "RANK" in os.environ:
        # The threads of a process group were seen to abort a rank that had finished, as Python shut down.
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(ended)
    sys.exit(ended)
