"""A question to the provers and their answer, as text that can cross a process boundary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.contract import Formula


class Answer(StrEnum):
    """What the provers can say of one claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    VACUOUS = "vacuous"
    ILL_POSED = "ill-posed"
    UNKNOWN = "unknown"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One step towards a claim: ``hence`` follows from the assumptions and the links before.

    With a ``name``, that name is a new variable which may be anything that ``hence`` allows once it was
    shown for ``stands_for``; later links and the claim know nothing else of it.
    """

    hence: str
    name: str = ""
    stands_for: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One closed claim: ``given`` are the assumptions, each a truth-valued expression.

    ``chain`` are the links by which it is to be proved. ``part`` marks a question that is a step of another
    and may be trivial by itself; ``quick`` one that only wants to know whether the claim is false.
    """

    given: tuple[str, ...]
    claim: str
    variables: tuple[str, ...]
    formulas: tuple[Formula, ...] = ()
    seconds: float = 10.0
    chain: tuple[Link, ...] = ()
    part: bool = False
    quick: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofStep:
    """What one engine said of one conjunct: in how many seconds, by which lemmas and SMT-LIB queries."""

    claim: str
    engine: str
    version: str
    said: str
    seconds: float
    lemmas: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """The answer to a question: in words, by which engines, and the replayed counterexample.

    ``engines`` proved every conjunct each by itself, or, if none did that, those that did it together.
    ``times`` is the least number of engines that proved any one conjunct.
    """

    answer: Answer
    engines: tuple[str, ...] = ()
    detail: str = ""
    counterexample: tuple[tuple[str, str], ...] = ()
    times: int = 0
    steps: tuple[ProofStep, ...] = ()
