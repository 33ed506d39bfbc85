"""``harness diff``: what became of a contract or spec between two revisions, and what that voids."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.engine.load import load_one
from harness.engine.project import Project, every_contract
from harness.model.contract import Contract, SpecRef
from harness.reading.spec import read_spec, spec_path
from harness.reports._out import clean, some, write
from harness.scoreboard.amend import Amendment, amendments, bump, raised
from harness.scoreboard.change import VOIDING, Change
from harness.scoreboard.gate import Exit
from harness.scoreboard.since import laid_out
from harness.scoreboard.spec_amend import Version, spec_amendments
from harness.symbolic.pool import ProverPool

Side = Contract | Version
_SPEC = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._+-]*)\Z")
_REMEDY = "name a file, REVISION:PATH, a spec as id@version, or two revisions and a path"


def main(options: argparse.Namespace) -> int:
    """Prints every change with its class; ends with 1 where one of them voids evidence."""
    project, _ = open_project(remember=False)
    names = [options.before, options.after]
    if options.path:
        names = [f"{name}:{options.path}" for name in names]
    elif all(_bare(name) for name in names):
        return _everything(project, *names, as_json=options.format == "json")
    with ExitStack() as stack:
        old, new = (stack.enter_context(_side(project, name)) for name in names)
        provers = stack.enter_context(ProverPool())
        found = _between(old, new, provers)
    told, suggested = bump(found), raised(_version(old), bump(found))
    voids = [item for item in found if item.change in VOIDING]
    if options.format == "json":
        ends = {"bump": told, "suggested": suggested, "voids": bool(voids)}
        write(json.dumps({"changes": _rows(found)} | ends, indent=2))
    else:
        end = f"{some(len(found), 'change')}; version: {told} (is {_version(old)} → {_version(new)}"
        write("\n".join([*_lines(found), f"{end}, suggested {suggested})"]) + _void(len(voids)))
    return Exit.FINDING if voids else Exit.DISCHARGED


def _everything(project: Project, before: str, after: str, *, as_json: bool) -> int:
    """Prints what became of every contract and spec between two revisions."""
    with ExitStack() as stack:
        old, new = (stack.enter_context(laid_out(project, name)) for name in (before, after))
        provers = stack.enter_context(ProverPool())
        found = {path: _file(old, new, path, provers) for path in sorted({*_files(old), *_files(new)})}
    found = {path: changes for path, changes in found.items() if changes}
    voids = sum(item.change in VOIDING for changes in found.values() for item in changes)
    if as_json:
        files = {path: {"changes": _rows(changes), "bump": bump(changes)} for path, changes in found.items()}
        write(json.dumps({"files": files, "voids": bool(voids)}, indent=2))
    else:
        parts = [f"{path}: {bump(changes)}\n" + "\n".join(_lines(changes)) for path, changes in found.items()]
        write("\n".join([*parts, f"{some(len(found), 'file')} changed"]) + _void(voids))
    return Exit.FINDING if voids else Exit.DISCHARGED


def _files(project: Project) -> list[str]:
    return [project.shown(path) for path in (*every_contract(project), *project.root.glob("specs/*/*.md"))]


def _file(old: Project, new: Project, path: str, provers: ProverPool) -> tuple[Amendment, ...]:
    was, now = old.root / path, new.root / path
    if was.is_file() and now.is_file():
        if was.read_bytes() == now.read_bytes():
            return ()
        return _between(_read(old, was), _read(new, now), provers)
    change = Change.ADDED if now.is_file() else Change.REMOVED
    return (Amendment(criterion=path, change=change, about="the file"),)


def _between(old: Side, new: Side, provers: ProverPool) -> tuple[Amendment, ...]:
    if isinstance(old, Contract) and isinstance(new, Contract):
        return amendments(old, new, provers.proved)
    if isinstance(old, Version) and isinstance(new, Version):
        return spec_amendments(old, new, provers.proved)
    raise invalid("a contract and a spec have nothing in common to compare", _REMEDY)


def _version(side: Side) -> str:
    return side.version if isinstance(side, Contract) else side.spec.version


def _rows(found: tuple[Amendment, ...]) -> list[dict[str, str]]:
    return [{"criterion": i.criterion, "change": i.change.value, "about": i.about} for i in found]


def _lines(found: tuple[Amendment, ...]) -> list[str]:
    return [f"{item.change:<9} {clean(item.criterion)}: {clean(item.about)}" for item in found]


def _void(count: int) -> str:
    return f"\n{some(count, 'change')} void the evidence of before" if count else ""


def _bare(name: str) -> bool:
    """Tells whether a name can only be a revision."""
    return not (
        Path(name).exists() or ":" in name or name.endswith((".yaml", ".yml", ".md")) or _SPEC.match(name)
    )


@contextmanager
def _side(project: Project, name: str) -> Iterator[Side]:
    """Reads a contract or spec: a file, ``REVISION:PATH`` from git, or ``id@version``."""
    spec = _SPEC.match(name)
    if Path(name).is_file():
        yield _read(project, Path(name).resolve())
        return
    if spec is not None and spec_path(project.root, ref := SpecRef(id=spec[1], version=spec[2])).is_file():
        yield _read(project, spec_path(project.root, ref))
        return
    revision, mark, path = name.removeprefix("git:").partition(":")
    if not mark or not path or ".." in path.split("/") or path.startswith("/"):
        raise invalid(f"there is no contract or spec {name!r}", _REMEDY)
    with laid_out(project, revision) as past:
        if not (past.root / path).is_file():
            raise invalid(f"revision {revision} has no file {path}")
        yield _read(past, past.root / path)


def _read(project: Project, path: Path) -> Side:
    """Reads a contract, or a spec by the id and version that its path says; raises ``InvalidContract``."""
    if path.suffix != ".md":
        return load_one(project, path).contract
    data = path.read_bytes()
    spec = read_spec(data, project.shown(path), SpecRef(id=path.parent.name, version=path.stem))
    return Version(spec=spec, text=data.decode("utf-8"))
