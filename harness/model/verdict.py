"""What a discharge found: the verdict, what it rests on, how much it judged, and its witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from harness.model.outcome import Basis, Outcome, Reason

__all__ = ["Basis", "Denominator", "Outcome", "Reason", "Verdict", "Witness"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Denominator:
    """How many units a verdict judged, of how many, and what happened to the rest.

    ``total`` counts what was selected; ``excluded`` was left out by ``select:``; ``unjudged`` had a
    missing cell or no previous row; ``undecided`` could not have told the claim from a false one.
    """

    judged: int
    total: int
    unit: str
    excluded: int = 0
    unjudged: int = 0
    undecided: int = 0

    def __str__(self) -> str:
        extra = [
            f"{count} {word}"
            for count, word in (
                (self.excluded, "excluded"),
                (self.unjudged, "unjudged"),
                (self.undecided, "undecided"),
            )
            if count
        ]
        tail = f" ({', '.join(extra)})" if extra else ""
        return f"{self.judged} of {self.total} {self.unit}{tail}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """One place where the claim fails: file, row or point, and the two values that disagree."""

    where: str
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The judgement of one obligation.

    ``measured``, ``threshold`` and ``margin`` are decimal or formula text, so that no digit is lost.
    A discharge that judged nothing, rests on somebody's word, or a finding without a witness, cannot
    be built: those raise ``ValueError``.
    """

    outcome: Outcome
    basis: Basis
    denominator: Denominator
    reason: Reason | None = None
    detail: str = ""
    measured: str | None = None
    threshold: str | None = None
    margin: str | None = None
    witnesses: tuple[Witness, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome is Outcome.DISCHARGED:
            if self.denominator.judged <= 0:
                raise ValueError("a verdict that judged nothing cannot be DISCHARGED")
            if self.basis is Basis.STATED:
                raise ValueError("somebody's word is never enough to discharge")
        if self.outcome is Outcome.FALSIFIED and not self.witnesses:
            raise ValueError("a FALSIFIED verdict needs a witness")
        settled = self.outcome in (Outcome.DISCHARGED, Outcome.FALSIFIED)
        if settled == (self.reason is not None):
            raise ValueError(f"{self.outcome} {'takes no' if settled else 'needs a'} reason")

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has no truth value: compare its outcome")
