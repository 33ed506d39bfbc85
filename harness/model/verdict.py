"""What a discharge found: the verdict, what it rests on, how much it judged, and its witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from harness.model.outcome import Basis, Outcome, Reason
from harness.model.proof import ProofStep

__all__ = ["Basis", "Denominator", "Mutation", "Outcome", "Reason", "Verdict", "Witness"]


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
class Mutation:
    """How many planted changes of what is claimed about the obligation would have noticed.

    ``equivalent`` ones are proved to change nothing, ``unsettled`` ones were neither noticed nor proved
    harmless in time; ``survivors`` are named.
    """

    killed: int
    generated: int
    equivalent: int = 0
    unsettled: int = 0
    survivors: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.killed}/{self.generated - self.equivalent}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The judgement of one obligation.

    ``measured``, ``threshold`` and ``margin`` are decimal or formula text, so that no digit is lost;
    ``proofs`` are the steps of a closed claim, for anybody to repeat, and ``mutation`` its score.
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
    proofs: tuple[ProofStep, ...] = ()
    mutation: Mutation | None = None

    def __post_init__(self) -> None:
        if self.outcome is Outcome.DISCHARGED:
            if self.denominator.judged <= 0:
                raise ValueError("a verdict that judged nothing cannot be DISCHARGED")
            if self.basis is Basis.STATED:
                raise ValueError("somebody's word is never enough to discharge")
            if self.mutation is not None and not self.mutation.killed:
                raise ValueError("a verdict that no change could have altered cannot be DISCHARGED")
        if self.outcome is Outcome.FALSIFIED and not self.witnesses:
            raise ValueError("a FALSIFIED verdict needs a witness")
        settled = self.outcome in (Outcome.DISCHARGED, Outcome.FALSIFIED)
        if settled == (self.reason is not None):
            raise ValueError(f"{self.outcome} {'takes no' if settled else 'needs a'} reason")

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has no truth value: compare its outcome")
