"""The scoreboard as SARIF 2.1.0: what does not stand as demanded, on its line of the contract."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.reports._cases import Case, Mark, cases
from harness.scoreboard.board import Board
from harness.scoreboard.gate import Exit, exit_code
from harness.scoreboard.told import VERDICTS, Told

READS = frozenset({VERDICTS})
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
_BEYOND = {
    "criterion": "A criterion that its obligations do not settle: scale, basis, or a kind that is required.",
    "removed": "A criterion that was not discharged when it was judged last, and is not there any more.",
    "clause": "A clause of a spec that no criterion covers.",
}


def render(board: Board, told: Told) -> str:
    """Returns one SARIF run; every result is an open or failed case, passed ones are only counted."""
    every = list(cases(board, told))
    found = [case for case in every if case.mark is not Mark.PASSED]
    rules = sorted({case.rule for case in found})
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(board)],
        "results": [_result(case, rules) for case in found],
        "properties": {"totals": dict(board.totals), "cases": len(every)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _driver(rules: list[str]) -> dict[str, Any]:
    return {
        "name": "harness",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(name) for name in rules],
    }


def _rule(name: str) -> dict[str, Any]:
    text = _BEYOND.get(name) or f"An obligation of kind {name} that does not stand as its severity demands."
    return {
        "id": name,
        "name": name.capitalize(),
        "shortDescription": {"text": text},
        "help": {"text": f"harness kinds {name}" if name not in _BEYOND else "harness scoreboard --next"},
        "defaultConfiguration": {"level": "error"},
    }


def _invocation(board: Board) -> dict[str, Any]:
    return {
        "executionSuccessful": exit_code(board) is not Exit.FAILED,
        "exitCode": int(exit_code(board)),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": problem}} for problem in board.problems
        ],
    }


def _result(case: Case, rules: list[str]) -> dict[str, Any]:
    failed = case.mark in (Mark.FAILED, Mark.ERROR)
    level = "error" if failed else "warning" if case.demanded else "note"
    return {
        "ruleId": case.rule,
        "ruleIndex": rules.index(case.rule),
        "kind": "fail",
        "level": level,
        "message": {"text": f"{case.title}: {case.text}"},
        "locations": [{"physicalLocation": _location(case)}],
        "partialFingerprints": {"harnessObligation/v1": f"{case.contract}/{case.name}"},
        "properties": {"status": case.title.rpartition(" ")[2], "obligation": case.digest},
    }


def _location(case: Case) -> dict[str, Any]:
    artifact = (
        {"uri": PurePosixPath(case.file).as_uri()}
        if case.file.startswith("/")
        else {"uri": quote(case.file), "uriBaseId": ROOT}
    )
    return {"artifactLocation": artifact, "region": {"startLine": max(1, case.line)}}
