"""``pytest falsifiers/``: every obligation of every contract as a test, tried live.

An obligation is discharged anew on the bytes that are here; stored evidence speaks only where a run
cannot be made on this machine. FALSIFIED, ERROR, INCONCLUSIVE and STALE fail; what waits for a device or a
scale is an expected failure with that reason; with ``--release`` it fails too. Hand-written falsifiers
name the criterion that they try, and one that does not exist is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.engine.check import Item
    from harness.engine.falsify import Trial, Trials

MARK = "falsifies(claim): a hand-written falsifier; names the CONTRACT/CRITERION that it tries"
CONFIG = "harness.toml"
OPEN: pytest.StashKey[dict[Path, Any]] = pytest.StashKey()
CLAIMS: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the plugin."""
    group = parser.getgroup("harness", "training claims")
    group.addoption("--release", action="store_true", help="what could not be tried here fails")
    group.addoption("--allow-code", action="store_true", help="run code that contracts name")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker of hand-written falsifiers."""
    config.addinivalue_line("markers", MARK)
    config.stash[OPEN] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the provers of every project that was tried."""
    for trials in config.stash.get(OPEN, {}).values():
        trials.close()


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects a project's falsifiers folder together with its contracts."""
    if path.name != "falsifiers" and _root(path) is None:
        return None
    trials = _trials(parent.config, path)
    if trials.folder != path.resolve() or not trials.is_project:
        return None
    folder: Any = Falsifiers.from_parent(parent, path=path)
    folder.trials = trials
    return folder  # type: ignore[no-any-return]


def _root(path: Path) -> Path | None:
    """Finds the project around a path; other people's test sessions import nothing of ours for it."""
    return next((folder for folder in (path, *path.parents) if (folder / CONFIG).is_file()), None)


def _trials(config: pytest.Config, path: Path) -> Trials:
    """Opens the project around a path, once; a broken ``harness.toml`` ends the session."""
    from harness.engine.falsify import Trials
    from harness.model.problem import InvalidContract

    root = _root(path) or path.parent
    opened = config.stash[OPEN]
    if root not in opened:
        try:
            opened[root] = Trials.of(root, allow_code=bool(config.getoption("--allow-code")))
        except InvalidContract as error:
            raise pytest.UsageError(_plain(str(error))) from None
    return opened[root]  # type: ignore[no-any-return]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ends the session if a hand-written falsifier names a criterion that does not exist.

    The others are chosen by ``-k`` with the criterion that they name.
    """
    found: list[str] = []
    for item in items:
        for mark in item.iter_markers("falsifies"):
            claim = mark.args[0] if len(mark.args) == 1 else None
            if claim not in _claims(config, item.path.parent):
                raise pytest.UsageError(f"{item.nodeid}: falsifies({claim!r}) names no CONTRACT/CRITERION")
            item.user_properties.append(("falsifies", claim))
            item.extra_keyword_matches.add(str(claim))
            found.append(str(claim))
    config.stash[CLAIMS] = list(dict.fromkeys(found))


def _claims(config: pytest.Config, path: Path) -> frozenset[str]:
    """Returns what the contracts around a path claim; contracts that are invalid end the session."""
    from harness.model.problem import InvalidContract

    try:
        return _trials(config, path).claims()
    except InvalidContract as error:
        raise pytest.UsageError(_plain(str(error))) from None


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Names the criteria that hand-written falsifiers try."""
    claims = config.stash.get(CLAIMS, [])
    return [f"hand-written falsifiers try {', '.join(claims)}"] if claims else []


class Falsifiers(pytest.Directory):
    """The falsifiers folder: first the contracts, then the hand-written files (pytest.Dir is final)."""

    trials: Any

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yields one collector a contract, then what the folder itself holds."""
        from harness.model.problem import InvalidContract

        try:
            paths = self.trials.paths()
        except InvalidContract as error:
            raise self.CollectError(_plain(str(error))) from None
        if not paths:
            raise self.CollectError("no contracts: nothing to falsify")
        for path in paths:
            node: Any = ContractFile.from_parent(self, path=path)
            node.trials = self.trials
            yield node
        for entry in sorted(self.path.iterdir()):
            if not self.ihook.pytest_ignore_collect(collection_path=entry, config=self.config):
                yield from self._inside(entry)

    def _inside(self, entry: Path) -> Iterator[pytest.Item | pytest.Collector]:
        if entry.is_file():
            yield from self.ihook.pytest_collect_file(file_path=entry, parent=self)
        elif entry.is_dir():
            folder = self.ihook.pytest_collect_directory(path=entry, parent=self)
            if folder is not None:
                yield folder


class ContractFile(pytest.File):
    """One contract; its children are its criteria."""

    trials: Any

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yields one collector a criterion; a contract with problems is a collection error."""
        from harness.model.problem import InvalidContract

        try:
            items = self.trials.items(self.path)
        except InvalidContract as error:
            raise self.CollectError(_plain(str(error))) from None
        by_criterion: dict[str, list[Item]] = {}
        for item in items:
            by_criterion.setdefault(f"{item.contract.name}/{item.criterion.id}", []).append(item)
        for name, members in by_criterion.items():
            node: Any = CriterionNode.from_parent(self, name=name)
            node.members, node.trials = members, self.trials
            yield node


class CriterionNode(pytest.Collector):
    """One criterion; its children are its obligations."""

    members: Any
    trials: Any

    def collect(self) -> Iterator[pytest.Item]:
        """Yields one test an obligation."""
        for item in self.members:
            name = f"{item.obligation.kind_name}-{item.obligation.digest[:8]}"
            node: Any = ObligationItem.from_parent(self, name=name)
            node.item, node.trials = item, self.trials
            yield node


class Falsified(Exception):
    """An obligation that does not stand as its severity demands."""


class ObligationItem(pytest.Item):
    """One obligation, tried live."""

    item: Any
    trials: Any

    def runtest(self) -> None:
        """Discharges the obligation and compares the outcome with what its severity demands."""
        trial: Trial = self.trials.attempt(self.item)
        if trial.stands:
            return
        if not trial.gating or (trial.excused and not self.config.getoption("--release")):
            pytest.xfail(_plain(trial.story))
        raise Falsified(_plain(trial.story))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str | Any:
        """Shows the witness and nothing of our own frames."""
        if isinstance(excinfo.value, Falsified):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Names contract, criterion and obligation."""
        item = self.item
        return (
            self.path,
            item.criterion.line - 1,
            f"{item.contract.name}/{item.criterion.id} {item.obligation.kind_name}",
        )


def _plain(text: str) -> str:
    """Takes from the text of a contract what could steer a terminal."""
    from harness.reports._out import clean_lines

    return clean_lines(text)
