"""The decision: what stands as demanded, and the exit code that says so."""

from __future__ import annotations

from enum import IntEnum

from harness.model.contract import Severity
from harness.scoreboard.board import Board, CriterionRow
from harness.scoreboard.fold import Status


class Exit(IntEnum):
    """The exit codes of check, gate and a strict scoreboard (floor plan, section 3)."""

    DISCHARGED = 0
    FINDING = 1
    INTERRUPTED = 2
    FAILED = 3
    INVALID = 4
    NOTHING = 5


def refusals(board: Board) -> tuple[str, ...]:
    """Lists, one sentence each, why a release is refused; empty means that it may pass.

    Fails closed: a contract that is not DISCHARGED as a whole, a known falsehood that was not found, a
    verdict bound only to the identity of a run whose outputs are not here, and any damage to evidence
    or ledger refuse.
    """
    found: list[str] = []
    for contract in board.contracts:
        before = len(found)
        for row in contract.criteria:
            found += [f"{contract.name}/{row.id}: {why}" for why in _against(row)]
        if contract.status is not Status.DISCHARGED and len(found) == before:
            found.append(f"{contract.name}: {contract.status}, no required criterion is discharged")
    found += [f"evidence: {problem}" for problem in board.problems]
    return tuple(found)


def _against(row: CriterionRow) -> list[str]:
    found = []
    if not row.as_demanded:
        wanted = "FALSIFIED" if row.severity is Severity.REFUTED else "DISCHARGED"
        tail = f" ({row.missing})" if row.missing else ""
        found.append(f"is {row.status}, {row.severity} demands {wanted}{tail}")
    elif row.severity in (Severity.REQUIRED, Severity.REFUTED):
        only = [item.kind for item in row.obligations if item.identity_only]
        if only:
            found.append(f"{', '.join(only)}: the run's outputs are not here to compare")
    return found


def exit_code(board: Board) -> Exit:
    """Returns the exit code that a check of this scoreboard ends with."""
    rows = [row for contract in board.contracts for row in contract.criteria]
    if not any(row.obligations for row in rows):
        return Exit.NOTHING
    if any(item.status is Status.ERROR for row in rows for item in row.obligations):
        return Exit.FAILED
    sound = all(contract.status is Status.DISCHARGED for contract in board.contracts)
    return Exit.DISCHARGED if sound and all(row.as_demanded for row in rows) else Exit.FINDING


def gate_code(board: Board) -> Exit:
    """Returns the exit code of the gate, which refuses whatever ``refusals`` lists."""
    code = exit_code(board)
    return Exit.FINDING if code is Exit.DISCHARGED and refusals(board) else code
