"""Watches one run on the machine of a cluster that got it, and leaves word of it in the run's folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.runs.child import Child
from harness.runs.launchers._launcher import Ending, Needs, Task
from harness.runs.store import JOB

TOLD, ENDED = "told.jsonl", "ended.json"
POLL = 0.05  # seconds
SEEN = 5.0  # seconds in which a shared file system shows what another machine wrote


class Killed(Exception):
    """The worker was killed from without, as by a system that is out of memory; another attempt may do."""


def attempt(*task: Any) -> None:
    """Does as ``supervise``; where the worker was killed it leaves no word of that and raises ``Killed``."""
    supervise(*task, raises=True)


def supervise(
    folder: str, device: str, processes: int, cpus: int, memory: int, limit: float, *, raises: bool = False
) -> None:
    """Runs the job of a folder to its end, relaying its messages to ``told.jsonl``; then ``ended.json``.

    The folder must lie on a file system that this machine shares with the one that launched the run.
    When this process is killed the worker ends itself, and an attempt after it goes on from the run's
    last checkpoint.
    """
    place = Path(folder)
    if not (place / JOB).is_file():
        raise FileNotFoundError(f"{place} is not on {os.uname().nodename}: share the project's folder")
    needs = Needs(device=device, processes=processes, cpus=cpus, memory=memory)
    child = Child(Task(folder=place, needs=needs, limit=limit), {})
    try:
        with (place / TOLD).open("a", encoding="utf-8") as told:
            told.write("\n")  # ends the half line of an attempt that was killed
            over = False
            while not over:
                over = child.ended()  # before the last reading, or what came in between is missed
                for message in child.read():
                    told.write(json.dumps(message) + "\n")
                told.flush()
                time.sleep(0 if over else POLL)
    finally:
        ending = child.close()
    if raises and not ending.late and ending.status == -signal.SIGKILL:
        raise Killed(f"the worker ended by signal {signal.SIGKILL:d}, as one that is killed for its memory")
    temporary = place / f"{ENDED}.tmp"
    temporary.write_text(json.dumps(asdict(ending)), encoding="utf-8")
    temporary.rename(place / ENDED)


class Remote:
    """A run that ``supervise`` watches elsewhere.

    ``lost`` says why it will never end by itself, or returns None; ``cancel`` ends it.
    """

    def __init__(self, folder: Path, lost: Callable[[], str | None], cancel: Callable[[], None]) -> None:
        self._folder, self._lost, self._cancel = folder, lost, cancel
        self._read, self._rest = 0, b""
        self._why: str | None = None
        self._since: float | None = None

    def read(self) -> list[Mapping[str, Any]]:
        """Returns the messages that have arrived since the last call."""
        with contextlib.suppress(FileNotFoundError), (self._folder / TOLD).open("rb") as told:
            told.seek(self._read)
            piece = told.read()
            self._read += len(piece)
            self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        found: list[Mapping[str, Any]] = []
        for line in filter(None, lines):
            with contextlib.suppress(ValueError):  # an attempt was killed in the middle of a line
                found.append(json.loads(line))
        return found

    def ended(self) -> bool:
        """Whether word of the end is there, or will never come."""
        if (self._folder / ENDED).is_file():
            return True
        if self._why is None:
            self._why, self._since = self._lost(), time.monotonic()
        return self._why is not None and time.monotonic() > (self._since or 0.0) + SEEN

    def close(self) -> Ending:
        """Ends the run if it goes on, and returns how it ended."""
        try:
            return Ending(**json.loads((self._folder / ENDED).read_bytes()))
        except (OSError, ValueError, TypeError):
            self._cancel()
            return Ending(status=1, lost=self._why or "it was given up")


def ready(folder: Path) -> None:
    """Clears from a run's folder the word of an earlier attempt."""
    for name in (TOLD, ENDED):
        (folder / name).unlink(missing_ok=True)


def arguments(task: Task) -> tuple[str, str, int, int, int, float]:
    """Returns the arguments with which ``supervise`` runs a task."""
    needs = task.needs
    return str(task.folder.resolve()), needs.device, needs.processes, needs.cpus, needs.memory, task.limit
