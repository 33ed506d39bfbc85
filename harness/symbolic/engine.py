"""What a proof engine is asked and answers; the pipeline treats all engines alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from harness.symbolic.tree import Node


class EngineDisagreement(Exception):
    """One engine proves what another, or a replayed counterexample, refutes: something is unsound."""


class Said(StrEnum):
    """What an engine can say."""

    PROVED = "proved"
    MODEL = "gave a point"
    UNKNOWN = "does not know"
    TIMED_OUT = "ran out of time"
    UNSUPPORTED = "does not cover this form"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Does the goal follow from the assumptions? Trees are expanded and may hold ``defined`` but no ``diff``.

    An engine may rely on every partial operation being in its domain where it is read: the pipeline asks
    for that separately. ``raw_goal`` is the goal with ``diff`` still in it, for an engine with derivatives
    of its own.
    """

    assumptions: tuple[Node, ...]
    goal: Node
    variables: tuple[str, ...]
    seconds: float
    raw_goal: Node | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineAnswer:
    """What one engine said. ``point`` is a candidate counterexample that still has to be replayed.

    ``lemmas`` and ``queries`` are what a proof rests on and its questions in SMT-LIB, for anybody to repeat.
    """

    engine: str
    said: Said
    point: tuple[tuple[str, Fraction], ...] = ()
    note: str = ""
    lemmas: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """One prover: its name, the package that it is, and how it is asked."""

    name: str
    package: str
    prove: Callable[[Problem], EngineAnswer]
    module: str = ""

    @property
    def installed(self) -> bool:
        """Whether its package can be imported here."""
        return find_spec(self.module or self.package) is not None

    @property
    def version(self) -> str:
        """The version of its package, or an empty text."""
        return _version(self.package)


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
