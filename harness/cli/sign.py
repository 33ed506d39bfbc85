"""``harness sign``: signs the whole scoreboard of a project with all that it rests on."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.engine.check import look_at
from harness.evidence.checkpoint import sign_checkpoint
from harness.evidence.dsse import sign
from harness.evidence.keys import SignatureError
from harness.evidence.memo import write_atomically
from harness.evidence.seal import seal_statement
from harness.evidence.statement import canonical
from harness.reports._out import clean, say, some, write
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit
from harness.scoreboard.sealed import seal_of, seal_path


def main(options: argparse.Namespace) -> int:
    """Signs what folds now, good or bad; refuses only where evidence is damaged."""
    if options.checkpoint is not None:
        return _checkpoint(Path(options.checkpoint), Path(options.key))
    project, memo = open_project(remember=False)
    paths = find_contracts(project, [])
    if not paths:
        say(f"no contracts below {project.contracts}/: nothing to sign")
        return Exit.NOTHING
    board = build(project, paths, memo, remotes=look_at(project, utc_now))
    if board.problems:
        say(f"not signed: {clean(board.problems[0])}")
        return Exit.FINDING
    try:
        seal = seal_of(project, board, memo, utc_now())
        envelope, key = sign(canonical(seal_statement(seal)), Path(options.key))
    except SignatureError as error:
        raise invalid(str(error)) from None
    path = seal_path(project, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, envelope)
    if options.heads is not None:
        write_atomically(Path(options.heads), "".join(f"{head}\n" for head in seal.heads).encode())
    stands = f"{board.totals.get('DISCHARGED', 0)} of {board.totals.get('required', 0)} required criteria"
    sealed = f"{some(len(seal.files), 'file')} and {some(len(board.contracts), 'contract')}"
    write(f"{project.shown(path)}: {sealed}, {stands} discharged, signed by key {key.id[:12]}")
    return Exit.DISCHARGED


def _checkpoint(folder: Path, key: Path) -> Exit:
    try:
        write(f"{sign_checkpoint(folder, key)}: verify it with model_signing verify key, or harness verify")
    except SignatureError as error:
        raise invalid(str(error)) from None
    return Exit.DISCHARGED
