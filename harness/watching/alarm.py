"""What a watch finds, and the error by which it stops a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """A broken law: at which step, of which tensor, what was found, what was expected, its usual cause."""

    law: str
    step: int
    where: str
    found: str
    expected: str
    cause: str

    def __str__(self) -> str:
        return (
            f"step {self.step}, {self.law}: {self.where}: {self.found}; expected {self.expected} "
            f"(usually: {self.cause})"
        )


class TrainingStopped(RuntimeError):
    """A watch that was told to stop found a broken law; nothing was changed after the step it names."""
