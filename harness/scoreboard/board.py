"""The scoreboard: every criterion of every contract with its status and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.engine.demand import shortfall
from harness.model.contract import Criterion, Severity
from harness.model.record import Record
from harness.scoreboard.amended import Amended
from harness.scoreboard.fold import Status, fold

DEMANDED = (Severity.REQUIRED, Severity.REFUTED)
"""The severities of criteria that must stand where no policy says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObligationRow:
    """One obligation on the scoreboard; ``record`` is its evidence if that counts, ``note`` why not.

    ``path`` is where its evidence lies or would lie, ``line`` its own in the contract. ``seen`` is when
    its remote inputs were last looked at, empty where it has none.
    """

    kind: str
    digest: str
    path: str
    line: int
    status: Status
    record: Record | None = None
    note: str = ""
    needs: str = ""
    identity_only: bool = False
    seen: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionRow:
    """One criterion on the scoreboard; ``line`` is its line in the contract.

    ``amended`` says what was found before it was made to ask less, until it is discharged again, and
    ``lowered`` that it had to stand then and need not now;
    ``waived`` who answers for it, until when and why; ``picked`` of how many it is the best;
    ``retried`` on how many data it was judged where others spoke against it and it does not say so.
    """

    id: str
    claim: str
    line: int
    clause: str | None
    severity: Severity
    reason: str | None
    status: Status
    missing: str
    obligations: tuple[ObligationRow, ...]
    amended: str = ""
    lowered: bool = False
    waived: str = ""
    picked: str = ""
    retried: str = ""

    @property
    def as_demanded(self) -> bool:
        """Whether it stands as its severity demands: required DISCHARGED, refuted FALSIFIED."""
        if self.severity is Severity.REQUIRED:
            return self.status is Status.DISCHARGED
        return self.severity is not Severity.REFUTED or self.status is Status.FALSIFIED

    @property
    def bases(self) -> tuple[str, ...]:
        """What its settled obligations rest on, each basis once."""
        return tuple(sorted({record.basis for record in self._settled}))

    @property
    def engines(self) -> int | None:
        """The least number of provers behind any of its settled closed claims; None where there is none."""
        return min((r.engines for r in self._settled if r.engines is not None), default=None)

    @property
    def mutation(self) -> tuple[int, int] | None:
        """How many planted changes its settled obligations noticed, of how many; None if none was tried."""
        scores = [record.mutation for record in self._settled if record.mutation]
        return (sum(score[0] for score in scores), sum(score[1] for score in scores)) if scores else None

    @property
    def _settled(self) -> tuple[Record, ...]:
        return tuple(row.record for row in self.obligations if row.record and row.record.reason is None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractRow:
    """One contract on the scoreboard; ``untried`` are clauses of its spec that no criterion covers.

    ``removed`` says of each criterion that is gone what the last verdict against it was.
    ``rules`` is the version of its rules that is in force for it, empty where there are none.
    """

    name: str
    path: str
    subject: str
    spec: str | None
    status: Status
    criteria: tuple[CriterionRow, ...]
    untried: tuple[str, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""

    def count(self, severity: Severity, *statuses: Status) -> int:
        """Counts its criteria of a severity, of the given statuses or of all."""
        return sum(
            row.severity is severity and (not statuses or row.status in statuses) for row in self.criteria
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The whole scoreboard with what is wrong with the evidence it was made from.

    ``gone`` says of each CONTRACT/CRITERION whose contract is not there any more what the last verdict
    against it was, ``let_go`` of those for whose going somebody gave a reason.
    """

    contracts: tuple[ContractRow, ...]
    problems: tuple[str, ...] = ()
    totals: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    let_go: Mapping[str, str] = field(default_factory=dict)


def criterion_row(
    criterion: Criterion,
    rows: tuple[ObligationRow, ...],
    lacking: str = "",
    doubt: str = "",
    amended: Amended | None = None,
    waived: str = "",
    retried: str = "",
) -> CriterionRow:
    """Folds the obligations of one criterion at the basis and scale that it asks for.

    ``lacking`` are kinds that its clause requires and nobody brings; ``doubt`` is a selection that it does
    not declare, which leaves it inconclusive.
    """
    lacking = lacking or criterion.untried or ""
    judged = tuple(row.status for row in _at_demand(criterion, rows))
    beyond = (Status.UNTRIED,) * bool(lacking) + (Status.INCONCLUSIVE,) * bool(doubt)
    status = fold((*judged, *beyond))
    return CriterionRow(
        id=criterion.id,
        claim=criterion.claim,
        line=criterion.line,
        clause=criterion.clause,
        severity=criterion.severity,
        reason=criterion.reason,
        status=status,
        missing=_missing(rows, criterion, "; ".join(filter(None, (doubt, lacking)))),
        obligations=rows,
        amended=amended.text if amended else "",
        lowered=amended is not None and amended.bound and criterion.severity not in DEMANDED,
        waived=waived,
        picked="; ".join(filter(None, (str(criterion.best_of or ""), retried))),
        retried=retried,
    )


def _at_demand(criterion: Criterion, rows: tuple[ObligationRow, ...]) -> list[ObligationRow]:
    return [
        replace(row, status=Status.PARTIAL)
        if row.status is Status.DISCHARGED and _short(criterion, row)
        else row
        for row in rows
    ]


def _short(criterion: Criterion, row: ObligationRow) -> str:
    record = row.record
    if record is None or not (criterion.basis or criterion.scale):
        return ""
    return shortfall(criterion, record.basis, record.devices, record.steps, record.parameters)


def _missing(rows: tuple[ObligationRow, ...], criterion: Criterion, lacking: str) -> str:
    done = sum(row.status is Status.DISCHARGED for row in rows)
    notes = dict.fromkeys(
        f"needs {gap}" for row in rows if row.status is Status.DISCHARGED and (gap := _short(criterion, row))
    )
    notes |= dict.fromkeys(
        row.note or row.needs
        for row in rows
        if row.status not in (Status.DISCHARGED, Status.FALSIFIED) and (row.note or row.needs)
    )
    if lacking:
        notes[lacking] = None
    if not notes and done == len(rows):
        return ""
    head = f"{done} of {len(rows)}" if len(rows) > 1 else ""
    return "; ".join(part for part in (head, *notes) if part)


def contract_status(rows: tuple[CriterionRow, ...]) -> Status:
    """Folds the required criteria of a contract."""
    return fold(row.status for row in rows if row.severity is Severity.REQUIRED)


def totals(contracts: tuple[ContractRow, ...]) -> dict[str, int]:
    """Counts required criteria by status, and the known falsehoods found and not found."""
    rows = [row for contract in contracts for row in contract.criteria]
    counted = {
        status.value: sum(row.severity is Severity.REQUIRED and row.status is status for row in rows)
        for status in Status
    }
    refuted = [row for row in rows if row.severity is Severity.REFUTED]
    found = sum(row.status is Status.FALSIFIED for row in refuted)
    return counted | {
        "required": sum(row.severity is Severity.REQUIRED for row in rows),
        "refuted_found": found,
        "refuted_not_found": len(refuted) - found,
        "advisory": sum(row.severity is Severity.ADVISORY for row in rows),
        "disclaimed": sum(row.severity is Severity.DISCLAIMED for row in rows),
        "obligations": sum(len(row.obligations) for row in rows),
        "contracts": len(contracts),
        "amended": sum(bool(row.amended) for row in rows) + sum(len(one.removed) for one in contracts),
    }
