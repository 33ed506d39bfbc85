"""The scoreboard as JUnit XML: one test case an obligation, for whatever collects test results."""

from __future__ import annotations

import re
from itertools import groupby
from xml.sax.saxutils import quoteattr

from harness.reports._cases import Case, Mark, cases
from harness.scoreboard.board import Board
from harness.scoreboard.told import VERDICTS, Told

READS = frozenset({VERDICTS})
_COUNTED = {"failures": Mark.FAILED, "errors": Mark.ERROR, "skipped": Mark.SKIPPED}
_ELEMENT = {Mark.FAILED: "failure", Mark.ERROR: "error", Mark.SKIPPED: "skipped"}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(board: Board, told: Told) -> str:
    """Returns one test suite a contract; a failure carries the witness, a skip its reason.

    What is wrong with the evidence itself is a suite of its own, whose every case is an error.
    """
    found = list(cases(board, told))
    suites = [_suite(name, list(group)) for name, group in groupby(found, key=lambda case: case.contract)]
    if board.problems:
        suites.append(_damage(board.problems))
    total = _counts(found, len(board.problems))
    head = ('<?xml version="1.0" encoding="utf-8"?>', f'<testsuites name="harness" {total}>')
    return "\n".join((*head, *suites, "</testsuites>"))


def _counts(found: list[Case], damaged: int = 0) -> str:
    number = {name: sum(case.mark is mark for case in found) for name, mark in _COUNTED.items()}
    number["errors"] += damaged
    listed = " ".join(f'{name}="{count}"' for name, count in number.items())
    return f'tests="{len(found) + damaged}" {listed} time="0"'


def _suite(name: str, found: list[Case]) -> str:
    body = "\n".join(_case(case) for case in found)
    return f"<testsuite name={_quoted(name)} {_counts(found)}>\n{body}\n</testsuite>"


def _case(case: Case) -> str:
    head = (
        f"<testcase classname={_quoted(f'{case.contract}.{case.criterion}')} name={_quoted(case.name)} "
        f'file={_quoted(case.file)} line="{case.line}" time="0"'
    )
    if case.mark is Mark.PASSED:
        return f"{head}/>"
    element = _ELEMENT[case.mark]
    if case.mark is Mark.SKIPPED:
        why = f"{case.title}: {case.why}"
        return f"{head}><skipped message={_quoted(why)}>{_text(case.text)}</skipped></testcase>"
    kind = f"type={_quoted(case.title.rpartition(' ')[2])}"
    where = f"{case.file}:{case.line}: {case.text}"
    return f"{head}><{element} message={_quoted(case.title)} {kind}>{_text(where)}</{element}></testcase>"


def _damage(problems: tuple[str, ...]) -> str:
    rows = "\n".join(
        f'<testcase classname="evidence" name={_quoted(problem)} time="0">'
        f"<error message={_quoted(problem)}/></testcase>"
        for problem in problems
    )
    return f'<testsuite name="evidence" {_counts([], len(problems))}>\n{rows}\n</testsuite>'


def _legal(text: str) -> str:
    """Replaces what XML 1.0 cannot hold, escaped or not."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def _quoted(text: str) -> str:
    return quoteattr(_legal(text))


def _text(text: str) -> str:
    return _legal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
