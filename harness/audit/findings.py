"""What an audit says: findings with the two numbers, where each stands, and by how much they part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Said(StrEnum):
    """What became of one relation."""

    CONTRADICTION = "contradiction"
    HOLDS = "holds"
    UNTRIED = "untried"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One of the two numbers of a finding: as printed or computed, and ``file:line`` or what it rests on."""

    shown: str
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One relation that was tried, or could not be: ``statement`` words it, ``margin`` says by how much."""

    outcome: Said
    rule: str
    statement: str
    stated: Figure | None = None
    found: Figure | None = None
    margin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """All that was found in the paths, in the order in which it is to be read, and what was read."""

    findings: tuple[Finding, ...]
    read: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def of(self, outcome: Said) -> tuple[Finding, ...]:
        """Returns the findings of one outcome."""
        return tuple(finding for finding in self.findings if finding.outcome is outcome)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Puts contradictions first, then what held, then what was not tried.

    Repetitions are dropped, and so is what a second rule finds of the same number.
    """
    kept: dict[object, Finding] = {}
    for finding in findings:
        same = finding.outcome is Said.CONTRADICTION and finding.stated and finding.found
        kept.setdefault(
            (finding.stated, finding.found.shown, finding.margin) if same and finding.found else finding,
            finding,
        )
    rank = {Said.CONTRADICTION: 0, Said.HOLDS: 1, Said.UNTRIED: 2}
    return tuple(sorted(kept.values(), key=lambda finding: rank[finding.outcome]))
