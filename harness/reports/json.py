"""The scoreboard as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from harness.reports._subjects import subjects_json
from harness.scoreboard.board import Board, ContractRow, CriterionRow, ObligationRow
from harness.scoreboard.subjects import fold_subjects, groups
from harness.scoreboard.told import VERDICTS, Told

READS = frozenset({VERDICTS})


def render(board: Board, told: Told) -> str:
    """Returns the scoreboard as JSON text for programs."""
    return json.dumps(
        {
            "contracts": [_contract_json(row, told) for row in board.contracts],
            "problems": list(board.problems),
            "gone": dict(board.gone),
            "let_go": dict(board.let_go),
            "subjects": [
                subjects_json(fold_subjects(rows)) for rows in groups(board.contracts) if len(rows) > 1
            ],
            "totals": dict(board.totals),
        },
        indent=2,
    )


def _contract_json(row: ContractRow, told: Told) -> dict[str, Any]:
    return {
        "contract": row.name,
        "path": row.path,
        "subject": row.subject,
        **({"rules": row.rules} if row.rules else {}),
        "spec": row.spec,
        "status": row.status.value,
        "untried_clauses": list(row.untried),
        "removed": dict(row.removed),
        "criteria": [_criterion_json(item, told) for item in row.criteria],
    }


def _criterion_json(row: CriterionRow, told: Told) -> dict[str, Any]:
    return {
        "id": row.id,
        "claim": row.claim,
        "clause": row.clause,
        "severity": row.severity.value,
        "status": row.status.value,
        "as_demanded": row.as_demanded,
        "basis": list(row.bases),
        "engines": row.engines,
        "mutation": {"killed": row.mutation[0], "of": row.mutation[1]} if row.mutation else None,
        "missing": row.missing,
        "amended": row.amended or None,
        "waived": row.waived or None,
        "best_of": row.picked or None,
        "line": row.line,
        "obligations": [_obligation_json(item, told) for item in row.obligations],
    }


def _obligation_json(item: ObligationRow, told: Told) -> dict[str, Any]:
    verdict = told.verdict(item)
    return {
        "kind": item.kind,
        "digest": item.digest,
        "line": item.line,
        "status": item.status.value,
        "evidence": item.path if item.record else None,
        "denominator": item.record.denominator if item.record else None,
        "measured": verdict.measured if verdict is not None else None,
        "threshold": verdict.threshold if verdict is not None else None,
        "margin": verdict.margin if verdict is not None else None,
        "witnesses": len(verdict.witnesses) if verdict is not None else 0,
        "identity_only": item.identity_only,
        "remote_seen": item.seen or None,
        "note": item.note,
    }
