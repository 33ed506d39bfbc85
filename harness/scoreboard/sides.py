"""Where the two sides of a comparison come from: a git revision, the working tree, an exported file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.engine.project import Project, contract_paths
from harness.evidence.memo import Memo
from harness.model.contract import Severity
from harness.model.problem import InvalidContract, Problem
from harness.scoreboard.build import build
from harness.scoreboard.compare import Measure, Side, Standing, side_of
from harness.scoreboard.fold import Status
from harness.scoreboard.since import board_of, laid_out
from harness.scoreboard.told import VERDICTS, tell

READS = frozenset({VERDICTS})
_STATUSES = frozenset(status.value for status in Status)
_SEVERITIES = frozenset(severity.value for severity in Severity)


def side(project: Project, memo: Memo, name: str | None) -> Side:
    """Returns one side: a JSON file if there is one of that name, else a git revision; None is now.

    Raises ``InvalidContract`` for a file that is no exported scoreboard and for an unknown revision.
    """
    if name is None:
        board = build(project, contract_paths(project, ()), memo)
        return side_of("the working tree", board, tell(project, board, memo, READS))
    if Path(name).is_file():
        return exported(name, Path(name).read_bytes())
    with laid_out(project, name) as past:
        board = board_of(past)
        return side_of(name, board, tell(past, board, memo, READS))


def exported(name: str, data: bytes) -> Side:
    """Reads a scoreboard that was exported as JSON; raises ``InvalidContract`` for anything else."""
    try:
        told = json.loads(data)
        standings = {
            (_word(contract["contract"]), _word(row["id"])): _standing(row)
            for contract in told["contracts"]
            for row in contract["criteria"]
        }
        problems = tuple(_word(problem) for problem in told["problems"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"not a scoreboard that --format json wrote: {type(error).__name__} {error}"
        raise InvalidContract([Problem(file=name, line=1, path="", message=message)]) from None
    return Side(name=name, standings=standings, problems=problems)


def _standing(row: Any) -> Standing:
    if row["status"] not in _STATUSES or row["severity"] not in _SEVERITIES:
        raise ValueError(f"status {row['status']!r}, severity {row['severity']!r}")
    return Standing(
        severity=row["severity"],
        status=row["status"],
        measures=tuple(
            Measure(
                kind=_word(item["kind"]),
                digest=_word(item["digest"]),
                status=_word(item["status"]),
                measured=_optional(item["measured"]),
                threshold=_optional(item["threshold"]),
                denominator=_optional(item["denominator"]),
            )
            for item in row["obligations"]
        ),
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _word(value)
