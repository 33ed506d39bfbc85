"""Reads the contracts of a project in full, with their specs; every file's problems at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.engine.project import Project, same_names
from harness.model.contract import Contract
from harness.model.problem import InvalidContract, Problem
from harness.model.spec import Spec
from harness.reading.contract import read_contract
from harness.reading.spec import read_spec, spec_path


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A contract with the spec that it answers to, if it names one."""

    contract: Contract
    spec: Spec | None


def load_contracts(project: Project, paths: Iterable[Path]) -> tuple[Loaded, ...]:
    """Reads contract files; raises ``InvalidContract`` with the problems of all of them together."""
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            loaded.append(load_one(project, path))
        except InvalidContract as error:
            problems.extend(error.problems)
    problems += list(same_names((item.contract.name, item.contract.path) for item in loaded))
    if problems:
        raise InvalidContract(problems)
    return tuple(loaded)


def load_one(project: Project, path: Path) -> Loaded:
    """Reads one contract file and its spec; raises ``InvalidContract``."""
    shown = project.shown(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidContract(
            [Problem(file=shown, line=0, path="", message=f"cannot be read: {error.strerror}")]
        ) from None
    contract = read_contract(data, shown, project.root)
    return Loaded(contract=contract, spec=load_spec(project, contract))


def load_spec(project: Project, contract: Contract) -> Spec | None:
    """Reads the spec that a contract names, or returns None if it names none."""
    if contract.spec is None:
        return None
    path = spec_path(project.root, contract.spec)
    return read_spec(path.read_bytes(), project.shown(path), contract.spec)
