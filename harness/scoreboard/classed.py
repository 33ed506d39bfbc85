"""Tells, when a contract is checked, how its criteria changed since they were judged, and writes it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness import __version__
from harness.engine.demand import demand_of
from harness.engine.project import Project
from harness.evidence.ledger import append, read_ledger
from harness.evidence.memo import Memo
from harness.evidence.trail import AMEND, Trail, kept_contract
from harness.model.contract import Contract
from harness.model.problem import InvalidContract
from harness.reading.contract import read_contract
from harness.scoreboard.amended import former, told_of
from harness.scoreboard.change import Change, key_of, worst

if TYPE_CHECKING:
    from harness.scoreboard.amend import Amendment, Ask


def tell_amendments(
    project: Project, contracts: Sequence[Contract], memo: Memo, ask: Ask, now: Callable[[], str]
) -> Mapping[str, str]:
    """Appends one ledger entry that says how criteria changed since verdicts about them; returns its details.

    The contract as it was judged is read from where the ledger keeps it. Where it is not there any more the
    change counts as one that nobody can order, which voids as a loosening does.
    """
    trail = Trail(project.ledger, memo)
    known = told_of(trail)
    details: dict[str, str] = {}
    for contract in {one.name: one for one in contracts}.values():
        details |= dict(_changes(project, contract, trail, known, ask))
    if details:
        heads = read_ledger(project.ledger, memo).heads
        append(project.ledger, heads, event=AMEND, time=now(), harness=__version__, details=details)
    return details


def _changes(
    project: Project, contract: Contract, trail: Trail, known: Mapping[str, str], ask: Ask
) -> Iterator[tuple[str, str]]:
    compared: dict[str, tuple[Amendment, ...] | None] = {}
    for criterion in contract.criteria:
        name, now = f"{contract.name}/{criterion.id}", demand_of(criterion, contract)
        latest = {
            one.demand: step.digest
            for step, one in former(now, criterion, trail.judged.get((contract.name, criterion.id), ()))
        }
        for demand, digest in latest.items():
            key = key_of(name, demand, now)
            if key in known:
                continue
            if digest not in compared:
                compared[digest] = _compared(project, contract, digest, ask)
            yield key, _told(compared[digest], criterion.id)


def _compared(project: Project, contract: Contract, digest: str, ask: Ask) -> tuple[Amendment, ...] | None:
    from harness.scoreboard.amend import amendments

    data = kept_contract(project.ledger, digest) if digest else None
    if data is None:
        return None
    try:
        return amendments(read_contract(data, contract.path, project.root), contract, ask)
    except InvalidContract:
        return None


def _told(found: tuple[Amendment, ...] | None, criterion: str) -> str:
    if found is None:
        return f"{Change.CHANGED}: what it asked then is not kept"
    mine = {item.about: item.change for item in found if item.criterion == criterion}
    change, about = worst(mine)
    return f"{change}: {about}"
