"""``harness packs``: lists the contracts that ship with the harness, or writes one into this project."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.engine.project import CONFIG, Project
from harness.evidence.memo import write_atomically
from harness.packs import available, names, pack_text
from harness.reports._out import clean, say, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists the packs with what they are about; with a name and a folder, writes the contract."""
    if options.pack is None:
        write("\n".join(f"{name:<20} {clean(text)}" for name, text in available().items()))
        return Exit.DISCHARGED
    if options.folder is None:
        raise invalid("a pack needs the folder of its subjects", f"harness packs {options.pack} FOLDER")
    project, _ = open_project(remember=False)
    path, made = lay_out(project, options.pack, options.folder)
    say(f"{'wrote' if made else 'already here:'} {project.shown(path)}")
    return Exit.DISCHARGED


def _admit(project: Project, folder: str) -> None:
    """Writes into ``harness.toml`` that inputs may lie in a folder beside the project: its user named it."""
    from harness.engine.outside import HINT, Inside

    if not Inside(project).elsewhere(str(project.root / folder / "x")):
        return
    config = project.root / CONFIG
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    if "[inputs]" in text:
        raise invalid(f"{folder} lies outside of the project", HINT)
    more = f"[inputs]\noutside = [{json.dumps(folder)}]\n"
    write_atomically(config, f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{more}".encode())
    say(f"{CONFIG}: inputs may lie in {clean(folder)}")


def lay_out(project: Project, name: str, folder: str) -> tuple[Path, bool]:
    """Writes a pack's contract about the subjects below a folder; tells where, and whether it is new.

    A contract of that name and folder is left as it is, also where its owner has changed it. The contract
    of a second folder is called after the folder too. Raises ``InvalidContract`` for an unknown pack, a
    folder that is none, and where that name is taken as well.
    """
    if name not in names():
        from harness.reading.binder import did_you_mean

        raise invalid(f"no pack is called {name!r}", did_you_mean(name, names()) or "see harness packs")
    if not Path(folder).is_dir():
        raise invalid(f"{folder} is no folder", "name the folder that holds one folder per subject")
    import os

    below = Path(os.path.relpath(os.path.abspath(folder), project.root)).as_posix()
    if set(below) & set('*?[]"\n'):
        raise invalid(f"{below!r} cannot stand in a pattern", "give the folder a plainer name")
    _admit(project, below)
    last = re.sub(r"[^a-z0-9]+", "-", below.lower()).strip("-") or "here"
    for called in (name, f"{name}-{last}"):
        path = project.root / project.contracts / f"{called}.yaml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = pack_text(name, below).replace(f"contract: {name}\n", f"contract: {called}\n", 1)
            path.write_text(text, encoding="utf-8")
            return path, True
        if f'"{below}/' in path.read_text(encoding="utf-8"):
            return path, False
    raise invalid(f"{project.shown(path)} is about another folder", "change its for_each, or remove it")
