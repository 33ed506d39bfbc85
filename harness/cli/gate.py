"""``harness gate``: refuses unless every demand stands on fresh evidence, re-read to the byte."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from harness.cli._setup import find_contracts, open_project, utc_now
from harness.engine.check import look_at
from harness.engine.project import Project
from harness.reports._out import clean, some, write
from harness.scoreboard.board import Board
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit, gate_code, refusals


def malformed(project: Project, board: Board) -> list[str]:
    """Lists evidence that counts but does not fit the published schema."""
    from jsonschema import Draft202012Validator

    from harness.reading.schema import evidence_schema

    validator = Draft202012Validator(evidence_schema())
    found = []
    for contract in board.contracts:
        for item in (row for criterion in contract.criteria for row in criterion.obligations):
            if item.record is not None:
                told = json.loads((project.root / item.path).read_bytes())
                error = next(validator.iter_errors(told), None)
                if error is not None:
                    found.append(f"{item.path}: {error.json_path}: {error.message}")
    return found


def main(options: argparse.Namespace) -> int:
    """Prints why a release is refused, or that it may pass; trusts no memo."""
    project, memo = open_project(remember=False)
    paths = find_contracts(project, options.contracts)
    if not paths:
        write(
            '{"decision": "refused", "reasons": ["no contracts"]}'
            if options.format == "json"
            else "no contracts"
        )
        return Exit.NOTHING
    board = build(project, paths, memo, remotes=look_at(project, utc_now))
    board = replace(board, problems=(*board.problems, *malformed(project, board)))
    reasons, code = refusals(board), gate_code(board)
    decision = "passes" if code is Exit.DISCHARGED else "refused"
    if options.format == "json":
        write(
            json.dumps(
                {"decision": decision, "reasons": list(reasons), "totals": dict(board.totals)}, indent=2
            )
        )
    else:
        listed = "".join(f"\n  {clean(reason)}" for reason in reasons)
        write(f"gate: {decision}, {some(len(reasons), 'reason')} against{listed}")
    return code
