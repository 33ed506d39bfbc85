"""``harness gate``: refuses unless every demand stands on fresh evidence, re-read to the byte."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.cli._policy import bound_in, facts_of, open_policy, promise_of
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.engine.check import look_at
from harness.engine.load import load_contracts
from harness.engine.project import Project, every_contract
from harness.evidence.digests import read_regular
from harness.evidence.memo import Memo
from harness.model.policy import Demands
from harness.reports._out import clean, some, write
from harness.scoreboard.board import Board, totals
from harness.scoreboard.build import build
from harness.scoreboard.decision import Decision, Facts, decide
from harness.scoreboard.gate import Exit
from harness.scoreboard.sealed import other_rules


def malformed(project: Project, board: Board) -> list[str]:
    """Lists evidence that counts but does not fit the published schema."""
    from jsonschema import Draft202012Validator

    from harness.reading.schema import evidence_schema

    validator = Draft202012Validator(evidence_schema())
    found = []
    for contract in board.contracts:
        for item in (row for criterion in contract.criteria for row in criterion.obligations):
            if item.record is not None:
                told = json.loads(read_regular(project.root / item.path))
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
    board, made = decided(project, memo, paths, options.tier, utc_now(), options.policy)
    decision = "passes" if made.code is Exit.DISCHARGED else "refused"
    if options.format == "json":
        told: dict[str, object] = {"decision": decision, "tier": options.tier, "reasons": list(made.reasons)}
        told |= {"waived": list(made.waived), "let_go": dict(board.let_go)}
        write(json.dumps(told | {"totals": dict(board.totals)}, indent=2))
    else:
        listed = "".join(f"\n  {clean(reason)}" for reason in made.reasons)
        listed += "".join(f"\n  waived: {clean(told)}" for told in made.waived)
        listed += "".join(f"\n  gone: {clean(f'{name}: {why}')}" for name, why in board.let_go.items())
        write(f"gate: {decision}, {some(len(made.reasons), 'reason')} against{listed}")
    return made.code


def decided(
    project: Project, memo: Memo, paths: Sequence[Path], tier: str, now: str, given: str | None = None
) -> tuple[Board, Decision]:
    """Returns the scoreboard of the contracts, and the decision of the policy ``given``, else the project's.

    Without a policy nothing more is asked than that everything required is discharged, and undamaged.
    """
    policy = open_policy(project, given)
    if policy is None and tier == "public":
        raise invalid("a public release wants a policy.yaml", "say who must sign it, and on what basis")
    every = every_contract(project) if policy is not None else list(paths)
    remotes = look_at(project, utc_now)
    whole = build(
        project, [*every, *(path for path in paths if path not in every)], memo, remotes=remotes, now=now
    )
    chosen = {project.shown(path) for path in paths}
    board = replace(whole, contracts=tuple(row for row in whole.contracts if row.path in chosen))
    problems = (*board.problems, *malformed(project, board), *other_rules(project))
    board = replace(board, problems=problems, totals=totals(board.contracts))
    if policy is None:
        bound = bound_in(load_contracts(project, paths))
        return board, decide(board, Demands(), Facts(bound=bound), (), now)
    promises = [promise_of(project, one, memo) for one in load_contracts(project, paths)]
    facts = facts_of(project, policy, whole, promises, memo)
    return board, decide(board, policy.tiers[tier], facts, policy.waivers, now)
