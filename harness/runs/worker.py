"""Runs one seed in a process of its own: ``python -m harness.runs.worker JOB.json FD``.

FD is a pipe to the launcher. It gets JSON lines: progress, then the result or why there is none. What
the program prints goes to the log and is never read as a result.
"""

from __future__ import annotations

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import registry
from harness.model.problem import InputError
from harness.runs import environment

REPORT_EVERY = 0.2  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What the launcher wrote into JOB.json: one program, its configuration, seed and folders."""

    system: str | None
    python: str | None
    command: list[str] | None
    config: Mapping[str, Any]
    seed: int
    device: str
    root: str
    out: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a program returned: steps, parameters, and the outputs that it declares."""

    steps: int = 0
    parameters: int = 0
    outputs: Mapping[str, str] | None = None


Tell = Callable[[Mapping[str, object]], None]


def run(job: Job, tell: Tell) -> None:
    """Runs the job and tells its result; raises ``InputError`` when the program cannot do it."""
    device = environment.resolve_device(job.device)
    started = time.monotonic()
    if job.system is not None:
        done = _system(job, device, tell)
    elif job.python is not None:
        done = _function(job, device)
    else:
        done = _command(job, device)
    tell(
        {
            "steps": done.steps,
            "parameters": done.parameters,
            "outputs": dict(done.outputs or {}),
            "device": device,
            "wall": time.monotonic() - started,
            "peak_memory": environment.peak_memory(device),
            "libraries": environment.libraries(),
            "settings": environment.settings(device),
        }
    )


def _system(job: Job, device: str, tell: Tell) -> Done:
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
    """Calls ``function(config, seed, device, out)`` of a module below the project's folder."""
    sys.path.insert(0, job.root)
    module, _, name = str(job.python).partition(":")
    function = getattr(importlib.import_module(module), name)
    return _counted(function(dict(job.config), job.seed, device, Path(job.out)), f"{job.python} returned")


def _command(job: Job, device: str) -> Done:
    """Runs a program that reads HARNESS_CONFIG and leaves files in HARNESS_OUTPUT.

    It may leave ``summary.json`` with steps and parameters there; without it both count as 0.
    """
    told = Path(job.out).parent / "config.json"
    told.write_text(json.dumps({"config": job.config, "seed": job.seed, "device": device}), encoding="utf-8")
    variables = os.environ | {"HARNESS_CONFIG": str(told), "HARNESS_OUTPUT": job.out}
    try:
        code = subprocess.run(list(job.command or ()), cwd=job.root, env=variables, check=False).returncode
    except OSError as error:
        raise InputError(f"{job.command} does not start: {error}", reason="RUN_FAILED") from error
    if code != 0:
        raise InputError(f"the command ended {ending(code)}", reason="RUN_FAILED")
    summary = Path(job.out) / "summary.json"
    if not summary.is_file():
        return Done()
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
        raise InputError(f"{what} {found!r}, wanted counts of steps and parameters", reason="RUN_FAILED")
    return Done(steps=values[0], parameters=values[1])


def _die_with_launcher(pipe: int) -> None:
    """Kills this worker's own group once nobody reads the pipe any more: the launcher was killed."""
    poll = select.poll()
    poll.register(pipe, 0)  # no event but the error that a pipe without a reader reports
    events = [event for _, event in poll.poll()]
    if events != [select.POLLNVAL] and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Runs the job of the file named first, telling the pipe named second; returns the exit status."""
    job = Job(**json.loads(Path(arguments[0]).read_bytes()))
    descriptor = int(arguments[1])
    threading.Thread(target=_die_with_launcher, args=(descriptor,), daemon=True).start()
    with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:

        def tell(message: Mapping[str, object]) -> None:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()  # raises BrokenPipeError, and so ends the run, once the launcher is gone

        try:
            run(job, tell)
        except InputError as error:
            tell({"error": str(error), "reason": error.reason})
            return 1
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a program may raise anything
            traceback.print_exc()  # into the log
            left = isinstance(error, SystemExit) and error.code in (0, None)
            said = "it ended with exit status 0 and left no result" if left else _crash(error, Path(job.root))
            tell({"error": said, "reason": "RUN_FAILED"})
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
