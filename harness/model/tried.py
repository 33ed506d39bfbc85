"""What became of one law on one subject."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.outcome import Outcome, Reason
from harness.model.verdict import Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class LawTried:
    """A law with its outcome; ``judged`` of ``total`` units, ``noticed`` of its planted faults found.

    ``absent`` marks a law whose parts the subject does not offer: nothing was tried.
    """

    law: str
    claim: str
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    measured: str = ""
    threshold: str = ""
    judged: int = 0
    total: int = 0
    unit: str = ""
    noticed: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    seconds: float = 0.0
    absent: bool = False
