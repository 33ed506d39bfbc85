"""The scoreboard as a table in the terminal."""

from __future__ import annotations

from harness.model.contract import Severity
from harness.reports._lines import closing, departed, gone, judged, remark, rests, score, shown_status, tally
from harness.reports._out import clean, colour
from harness.reports._subjects import subjects_text
from harness.scoreboard.board import Board, ContractRow, CriterionRow
from harness.scoreboard.fold import Status
from harness.scoreboard.subjects import fold_subjects, groups

REMARK = 110


def render(board: Board) -> str:
    """Returns the scoreboard as aligned text, contracts in the order given, totals last."""
    parts = [
        subjects_text(fold_subjects(rows)) if len(rows) > 1 else _contract(rows[0])
        for rows in groups(board.contracts)
    ]
    if board.gone or board.let_go:
        parts.append("contracts that are gone:\n" + "\n".join(f"  {told}" for told in departed(board)))
    if board.problems:
        parts.append("evidence that does not count:\n" + "\n".join(f"  {clean(p)}" for p in board.problems))
    parts.append(closing(board))
    return "\n\n".join(parts)


def _contract(row: ContractRow) -> str:
    head = f"{clean(row.name)}  {colour(row.status, row.status)}  {tally(row)}"
    errors = sum(item.status is Status.ERROR for item in row.criteria)
    if errors and row.status is not Status.ERROR:
        head += f"  · {errors} {colour(Status.ERROR, Status.ERROR)}"
    if row.spec:
        head += f"  · spec {clean(row.spec)}"
    width = max((len(item.id) for item in row.criteria), default=0)
    lines = [_criterion(item, width) for item in row.criteria]
    lines += [f"  {'clause ' + anchor:<{width + 2}}UNTRIED: no criterion covers it" for anchor in row.untried]
    lines += [f"  {told}" for told in gone(row)]
    return "\n".join((head, *lines))


def _criterion(row: CriterionRow, width: int) -> str:
    status = shown_status(row)
    severity = "" if row.severity is Severity.REQUIRED else row.severity.value
    cells = f"  {row.id:<{width}}  {colour(row.status, f'{status:<13}')} {severity:<10}"
    facts = ", ".join(part for part in (rests(row), judged(row), score(row)) if part)
    text = f"{cells} {facts}".rstrip()
    note = remark(row)
    if note:
        shown = note if len(note) <= REMARK else note[: REMARK - 1] + "…"
        text += f"\n  {'':<{width}}  {'':<13} {'':<10} {shown}"
    return text
