"""``harness retract``: withdraws a verdict that was wrong, by a new entry of the ledger."""

from __future__ import annotations

import argparse

from harness import __version__
from harness.cli._setup import invalid, open_project, take_up, utc_now
from harness.cli.explain import row_of, target_of
from harness.engine.load import load_contracts
from harness.engine.pins import pins_digest
from harness.engine.project import Project, every_contract
from harness.evidence.ledger import WITHDRAWN, LedgerRecord, append, read_ledger
from harness.evidence.memo import Memo
from harness.evidence.trail import Trail
from harness.reports._out import clean, say, some
from harness.scoreboard.board import ContractRow, CriterionRow
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit
from harness.scoreboard.gone import LET_GO


def main(options: argparse.Namespace) -> int:
    """Withdraws the verdicts of one criterion; the evidence stays where it is and no longer counts.

    It stays withdrawn until contract, inputs or harness change, or ``check --all`` judges it anew. A contract
    that is not there any more is let go: the scoreboard shows what was found with the reason, and the gate no
    longer refuses because of it. Ends with 5 where there is no verdict, and with 4 without a reason.
    """
    if not options.reason.strip():
        raise invalid("a retraction needs its reason", "--reason TEXT")
    project, memo = open_project(remember=False)
    take_up(project, memo)  # what is withdrawn must not come back later
    if _departed(project, memo, options.target):
        return _let_go(project, memo, options.target, options.reason.strip())
    path, wanted = target_of(project, options.target)
    row, criterion = row_of(build(project, [path], memo).contracts, wanted)
    if criterion is None:
        last = f"a whole contract is let go once its file is gone: remove {row.path} first"
        one = next((item.id for item in row.criteria), "CRITERION")
        raise invalid(f"{row.name} is still there", f"withdraw one criterion, {row.name}/{one}; {last}")
    chosen = [item for item in row.criteria if item.id == criterion]
    if not chosen:
        raise invalid(f"{row.name} has no criterion {clean(criterion)!r}", "CONTRACT/CRITERION")
    records = _records(row, chosen[0])
    if not records:
        say("there is no verdict to withdraw")
        return Exit.NOTHING
    append(
        project.ledger,
        read_ledger(project.ledger, memo).heads,
        event="retract",
        time=utc_now(),
        harness=__version__,
        records=records,
        details={"contract": row.name, "subject": row.subject, "reason": options.reason.strip()},
    )
    say(
        f"withdrew {some(len(records), 'verdict')}; it is judged anew when contract, inputs or harness change"
    )
    return Exit.DISCHARGED


def _departed(project: Project, memo: Memo, target: str) -> bool:
    """Tells whether a target is the name of a contract that was judged and is not there any more."""
    judged = {contract for contract, _ in Trail(project.ledger, memo).judged}
    here = {one.contract.name for one in load_contracts(project, every_contract(project))}
    return target in judged - here


def _let_go(project: Project, memo: Memo, contract: str, reason: str) -> int:
    append(
        project.ledger,
        read_ledger(project.ledger, memo).heads,
        event="retract",
        time=utc_now(),
        harness=__version__,
        details={f"{LET_GO}{contract}": reason},
    )
    say(f"let {clean(contract)} go; the scoreboard shows what was found of it, with the reason")
    return Exit.DISCHARGED


def _records(row: ContractRow, criterion: CriterionRow) -> tuple[LedgerRecord, ...]:
    return tuple(
        LedgerRecord(
            path=item.path,
            sha256="",
            contract=row.name,
            criterion=criterion.id,
            obligation=item.digest,
            pins=pins_digest(item.record.pins),
            outcome=WITHDRAWN,
            threshold=None,
        )
        for item in criterion.obligations
        if item.record is not None
    )
