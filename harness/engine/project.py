"""Where a project's contracts, specs, evidence and runs are, and which contracts it trusts with code."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.memo import Memo
from harness.model.problem import InvalidContract, Problem

CONFIG = "harness.toml"
_KEYS = {
    "project": {"contracts", "evidence", "falsifiers"},
    "run": {"launcher"},
    "trust": {"contracts"},
    "inputs": {"outside"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The folders of one project, all below ``root``; ``trusted`` are globs of contract paths.

    Inputs may lie in the folders ``outside`` of it, and nowhere else beyond. ``launcher`` starts the runs
    that choose none themselves; empty for the usual one. ``entered``: the user runs code of the project
    already, as who starts pytest in it does.
    """

    root: Path
    contracts: str = "contracts"
    evidence: str = "evidence"
    falsifiers: str = "falsifiers"
    trusted: tuple[str, ...] = ()
    launcher: str = ""
    outside: tuple[str, ...] = ()
    entered: bool = False

    @property
    def ledger(self) -> Path:
        """The folder of ledger entries."""
        return self.root / self.evidence / "ledger"

    @property
    def runs(self) -> Path:
        """The folder of finished runs."""
        return self.root / ".harness" / "runs"

    @property
    def pending(self) -> Path:
        """The folder of what checks wrote and the ledger was not told of yet."""
        return self.root / ".harness" / "pending"

    def trusts(self, contract_path: str) -> bool:
        """Tells whether code that this contract names may run without being asked for.

        What the project says of itself counts only for a user who trusts it: a clone brings no trust along.
        """
        from fnmatch import fnmatch

        from harness.engine.trust import vouched

        named = any(fnmatch(contract_path, pattern) for pattern in self.trusted)
        return named and (self.entered or vouched(self.root / CONFIG))

    def shown(self, path: Path) -> str:
        """Returns a path as people and evidence name it: relative to the root where it lies below."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()


def find_root(start: Path) -> Path:
    """Returns the nearest folder at or above ``start`` that has a ``harness.toml``, else ``start``."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    return start


def read_project(root: Path, memo: Memo) -> Project:
    """Reads ``harness.toml`` if there is one; raises ``InvalidContract`` for what it cannot mean."""
    path = root / CONFIG
    if not path.is_file():
        return Project(root=root)
    told = memo.of(os.fspath(path), "config", _config)
    if told.get("error"):
        raise InvalidContract([Problem(file=CONFIG, line=1, path="", message=told["error"])])
    project = told.get("project", {})
    trusted = tuple(told.get("trust", {}).get("contracts", ()))
    outside = tuple(told.get("inputs", {}).get("outside", ()))
    return Project(root=root, trusted=trusted, outside=outside, **told.get("run", {}), **project)


def _config(path: str) -> dict[str, Any]:
    import tomllib

    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {"error": f"not valid TOML: {error}"}
    for section, body in told.items():
        if section not in _KEYS or not isinstance(body, dict):
            return {"error": f"unknown section {section!r}; known: {', '.join(_KEYS)}"}
        for key, value in body.items():
            wanted = list if section in ("trust", "inputs") else str
            if key not in _KEYS[section]:
                return {"error": f"unknown key {section}.{key}; known: {', '.join(sorted(_KEYS[section]))}"}
            if not isinstance(value, wanted):
                return {"error": f"{section}.{key} must be a {wanted.__name__}"}
            if wanted is list and not all(isinstance(item, str) for item in value):
                return {"error": f"{section}.{key} must be a list of strings"}
    return told


def every_contract(project: Project) -> list[Path]:
    """Returns every contract file of a project, in the order of the paths."""
    return below(project.root / project.contracts)


def below(folder: Path) -> list[Path]:
    """Returns every YAML file below a folder, however its suffix is written."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".yaml", ".yml"))


def contract_paths(project: Project, named: tuple[str, ...]) -> list[Path]:
    """Returns the contract files asked for: all of the project's, or those named by path or by name.

    A name is that of a file or the one written in it. Raises ``InvalidContract`` for a name that no
    contract or more than one answers to, and for a path that leads out of the project.
    """
    every = every_contract(project)
    if not named:
        return every
    found: list[Path] = []
    for name in named:
        one = None if os.path.isfile(name) else called(project, every, name)
        if one is not None:
            found.append(one)
        elif os.path.exists(name):
            direct = _inside(project, name)
            found += below(direct) if direct.is_dir() else [direct]
        else:
            raise _absent(every, name)
    return list(dict.fromkeys(found))


def _inside(project: Project, name: str) -> Path:
    path, root = Path(name).resolve(), project.root.resolve()
    if path.is_relative_to(root) or Path(os.path.abspath(name)).is_relative_to(root):
        return path
    message = f"{name} lies outside the project at {root}, whose inputs and evidence are not its own"
    raise _refused(message, "run harness from the folder of its own project")


def called(project: Project, every: list[Path], name: str) -> Path | None:
    """Returns the contract that is called so, by its file or by the name inside; raises if it is two."""
    matches = [path for path in every if name in (path.stem, path.name) or name == own_name(path)]
    if len(matches) > 1:
        listed = " and ".join(project.shown(path) for path in matches)
        raise _refused(f"{name!r} may mean {listed}", "name the file")
    return matches[0] if matches else None


def _absent(every: list[Path], name: str) -> InvalidContract:
    from harness.reading.binder import did_you_mean

    short = name if len(name) <= 80 else f"{name[:80]}…"
    known = dict.fromkeys(word for path in every for word in (path.stem, own_name(path)) if word)
    return _refused(f"there is no contract {short!r}", did_you_mean(short, known))


def own_name(path: Path) -> str:
    """Returns the name that a contract file gives itself on a line of its own; empty where there is none."""
    if not path.is_file():
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            told = next((line[9:] for line in lines if line.startswith("contract:")), "")
    except OSError:
        return ""
    return told.partition(" #")[0].strip().strip("\"'")


def _refused(message: str, suggestion: str) -> InvalidContract:
    return InvalidContract([Problem(file="harness", line=0, path="", message=message, suggestion=suggestion)])


def same_names(named: Iterable[tuple[str, str]]) -> Iterable[Problem]:
    """Yields a problem for every contract whose name, case aside, another file already has."""
    first: dict[str, str] = {}
    for name, path in named:
        if name.lower() in first and first[name.lower()] != path:
            message = f"{first[name.lower()]} is already called {name!r}"
            yield Problem(
                file=path, line=1, path="contract", message=message, suggestion="give each its own name"
            )
        elif name in ("ledger", "attached", "signed"):
            yield Problem(file=path, line=1, path="contract", message=f"{name!r} is a name of the evidence's")
        first.setdefault(name.lower(), path)
