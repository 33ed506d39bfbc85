"""``harness init``: drafts a first contract from what lies in a folder, a log or a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.drafting.draft import draft
from harness.model.problem import InputError
from harness.reports._out import clean, say, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Prints the draft or writes it; asks nothing, and overwrites nothing."""
    project, memo = open_project(remember=False)
    try:
        made = draft(project, Path(options.path), memo)
    except InputError as error:
        say(clean(str(error)))
        return Exit.FAILED
    if not made.criteria:
        say(
            f"{clean(options.path)}: no log, no checkpoint, no figures that belong together: nothing to claim"
        )
        for line in made.text.splitlines():
            if line.startswith("# ") and not line.startswith("# Drafted"):
                say(clean(line))
        return Exit.NOTHING
    if options.write is None:
        write(made.text.rstrip("\n"))
    else:
        target = (
            Path(options.write) if options.write else project.root / project.contracts / f"{made.name}.yaml"
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(made.text)
        except FileExistsError:
            raise invalid(f"{target} exists already", "name another file, or remove this one") from None
        stated = some(made.criteria, "criterion", "criteria")
        say(f"wrote {project.shown(target)}: {stated}; now: harness check {made.name}")
    for name in made.broken:
        say(f"{name} does not hold: see the comment above it")
    return Exit.DISCHARGED
