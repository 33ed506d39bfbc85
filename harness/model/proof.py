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
class Question:
    """One closed claim: ``given`` are the assumptions, each a truth-valued expression."""

    given: tuple[str, ...]
    claim: str
    variables: tuple[str, ...]
    formulas: tuple[Formula, ...] = ()
    seconds: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """The answer to a question: by which engines, in words, and the replayed counterexample."""

    answer: Answer
    engines: tuple[str, ...] = ()
    detail: str = ""
    counterexample: tuple[tuple[str, str], ...] = ()
