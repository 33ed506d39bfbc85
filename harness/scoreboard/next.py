"""The critical path: what to do next, by how many criteria it would settle."""

from __future__ import annotations

from dataclasses import dataclass

from harness.scoreboard.board import Board, CriterionRow, ObligationRow
from harness.scoreboard.fold import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that is missing: the criteria that it alone would settle, and those it is part of."""

    action: str
    alone: tuple[str, ...]
    part: tuple[str, ...]


def critical_path(board: Board) -> tuple[Step, ...]:
    """Lists missing runs, inputs and obligations, those that settle the most criteria first."""
    alone: dict[str, list[str]] = {}
    part: dict[str, list[str]] = {}
    for contract in board.contracts:
        for row in contract.criteria:
            actions = _actions(row) if not row.as_demanded else ()
            for action in actions:
                (alone if len(actions) == 1 else part).setdefault(action, []).append(
                    f"{contract.name}/{row.id}"
                )
    steps = [
        Step(action=action, alone=tuple(alone.get(action, ())), part=tuple(part.get(action, ())))
        for action in alone.keys() | part.keys()
    ]
    return tuple(sorted(steps, key=lambda step: (-len(step.alone), -len(step.part), step.action)))


def _actions(row: CriterionRow) -> tuple[str, ...]:
    found = {_action(item) for item in row.obligations if item.status is not Status.DISCHARGED}
    if row.status is Status.PARTIAL and not found:
        found = {row.missing}
    return tuple(sorted(found - {""})) or (row.missing or "an obligation",)


def _action(item: ObligationRow) -> str:
    match item.status:
        case Status.FALSIFIED:
            return f"mend what falsified {item.kind} {item.digest[:8]}"
        case Status.UNTRIED | Status.STALE if item.needs:
            return f"harness check: {item.needs}"
        case Status.UNTRIED | Status.STALE:
            return item.note if item.status is Status.UNTRIED and item.note else "harness check"
        case _:
            return f"{item.kind} {item.digest[:8]}: {item.note or item.status}"
