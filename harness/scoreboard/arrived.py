"""What evidence from elsewhere is worth here: judged again on the bytes that came, or identity only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.engine.check import Checker, Item
from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.load import load_contracts
from harness.model.outcome import Outcome, Reason
from harness.scoreboard.board import ObligationRow
from harness.scoreboard.build import build

SHOWN = 3
"""How many files of one obligation are named."""


class Worth(StrEnum):
    """How far evidence that arrived could be verified."""

    VERIFIED = "verified"
    IDENTITY = "identity only"
    STALE = "stale"
    DISAGREES = "disagrees"
    UNCLAIMED = "unclaimed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One obligation whose evidence arrived: what it is worth here, and on which bytes or why not."""

    contract: str
    criterion: str
    kind: str
    status: str
    worth: Worth
    note: str


def arrivals(checker: Checker, paths: Sequence[Path], arrived: Collection[str]) -> tuple[Arrival, ...]:
    """Judges again, on bytes that are here, every obligation whose evidence arrived; writes nothing.

    ``arrived`` are evidence paths; those that no obligation of the contracts in ``paths`` asks for are
    UNCLAIMED. Raises ``InvalidContract``.
    """
    board = build(checker.project, paths, checker.memo)
    rows = {i.path: i for contract in board.contracts for row in contract.criteria for i in row.obligations}
    found, claimed = [], set()
    for loaded in load_contracts(checker.project, paths):
        context = checker.context(checker.sources(loaded.contract))
        for item in checker.items(loaded):
            if item.path in arrived:
                claimed.add(item.path)
                found.append(_arrival(item, rows[item.path], context))
    found += [_unclaimed(path) for path in sorted(set(arrived) - claimed)]
    return tuple(found)


def _arrival(item: Item, row: ObligationRow, context: DischargeContext) -> Arrival:
    worth, note = _worth(item, row, context)
    return Arrival(
        contract=item.contract.name,
        criterion=item.criterion.id,
        kind=row.kind,
        status=row.status.value,
        worth=worth,
        note=note,
    )


def _worth(item: Item, row: ObligationRow, context: DischargeContext) -> tuple[Worth, str]:
    if row.record is None:
        return Worth.STALE, row.note
    if row.identity_only:
        return Worth.IDENTITY, ", ".join(sorted(row.record.pins.identities))
    verdict = discharge(item.obligation, context)
    if verdict.reason is Reason.UNTRUSTED or (row.seen and verdict.outcome is Outcome.ERROR):
        return Worth.IDENTITY, verdict.detail
    outcome = verdict.outcome.value
    if outcome != row.record.outcome:
        return Worth.DISAGREES, f"{row.record.outcome} by its evidence, {outcome} on the same bytes here"
    names = sorted((*row.record.pins.materials, *row.record.pins.outputs))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return Worth.VERIFIED, ", ".join(names[:SHOWN]) + more or "it needs none but the contract's own"


def _unclaimed(path: str) -> Arrival:
    contract, _, name = path.split("/", 1)[-1].rpartition("/")
    return Arrival(
        contract=contract.partition("/")[0],
        criterion=name.rsplit(".", 2)[0],
        kind="",
        status="",
        worth=Worth.UNCLAIMED,
        note="no contract here has such an obligation",
    )
