"""The decision: what stands as demanded, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from harness.model.contract import Severity
from harness.scoreboard.board import DEMANDED, Board, CriterionRow
from harness.scoreboard.fold import Status


class Exit(IntEnum):
    """The exit codes of check, gate and a strict scoreboard (floor plan, section 3)."""

    DISCHARGED = 0
    FINDING = 1
    INTERRUPTED = 2
    FAILED = 3
    INVALID = 4
    NOTHING = 5


def against(
    row: CriterionRow, *, signed: bool = False, severities: Sequence[Severity] = DEMANDED
) -> list[str]:
    """Lists what the scoreboard has against one criterion of the ``severities`` that must stand.

    Where keys of the policy ``signed``, the identity of a run whose outputs are not here is enough.
    """
    found: list[str] = []
    if row.severity not in severities:
        return found
    wanted = Status.FALSIFIED if row.severity is Severity.REFUTED else Status.DISCHARGED
    if row.status is not wanted:
        tail = f" ({row.missing})" if row.missing else ""
        found.append(f"is {row.status}, {row.severity} demands {wanted}{tail}")
    elif not signed:
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
