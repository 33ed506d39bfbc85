"""What the ledger saw of seeds, runs and thresholds, against what a criterion says it was picked from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.evidence.trail import Trail
from harness.model.contract import Criterion, Severity
from harness.scoreboard.board import ObligationRow

_LAUNCHED = re.compile(r"finished seed (-?\d+) of ([0-9a-f]+) program ([0-9a-f]+)\Z", re.ASCII)


def _launches(trail: Trail) -> Mapping[str, tuple[str, str, str]]:
    """Returns seed, family (all but the seed) and program of every run that the ledger saw, by identity."""
    found = {}
    for step in trail.steps:
        for key, text in step.details.items():
            match = _LAUNCHED.match(text)
            if key.startswith("launched ") and match is not None:
                found[key[9:]] = (match[1], match[2], match[3])
    return found


def undeclared(contract: str, criterion: Criterion, rows: Sequence[ObligationRow], trail: Trail) -> str:
    """Says what a criterion leaves out of what it was picked from; empty if it says it all."""
    return "; ".join(_left_out(contract, criterion, rows, trail))


def _left_out(
    contract: str, criterion: Criterion, rows: Sequence[ObligationRow], trail: Trail
) -> Iterator[str]:
    if criterion.severity not in (Severity.REQUIRED, Severity.ADVISORY):
        return
    declared = criterion.best_of
    used = {pin for row in rows if row.record for pin in row.record.pins.identities.values()}
    if used:
        launches = _launches(trail)
        mine = [launches[identity] for identity in used if identity in launches]
        for family in sorted({family for _, family, _ in mine}):
            seen = {seed for seed, other, _ in launches.values() if other == family}
            chosen = {seed for seed, other, _ in mine if other == family}
            said = declared.seeds if declared else 0
            if seen - chosen and len(seen) > said:
                told = f"declares best of {said}" if said else "declares no best_of"
                yield f"judges {len(chosen)} of {len(seen)} seeds that the ledger saw, {told}"
        if declared and declared.runs:
            programs = {program for _, _, program in mine}
            tried = {family for _, family, program in launches.values() if program in programs}
            if len(tried) > declared.runs:
                yield f"declares best of {declared.runs} runs, the ledger saw {len(tried)}"
    if declared and declared.thresholds:
        judged = trail.judged.get((contract, criterion.id), ())
        bars = {one.demand for _, one in judged}
        if len(bars) > declared.thresholds:
            yield f"declares best of {declared.thresholds} thresholds, the ledger saw {len(bars)}"
