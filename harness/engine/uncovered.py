"""Runs whose ``code:`` misses a file of the project that they execute, as problems of their contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.engine.load import Loaded, line_of
from harness.engine.project import Project
from harness.model.problem import InputError, Problem


def uncovered_code(project: Project, loaded: Iterable[Loaded]) -> Iterator[Problem]:
    """Yields each such run. One whose code is not here is no problem of the contract's text."""
    for one in {item.contract.path: item for item in loaded}.values():
        contract = one.contract
        for name, run in contract.runs.items():
            if run.system is not None:
                continue
            from harness.runs.covering import uncovered

            try:
                missing = uncovered(run, project.root)
            except InputError:
                continue
            if missing:
                path = f"runs.{name}"
                line = line_of((project.root / contract.path).read_bytes(), path)
                yield Problem(file=contract.path, line=line, path=path, message=missing)
