"""Code that a contract names, what it is asked, and what it answers, as values that can cross a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Literal, Protocol, Self

Plain = str | int | float | bool | None
Role = Literal["callable", "scheduler", "optimizer", "clip", "average"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Something to call, ``package.module:name``, with the arguments that stay the same."""

    name: str
    arguments: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Code under trial: what it is called with is in numbers of ``dtype``, held as ``carrier`` says.

    ``parameters`` are the names that drawn values are given by; ``base`` is the learning rate that a
    scheduler starts from; ``stages`` and ``milestones`` belong to a sequence of schedulers.
    """

    role: Role
    part: Part
    dtype: str = "float64"
    carrier: str = "python"
    parameters: tuple[str, ...] = ()
    base: float = 0.0
    stages: tuple[Part, ...] = ()
    milestones: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What one call did: the numbers of every step, twice over, or why there are none.

    A number is its hexadecimal text, ``nan``, ``inf`` or ``-inf``; a step has several where the places of
    one array came out differently. ``raised`` is an exception, ``wrong`` a result that is no such number.
    """

    outs: tuple[tuple[str, ...], ...] = ()
    again: tuple[tuple[str, ...], ...] = ()
    raised: str = ""
    wrong: str = ""


class Session(Protocol):
    """Code loaded in a process of its own, until the ``with`` block ends."""

    def __enter__(self) -> Self:
        """Returns itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process that holds the code."""

    def ask(self, values: Sequence[Fraction | int], *, named: bool) -> Reply:
        """Calls the code twice with the same values; raises ``InputError`` if the process is lost."""

    def loaded(self) -> Mapping[str, str]:
        """Returns what the code was loaded from: the project's files with their paths, packages with none."""
