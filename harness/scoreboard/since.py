"""What flipped since a git revision: the scoreboard of then against the scoreboard of now."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    with laid_out(project, revision) as past:
        return board_of(past, [past.root / project.shown(path) for path in chosen] or None)


@contextmanager
def laid_out(project: Project, revision: str) -> Iterator[Project]:
    """Lays a git revision out in a temporary folder; raises ``InvalidContract`` for an unknown one."""
    with tempfile.TemporaryDirectory(prefix="harness-since-") as folder:
        root = Path(folder).resolve()
        _lay_out(project.root, revision, root)
        yield read_project(root, Memo(None, "", lambda: 0))


def board_of(past: Project, chosen: Sequence[Path] | None = None) -> Board:
    """Folds a revision that is laid out: all its contracts, or those of the ``chosen`` that it had."""
    paths = contract_paths(past, ()) if chosen is None else [path for path in chosen if path.is_file()]
    return build(past, paths, Memo(None, "", lambda: 0), past=True)


def _lay_out(root: Path, revision: str, target: Path) -> None:
    if not revision.strip() or "\0" in revision:
        raise _unknown(f"a revision is needed, not {revision!r}")
    found = _git(root, revision, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    commit = found.decode().strip()
    tree = _git(root, revision, "archive", "--format=tar", commit)
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        archive.extractall(target, filter="data")


def _git(root: Path, revision: str, *words: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _unknown(f"git does not know the revision {revision!r}: {said[-1] if said else 'no answer'}")
    return done.stdout


def _unknown(message: str) -> InvalidContract:
    return InvalidContract([Problem(file="--since", line=0, path="", message=message)])


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
