"""Obligations that count only if they were locked before the run or the data that they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.engine.demand import data_of
from harness.evidence.entries import Entry, read_entries
from harness.evidence.locks import NEVER, Bound, unregistered
from harness.evidence.seen import bytes_mark, lines_mark, name_mark
from harness.model.contract import Obligation
from harness.model.record import Pins
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict

if TYPE_CHECKING:
    from harness.engine.check import Item
    from harness.engine.load import Loaded
    from harness.engine.project import Project
    from harness.engine.sources import Sources

REMEDY = "its outcomes must be locked before there is a result: harness lock"


def bound_of(pins: Pins, sources: Sources, obligation: Obligation) -> Bound:
    """Returns what an obligation that demands a lock rests on now."""
    return Bound(
        identities=frozenset(pins.identities.values()),
        data=frozenset(data_of(pins)),
        files=frozenset(_plain(sources, obligation)),
    )


def files_of(sources: Sources, obligation: Obligation) -> tuple[str, ...]:
    """Returns the marks by which the ledger knows the files of an obligation again, outputs of runs too."""
    left = (
        output
        for name in obligation.inputs
        for source in sources.runs(name)
        if (output := sources.output(source)) is not None
    )
    outputs = (mark for one in left for mark in (bytes_mark(one.sha256), _lines(sources, one.path)))
    return tuple(sorted({*_plain(sources, obligation), *outputs} - {""}))


def _plain(sources: Sources, obligation: Obligation) -> set[str]:
    """Returns the marks of the files of an obligation that no run left; a corpus and a library are none."""
    found: set[str] = set()
    for name in obligation.inputs:
        declared = sources.contract.inputs[name]
        if declared.run is None and declared.data is None and declared.library is None:
            for one in sources.digested(name):
                found |= {name_mark(one.name), _lines(sources, one.path)}
    return found - {""}


def _lines(sources: Sources, path: str) -> str:
    try:
        return str(sources.memo.of(path, "lines", lines_mark))
    except OSError:
        return ""


class Register:
    """The ledger as far as it tells what was locked when; read when it is first asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._entries: tuple[Entry, ...] | None = None

    def trouble(self, item: Item, sources: Sources) -> str:
        """Says why an obligation does not count as locked; empty if it was, or need not be."""
        kind = item.obligation.kind
        if kind is None or not kind.preregistered():
            return ""
        if self._entries is None:
            self._entries = read_entries(self._project.ledger)
        key = f"{item.criterion.id}/{item.obligation.digest}"
        return unregistered(
            item.contract.name, key, bound_of(item.pins, sources, item.obligation), self._entries
        )

    def waiting(self, item: Item, sources: Sources) -> str:
        """Says that an obligation was never locked, so that it is better not tried yet."""
        return REMEDY if self.trouble(item, sources) == NEVER else ""


def too_late(why: str) -> Verdict:
    """Returns INCONCLUSIVE: what was written down after the result predicts nothing."""
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.CHECKED,
        denominator=Denominator(judged=0, total=1, unit="predictions"),
        reason=Reason.NOT_LOCKED,
        detail=f"it {why}: what is written down after the result predicts nothing",
    )


def held_runs(project: Project, loaded: Iterable[Loaded]) -> dict[tuple[str, str], str]:
    """Returns the runs that must not start yet: an obligation about them wants to be locked first."""
    found: dict[tuple[str, str], str] = {}
    entries: tuple[Entry, ...] | None = None
    for one in loaded:
        contract = one.contract
        for criterion in contract.criteria:
            for item in criterion.obligations:
                if item.kind is None or not item.kind.preregistered():
                    continue
                entries = read_entries(project.ledger) if entries is None else entries
                key = f"{criterion.id}/{item.digest}"
                if unregistered(contract.name, key, Bound(), entries) == NEVER:
                    runs = (contract.inputs[name].run for name in item.inputs)
                    found |= {(contract.name, run): REMEDY for run in runs if run is not None}
    return found
