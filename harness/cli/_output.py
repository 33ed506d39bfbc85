"""Where a scoreboard goes once it is folded: a report by name, to stdout or to a file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from harness.cli._failed import ROOM
from harness.cli._setup import invalid
from harness.engine.project import Project
from harness.evidence.memo import Memo
from harness.reports._out import say, write
from harness.scoreboard.board import Board

_COLOUR = re.compile("\x1b\\[[0-9]*m")
OWN = ("badge", "github", "html", "json", "junit", "markdown", "sarif", "table")


def report(name: str) -> Any:
    """Returns the module of a report by name; raises ``InvalidContract`` for an unknown one."""
    import importlib

    if name in OWN:
        return importlib.import_module(f"harness.reports.{name}")
    from harness.registry import load, modules

    if name not in modules("reports"):
        raise invalid(f"unknown format {name!r}", f"known: {', '.join(modules('reports'))}")
    return load("reports", name)


def deliver(module: Any, project: Project, board: Board, memo: Memo, output: str | None) -> None:
    """Renders a scoreboard and writes it to stdout, or to the file ``output``.

    A report that names what it reads beyond the statuses is given it; one with a ``summary`` adds that to
    the file that ``GITHUB_STEP_SUMMARY`` names.
    """
    reads = getattr(module, "READS", None)
    if reads is None:
        emit(module.render(board), output)
        return
    from harness.scoreboard.told import tell

    told = tell(project, board, memo, reads, prefix(project.root))
    emit(module.render(board, told), output)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and hasattr(module, "summary"):
        try:
            with open(summary, "a", encoding="utf-8", errors="replace") as stream:
                stream.write(module.summary(board, told))
        except OSError as error:
            say(f"no step summary: {error}")


def emit(text: str, output: str | None) -> None:
    """Writes a report to stdout or whole to a file; raises ``InvalidContract`` where no file can be."""
    if output is None:
        write(text)
        return
    from harness.evidence.memo import write_atomically

    path, data = Path(output), (_COLOUR.sub("", text) + "\n").encode(errors="replace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a device or a pipe is written to and not replaced
            path.write_bytes(data)
        else:
            write_atomically(path, data)
    except OSError as error:
        if error.errno in ROOM:
            raise
        raise invalid(f"cannot write {output}: {error.strerror}") from None
    say(f"wrote {output}")


def prefix(root: Path) -> str:
    """Returns the way from the repository around a project to the project; empty if they are the same."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    for top in (Path(workspace).resolve() if workspace else None, *_repository(root)):
        if top is not None and root.is_relative_to(top):
            shown = root.relative_to(top).as_posix()
            return "" if shown == "." else shown
    return ""


def _repository(root: Path) -> list[Path]:
    return [folder for folder in (root, *root.parents) if (folder / ".git").exists()][:1]
