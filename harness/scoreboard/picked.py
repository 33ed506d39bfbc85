"""What the ledger saw of seeds, runs and thresholds, against what a criterion says it was picked from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.engine.demand import DIGITS, demand_of
from harness.engine.pins import slug
from harness.evidence.trail import Judged, Trail
from harness.model.contract import Contract, Criterion, Severity
from harness.scoreboard.amended import against
from harness.scoreboard.board import ObligationRow
from harness.scoreboard.change import programs_seeds


def _launches(trail: Trail) -> Mapping[str, tuple[str, str, str]]:
    """Returns seed, family (all but the seed) and program of every run that the ledger saw, by identity."""
    return {one.identity: (one.seed, one.family, one.program) for _, one in trail.launched if one.family}


def undeclared(contract: Contract, criterion: Criterion, rows: Sequence[ObligationRow], trail: Trail) -> str:
    """Says what a criterion leaves out of what it was picked from; empty if it says it all."""
    return "; ".join(_left_out(contract, criterion, rows, trail))


def _left_out(
    contract: Contract, criterion: Criterion, rows: Sequence[ObligationRow], trail: Trail
) -> Iterator[str]:
    if criterion.severity not in (Severity.REQUIRED, Severity.ADVISORY):
        return
    declared = criterion.best_of
    judged = [one for _, one in trail.judged.get((contract.name, criterion.id), ())]
    used = {pin for row in rows if row.record for pin in row.record.pins.identities.values()}
    if used:
        yield from _reconfigured(demand_of(criterion, contract), judged, declared.seeds if declared else 0)
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
        bars = {one.demand.rpartition("|")[0] if one.demand.count("|") == 4 else one.demand for one in judged}
        if len(bars) > declared.thresholds:
            yield f"declares best of {declared.thresholds} thresholds, the ledger saw {len(bars)}"


def _reconfigured(now: str, judged: Sequence[Judged], said: int) -> Iterator[str]:
    """Yields the seeds of its program that were judged by another demand, and are not now."""
    for program, chosen in programs_seeds(now).items():
        others = {one.demand for one in judged if one.demand != now}
        seen = chosen.union(*(programs_seeds(demand).get(program, set()) for demand in others))
        if len(seen) > max(len(chosen), said):
            yield f"judges {len(chosen)} of {len(seen)} seeds of its program that it was judged by before"


def retried(contract: Contract, criterion: Criterion, trail: Trail) -> str:
    """Says on how many data a criterion was judged where others than the last spoke against it.

    Empty where ``best_of`` declares as many ``runs``. Runs and files count alike: a log that is written over
    until it passes was picked as well as a seed is.
    """
    name = (contract.name, criterion.id)
    judgements = trail.judged.get(name, ())
    if len({step.place for step, _ in judgements}) < 2:  # in one check each obligation is judged once
        return ""
    if not any(against(one) for _, one in judgements):
        return ""
    judged = [one for _, one in trail.full(*name, slug(contract.subject))]
    alone = len(criterion.obligations) == 1
    groups = [[one for one in judged if alone or one.obligation == o.digest] for o in criterion.obligations]
    runs = frozenset(one.identity[:DIGITS] for _, one in trail.launched)
    found = [_others(group, runs) for group in groups if group]
    data, failed = max(found, key=lambda counts: counts[1], default=(0, 0))
    if not failed or (criterion.best_of and criterion.best_of.runs >= data):
        return ""
    return f"judged on {data} different data, {failed} of them against it, and declares no best_of runs"


def _others(judged: Sequence[Judged], runs: frozenset[str]) -> tuple[int, int]:
    """Counts the data of verdicts, and those beside the last that spoke against; seeds of one run are one."""
    mine = judged[-1].data
    others = {one.data for one in judged if one.data != mine and not one.data & mine & runs}
    return len(others) + 1, len({one.data for one in judged if against(one)} & others)
