"""A check that finds nothing to do: many subjects whose evidence is all there, fresh and settled."""

from __future__ import annotations

import argparse
import gc
import re
from collections.abc import Sequence
from pathlib import Path

from harness.cli._setup import by_bytes, find_contracts, open_project
from harness.engine.project import Project
from harness.model.outcome import Reason
from harness.scoreboard.board import Board
from harness.scoreboard.fold import Status
from harness.scoreboard.gate import Exit, exit_code

_MANY = re.compile(rb"^for_each:", re.MULTILINE)
_MORE = re.compile(rb"^(?:runs|spec):|://", re.MULTILINE)
_SETTLED = (Status.DISCHARGED, Status.FALSIFIED, Status.INCONCLUSIVE)


def nothing_to_do(options: argparse.Namespace) -> Exit | None:
    """Delivers the scoreboard and returns its exit code where a check has nothing to do; else None.

    Only contracts of many subjects are looked at, without runs, specs and remote inputs.
    """
    gc.disable()  # as for the scoreboard: it is read once, and the process ends
    try:
        return _unchanged(options)
    finally:
        gc.enable()


def _unchanged(options: argparse.Namespace) -> Exit | None:
    project, memo = open_project(remember=False)
    named = list(options.contracts)
    if options.all or options.rerun or not project.ledger.is_dir():
        return None
    if options.pack is not None:
        from harness.cli.packs import lay_out

        named.append(str(lay_out(project, *options.pack)[0]))
        project, memo = open_project(remember=False)
    board = unchanged(project, find_contracts(project, named))
    if board is None:
        return None
    from harness.cli._output import deliver, report
    from harness.reports._out import say, some

    say(f"nothing to do: {some(board.totals['obligations'], 'obligation is', 'obligations are')} fresh")
    deliver(report(options.format), project, board, memo, options.output)
    return exit_code(board)


def unchanged(project: Project, paths: Sequence[Path]) -> Board | None:
    """Returns the scoreboard if every obligation has its evidence, fresh and settled.

    Every byte of evidence and of inputs is digested, as by a check; None where anything is to be done.
    """
    texts = [path.read_bytes() for path in paths if path.is_file()]
    if not texts or len(texts) != len(paths):
        return None
    if not all(_MANY.search(text) and not _MORE.search(text) for text in texts):
        return None
    from harness.scoreboard.build import build

    index = by_bytes(project)
    board = build(project, paths, index)
    index.save()
    items = [item for one in board.contracts for row in one.criteria for item in row.obligations]
    late = Reason.TIMED_OUT.value
    settled = all(one.status in _SETTLED and one.record and one.record.reason != late for one in items)
    return board if items and settled else None
