"""The scoreboard as GitHub annotations on the lines of the contracts, and the summary of a step."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.problem import Problem
from harness.reports import markdown
from harness.reports._cases import Case, Mark, cases
from harness.reports._lines import closing
from harness.scoreboard.board import Board
from harness.scoreboard.told import VERDICTS, Told

READS = frozenset({VERDICTS})
SUMMARY_BYTES = 1_000_000
"""GitHub drops a step summary of more than a mebibyte."""


def render(board: Board, told: Told) -> str:
    """Returns one workflow command a case that did not pass: error, warning or notice."""
    found = [case for case in cases(board, told) if case.mark is not Mark.PASSED]
    order = ("error", "warning", "notice")
    lines = sorted(found, key=lambda case: order.index(_level(case)))
    body = [
        f"::{_level(case)} file={_property(case.file)},line={max(1, case.line)},"
        f"title={_property(case.title)}::{_data(case.text)}"
        for case in lines
    ]
    body += [f"::error title=evidence::{_data(problem)}" for problem in board.problems]
    return "\n".join((*body, closing(board)))


def problem_annotations(problems: Iterable[Problem], prefix: str) -> str:
    """Returns one error a problem of a contract, on its line; ``prefix`` leads to the project."""
    found = []
    for one in problems:
        file = one.file if one.file.startswith("/") or not prefix else f"{prefix}/{one.file}"
        text = ": ".join(part for part in (one.path, one.message) if part)
        hint = f"\n{one.suggestion}" if one.suggestion else ""
        place = f"file={_property(file)},line={max(1, one.line)},title=invalid contract"
        found.append(f"::error {place}::{_data(text + hint)}")
    return "\n".join(found)


def summary(board: Board, told: Told) -> str:
    """Returns the Markdown of a step summary: findings first, then the scoreboard, cut to what is shown."""
    found = [case for case in cases(board, told) if case.mark in (Mark.FAILED, Mark.ERROR)]
    parts = ["## Training claims", ""]
    if found:
        parts += [f"**{len(found)} findings**", ""]
        parts += [f"- {_bullet(case)}" for case in found]
        parts.append("")
    text = "\n".join((*parts, markdown.render(board), ""))
    data = text.encode()
    if len(data) <= SUMMARY_BYTES:
        return text
    kept = data[:SUMMARY_BYTES].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n\n…cut: the whole scoreboard is longer than a step summary may be.\n"


def _level(case: Case) -> str:
    if case.mark in (Mark.FAILED, Mark.ERROR):
        return "error"
    return "warning" if case.demanded else "notice"


def _bullet(case: Case) -> str:
    return markdown.cell(f"{case.title} ({case.file}:{case.line}): {case.why}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
