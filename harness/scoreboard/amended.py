"""AMENDED AFTER EVIDENCE: which criteria ask less than when they were judged, until judged anew.

A criterion is discharged again once the contract's version was raised, ``harness lock`` wrote down what it
asks now, and a check after that lock discharged it on runs that were all launched after it. A file is never
new: whoever has one can add a byte. A closed claim rests on no data, so for it lock and check are enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.engine.demand import DIGITS, demand_of
from harness.evidence.locks import LOCK
from harness.evidence.trail import AMEND, Judged, Step, Trail
from harness.model.contract import Contract, Criterion, Severity
from harness.model.outcome import Outcome
from harness.scoreboard.change import VOIDING, demand_change

MARK = "AMENDED AFTER EVIDENCE"
REMOVED = "REMOVED AFTER EVIDENCE"
Verdict = tuple[Step, Judged]
"""One verdict with the ledger entry that recorded it."""
_BINDING = (f"{Severity.REQUIRED}|", f"{Severity.REFUTED}|")
_AGAINST = frozenset({Outcome.FALSIFIED.value, Outcome.INCONCLUSIVE.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Amended:
    """What was found before a criterion was changed; ``bound`` says that it was one that had to stand."""

    text: str
    bound: bool


def told_of(trail: Trail) -> Mapping[str, str]:
    """Returns how the ledger tells every change that solving told."""
    return {key: text for step in trail.steps if step.event == AMEND for key, text in step.details.items()}


def former(now: str, criterion: Criterion, judged: Sequence[Verdict]) -> list[Verdict]:
    """Returns the verdicts that were given when the criterion asked something else than the demand ``now``.

    Those that came after it was first judged by what it asks now are left out: who goes back to what was
    stated before a result has moved no bar because of it.
    """
    have = {item.digest for item in criterion.obligations}
    same = {step.place: step for step, one in judged if one.demand == now}.values()
    return [
        (step, one)
        for step, one in judged
        if (one.demand != now if one.demand else one.obligation not in have)
        and not any(step.after(first) for first in same)
    ]


def amended(contract: Contract, trail: Trail) -> dict[str, Amended]:
    """Says of each criterion that asks less than it did, or something else, what was found before."""
    found: dict[str, Amended] = {}
    told: Mapping[str, str] | None = None
    for criterion in contract.criteria:
        name, now = f"{contract.name}/{criterion.id}", demand_of(criterion, contract)
        if not former(now, criterion, trail.judged.get((contract.name, criterion.id), ())):
            continue
        judged = trail.full(contract.name, criterion.id)
        old = former(now, criterion, _since(name, now, judged, trail))
        told = told_of(trail) if told is None else told
        changes = [(step, one, *demand_change(one.demand, now, told, name)) for step, one in old]
        voided = [(step, one, change, about) for step, one, change, about in changes if change in VOIDING]
        if voided:
            _, one, change, about = max(voided, key=lambda each: (each[1].outcome in _AGAINST, each[0].place))
            tail = f" ({about})" if about else ""
            found[criterion.id] = Amended(
                text=f"{MARK}: it was {found_before(one)} before it was {change}{tail}",
                bound=any(one.demand.startswith(_BINDING) for _, one, *_ in voided),
            )
    return found


def found_before(one: Judged) -> str:
    """Words a verdict with what it was held against."""
    return f"{one.outcome} against {one.threshold}" if one.threshold else one.outcome


def against(one: Judged) -> bool:
    """Tells whether a verdict speaks against its criterion; a refuted one is meant to be found false."""
    refuted = one.demand.startswith(f"{Severity.REFUTED}|")
    return one.outcome in _AGAINST and not (refuted and one.outcome == Outcome.FALSIFIED)


def removed(contract: Contract, trail: Trail) -> dict[str, str]:
    """Says of each criterion that is gone what the last verdict against it was, if that was the last one."""
    have = {criterion.id for criterion in contract.criteria}
    found = {}
    for (name, criterion), judged in trail.judged.items():
        if name != contract.name or criterion in have:
            continue
        last = [one for step, one in judged if step.place == judged[-1][0].place]
        for one in last:
            if one.outcome in _AGAINST:
                found[criterion] = f"{REMOVED}: it was {found_before(one)}"
    return found


def _since(name: str, now: str, judged: Sequence[Verdict], trail: Trail) -> Sequence[Verdict]:
    """Leaves out the verdicts before the latest lock after which the criterion was discharged again."""
    prefix, contract = f"{name}/", name.partition("/")[0]
    for lock in reversed([step for step in trail.steps if step.event == LOCK]):
        held = {key[len(prefix) :]: text for key, text in lock.details.items() if key.startswith(prefix)}
        before = [(step, one) for step, one in judged if lock.after(step)]
        version = lock.details.get(f"version {contract}", "")
        if not held or not before or version in ("", *(step.version for step, _ in before)):
            continue
        new = _new_runs(lock, trail)
        after = [(step, one) for step, one in judged if step.after(lock)]
        present = {one.obligation: one for _, one in after if one.demand == now}
        if _discharged(held, after, new) and all(_new(one, new) for one in present.values()):
            return [(step, one) for step, one in judged if not lock.after(step)]
    return judged


def _new(one: Judged, runs: Mapping[str, bool]) -> bool:
    """Tells whether a verdict rests on runs that are all new, or on no data as a closed claim does.

    Files are never new: one byte more makes another file, and nobody knows when it was first looked at.
    """
    mine = [runs[name] for name in one.data if name in runs]
    return not one.data or (bool(mine) and all(mine))


def _discharged(held: Mapping[str, str], after: Sequence[Verdict], new: Mapping[str, bool]) -> bool:
    """Tells whether all that a lock holds of a criterion came out as demanded, on data that are new."""
    severity = _word(next(iter(held.values())), "severity")
    obligations = " ".join(sorted(digest[:DIGITS] for digest in held))
    runs = " ".join(sorted({run for text in held.values() for run in _word(text, "runs").split()}))
    asks = [obligations, runs] if runs else [obligations]
    wanted = Outcome.FALSIFIED if severity == Severity.REFUTED else Outcome.DISCHARGED
    asked = [
        one for _, one in after if one.demand.startswith(f"{severity}|") and one.demand.split("|")[3:] == asks
    ]
    done = {one.obligation for one in asked if one.outcome == wanted.value and _new(one, new)}
    return held.keys() <= done


def _word(text: str, name: str) -> str:
    try:
        return str(json.loads(text).get(name, ""))
    except (ValueError, AttributeError):
        return ""


def _new_runs(lock: Step, trail: Trail) -> dict[str, bool]:
    """Tells of every run that the ledger saw whether it is one that nobody can have seen before a lock.

    It was launched only after it, and did not leave what a run of before had left: a key in its
    configuration that the program does not read makes another run of it, and no other data.
    """
    before = [one for step, one in trail.launched if not step.after(lock)]
    seen, left = {one.identity for one in before}, {one.outputs for one in before if one.outputs}
    return {
        one.identity[:DIGITS]: one.identity not in seen and one.outputs not in left
        for _, one in trail.launched
    }
