"""What every launcher offers: it starts the worker of a run somewhere and says what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.model.problem import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What one seed of a run occupies while it trains; ``memory`` is in bytes, 0 where it is not said."""

    device: str
    processes: int
    cpus: int
    memory: int

    @property
    def cores(self) -> int:
        """The cores that all its processes keep busy."""
        return self.processes * self.cpus

    def gpus(self, *, here: bool) -> int:
        """Returns how many GPUs it takes where there are any, one a process, and where there are none."""
        return self.processes if self.device == "cuda" or (self.device == "auto" and here) else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One seed to train: the folder that holds its ``job.json``, its needs, its time in seconds."""

    folder: Path
    needs: Needs
    limit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a worker ended: its exit status, whether it was out of time, and why it was lost, if it was."""

    status: int = 0
    late: bool = False
    lost: str = ""


class Handle(Protocol):
    """A started task."""

    def read(self) -> Sequence[Mapping[str, Any]]:
        """Returns the worker's messages that have arrived since the last call."""

    def ended(self) -> bool:
        """Whether nothing more will come: the worker is over, out of time, or lost."""

    def close(self) -> Ending:
        """Ends whatever is left of the task and says how it ended."""


class Launcher(Protocol):
    """A place where tasks are started; a launcher's module makes one by ``make()``."""

    def fits(self, needs: Needs) -> bool:
        """Whether a task may be started now; one that starts alone always may."""

    def start(self, task: Task) -> Handle:
        """Starts a task; raises ``InputError`` if it cannot be started here at all."""

    def close(self) -> None:
        """Gives back what the launcher itself holds; its tasks have been closed before."""


def missing(package: str) -> InputError:
    """Returns what to tell somebody who chose a launcher that is not installed."""
    message = f"this launcher needs {package}, which is not installed: pip install 'claims-harness[cluster]'"
    return InputError(message, reason="RUN_FAILED")
