"""What flipped since a git revision: the scoreboard of then against the scoreboard of now."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.engine.project import Project, contract_paths, read_project
from harness.evidence.memo import Memo
from harness.model.problem import InvalidContract, Problem
from harness.scoreboard.board import Board
from harness.scoreboard.build import build


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """One criterion whose status differs; ``before`` or ``after`` is ``absent`` where it did not exist."""

    contract: str
    criterion: str
    severity: str
    before: str
    after: str


def board_at(project: Project, revision: str, chosen: Sequence[Path] = ()) -> Board:
    """Returns the scoreboard of a git revision, of the ``chosen`` contract files or of all there were then.

    Raises ``InvalidContract`` if git does not know the revision. Contracts that were invalid then are
    reported as such, because they had no status.
    """
    with tempfile.TemporaryDirectory(prefix="harness-since-") as folder:
        root = Path(folder).resolve()
        _lay_out(project.root, revision, root)
        memo = Memo(None, "", lambda: 0)
        past = read_project(root, memo)
        then = [root / project.shown(path) for path in chosen]
        paths = [path for path in then if path.is_file()] if chosen else contract_paths(past, ())
        return build(past, paths, memo, past=True)


def _lay_out(root: Path, revision: str, target: Path) -> None:
    done = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", "--end-of-options", revision],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        message = f"git does not know the revision {revision!r}: {said[-1] if said else 'no answer'}"
        raise InvalidContract([Problem(file="--since", line=0, path="", message=message)])
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")


def flips(before: Board, after: Board) -> tuple[Flip, ...]:
    """Lists every criterion whose status differs between two scoreboards, by contract and id."""
    old, new = _statuses(before), _statuses(after)
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key, ("absent", "")), new.get(key, ("absent", ""))
        if was[0] != now[0]:
            severity = now[1] or was[1]
            found.append(
                Flip(contract=key[0], criterion=key[1], severity=severity, before=was[0], after=now[0])
            )
    return tuple(found)


def _statuses(board: Board) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (contract.name, row.id): (row.status.value, row.severity.value)
        for contract in board.contracts
        for row in contract.criteria
    }
