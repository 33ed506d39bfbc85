"""The gate's decision: the scoreboard and what is known of signatures and locks, against a policy; pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.engine.demand import below
from harness.model.contract import Scale
from harness.model.policy import Demands, Waiver
from harness.model.record import Record
from harness.scoreboard.board import Board, CriterionRow
from harness.scoreboard.fold import Status
from harness.scoreboard.gate import Exit, against, exit_code
from harness.scoreboard.gone import falsified


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the gate knows beyond the scoreboard, each from bytes that were read and verified now.

    ``signers`` are the keys, authors aside, whose seal of exactly this scoreboard holds; ``unsigned`` says
    why other envelopes do not count. ``unlocked`` gives, by contract, why it does not count as locked,
    ``bound`` are the CONTRACT/CRITERION that demand a lock of themselves, ``unregistered`` says of them why
    one was not locked in time.
    """

    signers: frozenset[str] = frozenset()
    unsigned: Sequence[str] = ()
    unlocked: Mapping[str, str] | None = None
    unregistered: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    heads: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Why a release is refused, and what would refuse it had nobody waived it; each one sentence."""

    reasons: tuple[str, ...]
    waived: tuple[str, ...]
    code: Exit


def decide(board: Board, demands: Demands, facts: Facts, waivers: Sequence[Waiver], now: str) -> Decision:
    """Decides about a scoreboard; ``now`` is RFC 3339 UTC text.

    Fails closed: whatever is demanded and not known to hold refuses. A waiver lifts what stands against one
    criterion and never damage, a missing signature, an ERROR, or a moved ledger.
    """
    signed = len(facts.signers) >= max(1, demands.signatures)
    found: list[tuple[str, str]] = []
    for contract in board.contracts:
        before = len(found)
        unlocked = (facts.unlocked or {}).get(contract.name, "nothing is known of its lock")
        for row in contract.criteria:
            name = f"{contract.name}/{row.id}"
            found += [(name, why) for why in against(row, signed=signed, severities=demands.severities)]
            found += [(name, why) for why in _beyond(name, row, demands, facts, now)]
            if demands.locked and unlocked and row.severity in demands.severities:
                found.append((name, f"its contract {unlocked}"))
        if not demands.amended:
            found += [(f"{contract.name}/{gone}", why) for gone, why in contract.removed.items()]
        if contract.status is not Status.DISCHARGED and len(found) == before:
            found.append(("", f"{contract.name}: {contract.status}, no required criterion is discharged"))
    if not demands.amended:
        found += board.gone.items()
    if demands.locked:
        found += [(name, why) for name, why in board.let_go.items() if falsified(why)]
    found += [("", f"evidence: {problem}") for problem in board.problems]
    found += [("", f"ledger: {problem}") for problem in facts.heads]
    if len(facts.signers) < demands.signatures:
        told = "".join(f"; {why}" for why in facts.unsigned)
        found.append(("", f"signed by {len(facts.signers)} of {demands.signatures} demanded keys{told}"))
    return _decision(found, exit_code(board), waivers, now)


def _decision(found: Sequence[tuple[str, str]], code: Exit, waivers: Sequence[Waiver], now: str) -> Decision:
    reasons, waived = [], []
    counted = [waiver for waiver in waivers if not waiver.expired(now) and not waiver.too_long(now)]
    open_until = {waiver.criterion: waiver for waiver in counted}
    for name, why in found:
        sentence = f"{name}: {why}" if name else why
        waiver = open_until.get(name)
        if waiver is None:
            reasons.append(sentence)
        else:
            waived.append(f"{sentence} ({waiver})")
    reasons += [
        f"the waiver of {waiver.criterion} by {waiver.owner} expired on {waiver.expires}"
        for waiver in waivers
        if waiver.expired(now)
    ]
    reasons += [
        f"the waiver of {waiver.criterion} by {waiver.owner} lasts until {waiver.expires}: at most two years"
        for waiver in waivers
        if waiver.too_long(now)
    ]
    if code in (Exit.FAILED, Exit.NOTHING):
        return Decision(reasons=tuple(reasons), waived=tuple(waived), code=code)
    end = Exit.FINDING if reasons else Exit.DISCHARGED
    return Decision(reasons=tuple(reasons), waived=tuple(waived), code=end)


def _beyond(name: str, row: CriterionRow, demands: Demands, facts: Facts, now: str) -> list[str]:
    """Lists what a policy has against a criterion that the scoreboard itself has not."""
    found = []
    if row.amended and not demands.amended and (row.lowered or row.severity in demands.severities):
        found.append(row.amended)
    if row.severity not in demands.severities:
        return found
    if row.retried and (demands.locked or name in facts.bound):
        found.append(row.retried)
    records = [item.record for item in row.obligations if item.record is not None]
    if demands.bases:
        allowed = {basis.value for basis in demands.bases}
        low = sorted({record.basis for record in records} - allowed)
        found += [f"rests on {basis}, the policy wants {' or '.join(sorted(allowed))}" for basis in low]
    if demands.scale is not None:
        small = (_small(demands.scale, record) for record in records if record.devices)
        found += dict.fromkeys(filter(None, small))
    found += [
        f"was judged beside the plug-in {name}, which the policy does not trust"
        for name in sorted({name for record in records for name in record.plugins})
        if not _trusted(name, demands)
    ]
    if demands.fresh_days is not None:
        found += _aged(records_finished=[record.finished for record in records], demands=demands, now=now)
    if name in facts.unregistered:
        found.append(f"demands a lock of itself and {facts.unregistered[name]}")
    return found


def _small(scale: Scale, record: Record) -> str:
    lacking = below(scale, record.devices, record.steps, record.parameters)
    return f"rests on a run that is smaller than the policy wants: {', '.join(lacking)}" if lacking else ""


def _trusted(name: str, demands: Demands) -> bool:
    """Tells whether a plug-in (``name==version``) may have been there; without a policy all may."""
    return demands.plugins is None or bool({name, name.partition("==")[0]} & set(demands.plugins))


def _aged(*, records_finished: Sequence[str], demands: Demands, now: str) -> list[str]:
    limit = datetime.timedelta(days=demands.fresh_days or 0)
    found = []
    for finished in records_finished:
        try:
            age = datetime.datetime.fromisoformat(now) - datetime.datetime.fromisoformat(finished)
        except (ValueError, TypeError):
            found.append(f"was judged at {finished[:40]!r}, which is no time")
            continue
        if age < datetime.timedelta(minutes=-5):
            found.append(f"was judged at {finished}, which is still to come")
        elif age > limit:
            found.append(f"was judged at {finished}, more than {demands.fresh_days} days ago")
    return found
