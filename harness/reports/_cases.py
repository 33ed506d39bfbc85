"""What passes, fails and is left out, one case an obligation: the same for every report that machines read.

A required criterion passes discharged, a refuted one falsified. What is UNTRIED is skipped with its
reason, and so is an advisory criterion that does not hold: it never gates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from harness.model.contract import Severity
from harness.reports._lines import shown_status
from harness.reports._out import clean
from harness.scoreboard.board import Board, ContractRow, CriterionRow, ObligationRow
from harness.scoreboard.fold import Status
from harness.scoreboard.told import Told

SHOWN = 5
"""How many witnesses a case names; the evidence has the rest."""
_TELLING = ("witness:", "why:", "missing:", "reason:")
DEMANDED = (Severity.REQUIRED, Severity.REFUTED)


class Mark(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One obligation, or what a criterion lacks beyond its obligations, in words.

    ``line`` is its line in the contract ``file``; ``demanded`` tells whether it can change an exit code.
    """

    contract: str
    criterion: str
    name: str
    rule: str
    digest: str
    file: str
    line: int
    mark: Mark
    demanded: bool
    title: str
    text: str

    @property
    def why(self) -> str:
        """The line that tells most: the first witness, or why there is no verdict."""
        lines = self.text.splitlines()
        return next((line for line in lines if line.startswith(_TELLING)), lines[-1])


def cases(board: Board, told: Told) -> Iterator[Case]:
    """Yields every case of a scoreboard, contracts and criteria in their order."""
    for contract in board.contracts:
        for row in contract.criteria:
            found = [_obligation(contract, row, item, told) for item in row.obligations]
            yield from found
            if not row.obligations or row.amended or _lacks_more(row, found):
                yield _criterion(contract, row, told)
        for anchor in contract.untried:
            yield _clause(contract, anchor, told)
        for name, why in contract.removed.items():
            yield _gone(contract.name, name, place(contract.path, told), why, Mark.FAILED)
    folder = PurePosixPath(board.contracts[0].path).parent if board.contracts else PurePosixPath("contracts")
    for mark, listed in ((Mark.FAILED, board.gone), (Mark.SKIPPED, board.let_go)):
        for name, why in listed.items():
            contract_name, _, criterion = name.partition("/")
            was = place(f"{folder}/{contract_name}.yaml", told)
            yield _gone(contract_name, criterion, was, why, mark)


def _lacks_more(row: CriterionRow, found: list[Case]) -> bool:
    """Tells whether a criterion does not stand although every one of its obligations does."""
    return not row.as_demanded and all(case.mark is Mark.PASSED for case in found)


def _obligation(contract: ContractRow, row: CriterionRow, item: ObligationRow, told: Told) -> Case:
    return Case(
        contract=contract.name,
        criterion=row.id,
        name=f"{row.id} {item.kind} {item.digest[:8]}",
        rule=item.kind,
        digest=item.digest,
        file=place(contract.path, told),
        line=item.line,
        mark=_mark(row, item.status),
        demanded=row.severity in DEMANDED,
        title=f"{contract.name}/{row.id} {item.status}",
        text=_story(row, item, told),
    )


def _mark(row: CriterionRow, status: Status) -> Mark:
    if status is Status.ERROR:
        return Mark.ERROR
    if status is Status.UNTRIED:
        return Mark.SKIPPED
    if row.severity is Severity.REFUTED:
        return Mark.PASSED if row.as_demanded else Mark.FAILED
    if status is Status.DISCHARGED:
        return Mark.PASSED
    return Mark.FAILED if row.severity is Severity.REQUIRED else Mark.SKIPPED


def _criterion(contract: ContractRow, row: CriterionRow, told: Told) -> Case:
    missing = row.missing or ("nothing tries it" if not row.obligations else "")
    demanded = row.severity in DEMANDED
    fails = bool(row.obligations) and (demanded or not row.amended)
    return Case(
        contract=contract.name,
        criterion=row.id,
        name=row.id,
        rule="criterion",
        digest="",
        file=place(contract.path, told),
        line=row.line,
        mark=Mark.FAILED if fails else Mark.SKIPPED,
        demanded=demanded,
        title=f"{contract.name}/{row.id} {'AMENDED' if row.amended else row.status}",
        text="\n".join((_head(row), *_labelled("why", row.amended), *_labelled("missing", missing))),
    )


def _clause(contract: ContractRow, anchor: str, told: Told) -> Case:
    return Case(
        contract=contract.name,
        criterion=f"clause {anchor}",
        name=f"clause {anchor}",
        rule="clause",
        digest="",
        file=place(contract.path, told),
        line=1,
        mark=Mark.SKIPPED,
        demanded=False,
        title=f"{contract.spec} clause {anchor} UNTRIED",
        text="no criterion covers it",
    )


def _gone(contract: str, criterion: str, file: str, why: str, mark: Mark) -> Case:
    """Makes a case of a criterion that is not there any more and was not discharged when it was judged."""
    return Case(
        contract=contract,
        criterion=criterion,
        name=f"{criterion} removed",
        rule="removed",
        digest="",
        file=file,
        line=1,
        mark=mark,
        demanded=mark is Mark.FAILED,
        title=f"{contract}/{criterion} REMOVED",
        text=clean(why),
    )


def place(path: str, told: Told) -> str:
    """Returns a contract's path as seen from the root of its repository."""
    return path if path.startswith("/") or not told.prefix else f"{told.prefix}/{path}"


def _head(row: CriterionRow) -> str:
    return f"{clean(row.claim)} ({row.severity}: {shown_status(row)})"


def _story(row: CriterionRow, item: ObligationRow, told: Told) -> str:
    lines = [_head(row)]
    if row.reason:
        lines += _labelled("held false because", row.reason)
    verdict = told.verdict(item)
    if verdict is None:
        return "\n".join((*lines, *_labelled("why", item.note or item.needs or "no evidence")))
    for name in ("reason", "measured", "threshold", "margin", "detail"):
        lines += _labelled(name, str(getattr(verdict, name) or ""))
    lines += _labelled("judged", str(verdict.denominator))
    for witness in verdict.witnesses[:SHOWN]:
        lines += _labelled("witness", f"{witness.where}: {witness.found}; claimed: {witness.expected}")
    more = len(verdict.witnesses) - SHOWN
    return "\n".join((*lines, *([f"and {more} more in {item.path}"] if more > 0 else ())))


def _labelled(label: str, text: str) -> list[str]:
    return [f"{label}: {clean(text)}"] if text else []
