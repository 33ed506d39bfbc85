"""``harness diff``: what became of a contract between two revisions, and what that does to its evidence."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.model.contract import Contract
from harness.reports._out import clean, some, write
from harness.scoreboard.amend import amendments, bump, proved_by
from harness.scoreboard.change import VOIDING
from harness.scoreboard.gate import Exit
from harness.scoreboard.since import laid_out
from harness.symbolic.pool import ProverPool


def main(options: argparse.Namespace) -> int:
    """Prints every change with its class; ends with 1 where one of them voids evidence."""
    project, _ = open_project(remember=False)
    with ExitStack() as stack:
        old = stack.enter_context(_side(project, options.before))
        new = stack.enter_context(_side(project, options.after))
        provers = stack.enter_context(ProverPool())

        found = amendments(old, new, proved_by(provers))
    version, voids = bump(found), [item for item in found if item.change in VOIDING]
    if options.format == "json":
        rows = [{"criterion": i.criterion, "change": i.change.value, "about": i.about} for i in found]
        write(json.dumps({"changes": rows, "bump": version, "voids": bool(voids)}, indent=2))
    else:
        lines = [f"{item.change:<9} {clean(item.criterion)}: {clean(item.about)}" for item in found]
        end = f"{some(len(found), 'change')}; version: {version} (is {old.version} → {new.version})"
        void = f"\n{some(len(voids), 'change')} void the evidence of before" if voids else ""
        write("\n".join([*lines, end]) + void)
    return Exit.FINDING if voids else Exit.DISCHARGED


@contextmanager
def _side(project: Project, name: str) -> Iterator[Contract]:
    """Reads a contract file, or ``REVISION:PATH`` from git; raises ``InvalidContract``."""
    if Path(name).is_file():
        yield load_one(project, Path(name).resolve()).contract
        return
    revision, mark, path = name.partition(":")
    if not mark or not path or ".." in path.split("/") or path.startswith("/"):
        raise invalid(f"there is no contract {name!r}", "name a file, or REVISION:PATH")
    with laid_out(project, revision) as past:
        if not (past.root / path).is_file():
            raise invalid(f"revision {revision} has no file {path}")
        yield load_one(past, past.root / path).contract
