"""The scoreboard as Markdown, for a pull request or a README."""

from __future__ import annotations

import re

from harness.reports._lines import closing, departed, judged, remark, rests, score, shown_status, tally
from harness.reports._out import clean
from harness.scoreboard.board import Board, ContractRow, CriterionRow

_MARKS = re.compile(r"[\\|<\[`]")  # what would end the cell, or begin a tag, a link or code


def render(board: Board) -> str:
    """Returns the scoreboard as Markdown tables, one a contract."""
    parts = [_contract(row) for row in board.contracts]
    if board.gone or board.let_go:
        listed = "\n".join(f"- {cell(told)}" for told in departed(board))
        parts.append(f"**Contracts that are gone**\n\n{listed}")
    if board.problems:
        parts.append(
            "**Evidence that does not count**\n\n" + "\n".join(f"- {cell(p)}" for p in board.problems)
        )
    parts.append(closing(board))
    return "\n\n".join(parts)


def _contract(row: ContractRow) -> str:
    lines = [
        f"### {cell(row.name)} — {row.status}",
        "",
        tally(row) + (f" · spec `{cell(row.spec)}`" if row.spec else ""),
        "",
        "| criterion | severity | status | basis | judged | mutation score | missing or reason |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_criterion(item) for item in row.criteria]
    lines += [f"| clause {cell(a)} | | UNTRIED | | | | no criterion covers it |" for a in row.untried]
    lines += [f"| {cell(name)} | | REMOVED | | | | {cell(why)} |" for name, why in row.removed.items()]
    return "\n".join(lines)


def _criterion(row: CriterionRow) -> str:
    found = (row.id, row.severity, shown_status(row), rests(row), judged(row), score(row), remark(row))
    return "| " + " | ".join(cell(str(text)) for text in found) + " |"


def cell(text: str) -> str:
    """Escapes text for one cell of a table."""
    return _MARKS.sub(r"\\\g<0>", clean(text))
