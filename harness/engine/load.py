"""Reads the contracts of a project in full, with their specs; every file's problems at once."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from harness.engine.for_each import expand
from harness.engine.outside import HINT, leading_out
from harness.engine.project import Project, same_names
from harness.engine.sources import shipped, system_of
from harness.model.contract import Contract
from harness.model.problem import InputError, InvalidContract, Problem
from harness.model.spec import Spec
from harness.reading.binder import did_you_mean
from harness.reading.contract import read_contract
from harness.reading.nodes import MAX_BYTES, Table, read_nodes
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
            loaded += load_subjects(project, path)
        except InvalidContract as error:
            problems.extend(error.problems)
    problems += list(same_names((item.contract.name, item.contract.path) for item in loaded))
    if problems:
        raise InvalidContract(problems)
    return tuple(loaded)


def by_contract(loaded: Iterable[Loaded]) -> list[tuple[Loaded, ...]]:
    """Returns what was loaded in groups, the subjects of one contract together."""
    return [tuple(group) for _, group in groupby(loaded, key=lambda one: one.contract.path)]


def load_one(project: Project, path: Path) -> Loaded:
    """Reads one contract file and its spec; raises ``InvalidContract``."""
    shown = project.shown(path)
    try:
        data = _bytes(path)
    except OSError as error:
        raise InvalidContract(
            [Problem(file=shown, line=0, path="", message=f"cannot be read: {error.strerror}")]
        ) from None
    # A check reads its contracts twice, to judge and to fold; a spec beside one may change in between.
    read = read_contract if b"spec" in data else _read_again
    contract = read(data, shown, project.root)
    problems = [*_astray(project, contract, data), *unfit(contract, data)]
    if problems:
        raise InvalidContract(problems)
    return Loaded(contract=contract, spec=load_spec(project, contract))


def _astray(project: Project, contract: Contract, data: bytes) -> Iterator[Problem]:
    """Yields the inputs whose paths lead out of the project, by ``..``, from the root, or through a link."""
    for place, where in leading_out(project, contract):
        message = f"leads out of the project, to {where}"
        line = line_of(data, place)
        yield Problem(file=contract.path, line=line, path=place, message=message, suggestion=HINT)


_read_again = lru_cache(maxsize=8)(read_contract)


def _bytes(path: Path) -> bytes:
    """Reads a file, no further than a contract may be long; raises ``OSError`` for what is no file.

    A pipe would be waited for, and a device never ends.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def load_subjects(project: Project, path: Path) -> tuple[Loaded, ...]:
    """Reads one contract file, once for each of its subjects; raises ``InvalidContract``."""
    one = load_one(project, path)
    return tuple(Loaded(contract=each, spec=one.spec) for each in expand(project, one.contract))


def unfit(contract: Contract, data: bytes) -> Iterator[Problem]:
    """Yields what the contract asks of shipped systems that they do not have; nothing is trained.

    A system that did not come with the harness is not asked: reading a contract runs no foreign code.
    """
    ours = {name: run for name, run in contract.runs.items() if shipped(run)}
    if not ours:
        return
    from harness.runs.identity import plain_config

    for name, run in ours.items():
        try:
            system_of(run).check(plain_config(run))
        except InputError as error:
            path = f"runs.{name}.config"
            yield Problem(file=contract.path, line=line_of(data, path), path=path, message=str(error))
    for name, declared in contract.inputs.items():
        if declared.run in ours and declared.output is not None:
            outputs = system_of(ours[declared.run]).outputs
            if declared.output not in {*outputs, *outputs.values()}:
                path = f"inputs.{name}.output"
                message = f"system {ours[declared.run].system} has no output {declared.output!r}"
                hint = did_you_mean(declared.output, outputs)
                line = line_of(data, path)
                yield Problem(file=contract.path, line=line, path=path, message=message, suggestion=hint)


def line_of(data: bytes, path: str) -> int:
    """Returns the line of a place in a contract, or of what it lies in where it is not written down."""
    node = read_nodes(data, "")
    for key in path.split("."):
        inner = node.get(key) if isinstance(node, Table) else None
        node = inner or node
    return node.line


def load_spec(project: Project, contract: Contract) -> Spec | None:
    """Reads the spec that a contract names, or returns None if it names none."""
    if contract.spec is None:
        return None
    path = spec_path(project.root, contract.spec)
    return read_spec(path.read_bytes(), project.shown(path), contract.spec)
