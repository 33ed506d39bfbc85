"""Steps of a recorded training taken again: what is asked of whoever takes them, and what is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """How a process computes: its threads, its device, and variables such as ``ATEN_CPU_CAPABILITY``."""

    threads: int = 1
    device: str = "cpu"
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        told = [f"{self.threads} threads", *(f"{name}={value}" for name, value in self.variables.items())]
        return ", ".join(told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retake:
    """Steps ``first`` to ``last``, from the state in file ``before`` to the one claimed in file ``after``.

    ``rows`` are the claimed steps: for each its ``step``, ``loss``, ``data`` and ``hyper``. Where ``leave``
    names a file, the state that the replay comes to is left there, with its own rows; a claim without rows
    has them in its file.
    """

    first: int
    last: int
    before: str
    after: str
    rows: tuple[Mapping[str, Any], ...] = ()
    leave: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retaken:
    """How a replay differs from the claim: relative ``distances`` by name, and what is ``unequal``.

    ``steps`` has the same of every single step: its loss and settings, and whether its batch is another.
    ``bits`` says that nothing differs at all, and no distance is measured then. ``noise`` is how far a change
    of 1e-4 in every weight lies, as a share of the step, and ``here`` is what the replay was made by.
    """

    bits: bool
    distances: Mapping[str, float]
    unequal: tuple[str, ...]
    steps: tuple[tuple[int, Mapping[str, float], tuple[str, ...]], ...]
    noise: float
    here: Mapping[str, str]


class Retaker(Protocol):
    """A training loop in a process of its own, until the ``with`` block ends."""

    def __enter__(self) -> Self:
        """Returns itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process that holds the loop."""

    def retake(self, asked: Retake) -> Retaken:
        """Takes the steps again and compares; raises ``InputError``."""

    def settings(self, steps: int) -> Sequence[Sequence[Mapping[str, Any]]] | None:
        """Returns the settings of so many steps, by group; None where the loop tells none."""

    def loaded(self) -> Mapping[str, str]:
        """Returns what the code was loaded from: the project's files with their paths, packages with none."""
