"""``harness export``: the scoreboard as statements that other tools read, one a line, signed if asked."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from harness.cli._output import emit
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.cli.gate import decided
from harness.engine.project import Project
from harness.evidence.dsse import sign
from harness.evidence.keys import SignatureError
from harness.evidence.statement import canonical
from harness.reports._out import say
from harness.scoreboard.board import Board
from harness.scoreboard.exported import test_result, verification_summary
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Writes one canonical statement a line, or one DSSE envelope a line with a key (JSON Lines)."""
    project, memo = open_project(remember=False)
    paths = find_contracts(project, options.contracts)
    if not paths:
        say(f"no contracts below {project.contracts}/: nothing to export")
        return Exit.NOTHING
    now = utc_now()
    board, made = decided(project, memo, paths, "private", now)
    lines = list(_statements(project, board, made.reasons, options.format, now))
    if not lines:
        say("there is no evidence to export")
        return Exit.NOTHING
    if options.key is not None:
        try:
            lines = [sign(line, Path(options.key))[0] for line in lines]
        except SignatureError as error:
            raise invalid(str(error)) from None
    emit("\n".join(line.decode() for line in lines), options.output)
    return Exit.DISCHARGED


def _statements(
    project: Project, board: Board, reasons: tuple[str, ...], form: str, now: str
) -> Iterator[bytes]:
    for row in board.contracts:
        if form == "evidence":
            records = [item for one in row.criteria for item in one.obligations if item.record]
            yield from ((project.root / item.path).read_bytes() for item in records)
            continue
        # What stands against no contract in particular stands against each.
        own = tuple(why for why in reasons if why.startswith((f"{row.name}/", f"{row.name}:")))
        loose = tuple(why for why in reasons if not any(_of(why, one.name) for one in board.contracts))
        against = (*own, *loose)
        made = (
            verification_summary(project.root, row, against, now)
            if form == "vsa"
            else test_result(project.root, row, against)
        )
        yield canonical(made)


def _of(reason: str, name: str) -> bool:
    return reason.startswith((f"{name}/", f"{name}:"))
