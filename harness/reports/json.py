"""The scoreboard as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from harness.scoreboard.board import Board, ContractRow, CriterionRow


def render(board: Board) -> str:
    """Returns the scoreboard as JSON text for programs."""
    return json.dumps(
        {
            "contracts": [_contract_json(row) for row in board.contracts],
            "problems": list(board.problems),
            "totals": dict(board.totals),
        },
        indent=2,
    )


def _contract_json(row: ContractRow) -> dict[str, Any]:
    return {
        "contract": row.name,
        "path": row.path,
        "subject": row.subject,
        "spec": row.spec,
        "status": row.status.value,
        "untried_clauses": list(row.untried),
        "criteria": [_criterion_json(item) for item in row.criteria],
    }


def _criterion_json(row: CriterionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "claim": row.claim,
        "clause": row.clause,
        "severity": row.severity.value,
        "status": row.status.value,
        "as_demanded": row.as_demanded,
        "basis": list(row.bases),
        "missing": row.missing,
        "obligations": [
            {
                "kind": item.kind,
                "digest": item.digest,
                "status": item.status.value,
                "evidence": item.path if item.record else None,
                "denominator": item.record.denominator if item.record else None,
                "note": item.note,
            }
            for item in row.obligations
        ],
    }
