"""``harness gate``: refuses unless every demand stands on fresh evidence, re-read to the byte."""

from __future__ import annotations

import argparse
import json

from harness.cli._setup import find_contracts, open_project
from harness.reports._out import clean, write
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit, gate_code, refusals


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
    board = build(project, paths, memo)
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
        write(f"gate: {decision}, {len(reasons)} reasons against{listed}")
    return code
