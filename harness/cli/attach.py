"""``harness attach``: adopts a finished run by its bytes, or holds attached runs against their manifests."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from harness.cli._setup import invalid, open_project, utc_now
from harness.engine.project import Project
from harness.evidence.attached import (
    Attached,
    attached_names,
    differences,
    look,
    read_attached,
    write_attached,
)
from harness.model.problem import InputError
from harness.reports._out import clean, say, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Writes ``evidence/attached/<name>.json``; with ``--check`` ends with 3 if any byte has changed."""
    project, _ = open_project(remember=False)
    try:
        return _check(project, options.folder) if options.check else _attach(project, options)
    except InputError as error:
        say(clean(str(error)))
        return Exit.FAILED


def _attach(project: Project, options: argparse.Namespace) -> int:
    if options.folder is None:
        raise invalid("attach what?", "harness attach FOLDER, or harness attach --check")
    folder = Path(options.folder).resolve()
    if not folder.is_dir():
        raise InputError(f"{options.folder}: there is no such folder", "MISSING_INPUT")
    evidence = project.root / project.evidence
    if folder in (project.root, evidence, *project.root.parents) or evidence in folder.parents:
        raise invalid(f"{options.folder} holds this project itself", "name the folder of one run")
    files, configs, seeds = look(folder)
    run = Attached(
        name=options.name or folder.name,
        folder=project.shown(folder),
        files=files,
        time=utc_now(),
        commit=_commit(folder),
        configs=configs,
        seeds=seeds,
    )
    path = write_attached(evidence, run)
    size = sum(length for _, length in files.values())
    lines = [
        f"{project.shown(path)}: {some(len(files), 'file')}, {some(size, 'byte')}",
        f"  commit {run.commit or 'none: no git repository'}",
        f"  configs {', '.join(configs) or 'none found'}",
        f"  seeds {', '.join(f'{name} {seed}' for name, seed in seeds.items()) or 'none found'}",
        f"  a contract names its files so: {{file: 'attached:{run.name}/{next(iter(files))}'}}",
    ]
    write("\n".join(clean(line) for line in lines))
    return Exit.DISCHARGED


def _check(project: Project, name: str | None) -> int:
    evidence = project.root / project.evidence
    names = attached_names(evidence) if name is None else (Path(name).name,)
    if not names:
        say("no run is attached")
        return Exit.NOTHING
    code = Exit.DISCHARGED
    for one in names:
        run = read_attached(evidence, one)
        wrong = list(differences(run, project.root / run.folder))
        word = (
            f"ERROR, {some(len(wrong), 'differs', 'differ')}"
            if wrong
            else f"{some(len(run.files), 'file')} as attached"
        )
        write("\n".join([f"{one}: {word}", *(f"  {clean(line)}" for line in wrong)]))
        code = Exit.FAILED if wrong else code
    return code


def _commit(folder: Path) -> str | None:
    """Returns the commit of the repository around a folder, ``+`` for changed files; None without one."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        return None if head is None else head + ("+" if _git(folder, "status", "--porcelain", "-uno") else "")
    except OSError:
        return None


def _git(folder: Path, *words: str) -> str | None:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
