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
_KEYS = {"project": {"contracts", "evidence", "falsifiers"}, "trust": {"contracts"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The folders of one project, all below ``root``; ``trusted`` are globs of contract paths."""

    root: Path
    contracts: str = "contracts"
    evidence: str = "evidence"
    falsifiers: str = "falsifiers"
    trusted: tuple[str, ...] = ()

    @property
    def ledger(self) -> Path:
        """The folder of ledger entries."""
        return self.root / self.evidence / "ledger"

    @property
    def runs(self) -> Path:
        """The folder of finished runs."""
        return self.root / ".harness" / "runs"

    def trusts(self, contract_path: str) -> bool:
        """Tells whether code that this contract names may run without being asked for."""
        from fnmatch import fnmatch

        return any(fnmatch(contract_path, pattern) for pattern in self.trusted)

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
    return Project(root=root, trusted=tuple(told.get("trust", {}).get("contracts", ())), **project)


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
            wanted = list if section == "trust" else str
            if key not in _KEYS[section]:
                return {"error": f"unknown key {section}.{key}; known: {', '.join(sorted(_KEYS[section]))}"}
            if not isinstance(value, wanted):
                return {"error": f"{section}.{key} must be a {wanted.__name__}"}
            if wanted is list and not all(isinstance(item, str) for item in value):
                return {"error": f"{section}.{key} must be a list of strings"}
    return told


def contract_paths(project: Project, named: tuple[str, ...]) -> list[Path]:
    """Returns the contract files asked for: all of the project's, or those named by path or by name.

    Raises ``InvalidContract`` for a name that no file answers to.
    """
    folder = project.root / project.contracts
    every = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])
    if not named:
        return every
    found: list[Path] = []
    for name in named:
        direct = Path(name)
        if direct.is_file():
            found.append(direct.resolve())
            continue
        matches = [path for path in every if path.stem == name or path.name == name]
        if direct.is_dir():
            matches = sorted([*direct.resolve().rglob("*.yaml"), *direct.resolve().rglob("*.yml")])
        if not matches:
            from harness.reading.binder import did_you_mean

            hint = did_you_mean(name, (path.stem for path in every))
            message = "there is no such contract"
            raise InvalidContract([Problem(file=name, line=0, path="", message=message, suggestion=hint)])
        found.extend(matches)
    return list(dict.fromkeys(found))


def same_names(named: Iterable[tuple[str, str]]) -> Iterable[Problem]:
    """Yields a problem for every contract whose name, case aside, another file already has."""
    first: dict[str, str] = {}
    for name, path in named:
        if name.lower() in first and first[name.lower()] != path:
            message = f"{first[name.lower()]} is already called {name!r}"
            yield Problem(
                file=path, line=1, path="contract", message=message, suggestion="give each its own name"
            )
        elif name in ("ledger", "attached"):
            yield Problem(file=path, line=1, path="contract", message=f"{name!r} is a name of the evidence's")
        first.setdefault(name.lower(), path)
