"""Builds the scoreboard from what is on disk: contracts, specs, evidence, ledger, inputs and runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engine.for_each import expand
from harness.engine.pins import compare, current_pins, evidence_path
from harness.engine.project import Project, same_names
from harness.engine.sources import Sources
from harness.evidence.digests import bytes_digest, read_regular
from harness.evidence.ledger import Ledger, read_ledger
from harness.evidence.memo import Memo
from harness.evidence.trail import Trail
from harness.model.contract import Contract, Criterion, Obligation, SpecRef
from harness.model.problem import InvalidContract, Problem
from harness.model.record import Pins, Record
from harness.model.spec import Clause, Spec
from harness.scoreboard.amended import Amended, amended, removed
from harness.scoreboard.board import (
    Board,
    ContractRow,
    CriterionRow,
    ObligationRow,
    contract_status,
    criterion_row,
    totals,
)
from harness.scoreboard.coverage import covered_by, lacking, untried
from harness.scoreboard.fold import Status
from harness.scoreboard.gone import departed
from harness.scoreboard.lastseen import LastSeen, unreachable
from harness.scoreboard.picked import retried, undeclared
from harness.scoreboard.thin import thick, thin
from harness.scoreboard.waived import waivers

if TYPE_CHECKING:
    from harness.remote.looks import Remotes


def build(
    project: Project,
    paths: Iterable[Path],
    memo: Memo,
    *,
    past: bool = False,
    remotes: Remotes | None = None,
    now: str = "",
) -> Board:
    """Folds the given contract files with their evidence; raises ``InvalidContract`` for broken ones.

    Clauses that no criterion of these contracts covers are listed with each contract that names the spec.
    ``past`` is for an older revision laid out somewhere: its runs are taken at their recorded identity,
    because the code that made them is not the code that is installed now. Remote inputs are looked at
    through ``remotes``; without them the newest word on them counts: the evidence, or a later look.
    ``now`` (RFC 3339 UTC) tells waivers that are over.
    """
    paths = tuple(paths)
    contracts = _contracts(project, paths, memo)
    ledger = read_ledger(project.ledger, memo)
    builder = _Builder(project, memo, ledger, past=past, remotes=remotes)
    builder.waived = waivers(project, memo, now)
    specs = {contract.spec: builder.spec(contract.spec) for contract in contracts if contract.spec}
    coverage = covered_by(contracts)
    rows = tuple(builder.contract(contract, specs, coverage) for contract in contracts)
    problems = (*ledger.problems, *builder.problems)
    gone, let_go = departed(project, paths, {one.name for one in contracts}, builder.trail)
    counts = totals(rows)
    counts["amended"] += len(gone)
    return Board(contracts=rows, problems=problems, totals=counts, gone=gone, let_go=let_go)


def _contracts(project: Project, paths: Iterable[Path], memo: Memo) -> list[Contract]:
    contracts: list[Contract] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            told = memo.of(os.fspath(path), "contract", lambda p: _thin(project, p))
        except InvalidContract as error:
            problems.extend(error.problems)
            continue
        contracts += expand(project, thick(told))
    problems += list(same_names((item.name, item.path) for item in contracts))
    if problems:
        raise InvalidContract(problems)
    return contracts


def _thin(project: Project, path: str) -> dict[str, Any]:
    from harness.engine.load import load_one

    return thin(load_one(project, Path(path)).contract)


class _Builder:
    def __init__(
        self, project: Project, memo: Memo, ledger: Ledger, *, past: bool, remotes: Remotes | None
    ) -> None:
        self.project, self.memo, self.ledger, self.past = project, memo, ledger, past
        self.remotes, self.sights = remotes, LastSeen(project.root, live=not past and remotes is None)
        self.root = os.fspath(project.root)
        self.problems: list[str] = []
        self.folders: dict[str, list[str]] = {}
        self.trail = Trail(project.ledger, memo)
        self.waived: Mapping[str, str] = {}
        self.changes: dict[str, tuple[dict[str, Amended], dict[str, str]]] = {}

    def spec(self, reference: SpecRef) -> Spec:
        """Reads a spec's clauses through the memo; raises ``InvalidContract``."""
        path = os.path.join(self.project.root, "specs", reference.id, f"{reference.version}.md")
        try:
            told = self.memo.of(path, "spec", lambda p: _clauses(Path(p), reference))
        except OSError:
            message = f"there is no spec {reference}"
            raise InvalidContract([Problem(file=path, line=1, path="", message=message)]) from None
        clauses = {anchor: Clause(**_tuples(item)) for anchor, item in told.items()}
        return Spec(id=reference.id, version=reference.version, path=path, clauses=clauses)

    def contract(
        self,
        contract: Contract,
        specs: Mapping[SpecRef, Spec],
        coverage: Mapping[tuple[SpecRef, str], set[str]],
    ) -> ContractRow:
        spec = specs[contract.spec] if contract.spec else None
        sources = Sources(self.project, contract, self.memo, remotes=self.remotes)
        if contract.name not in self.changes:  # the subjects of one contract were changed together
            self.changes[contract.name] = amended(contract, self.trail), removed(contract, self.trail)
        changed, gone = self.changes[contract.name]
        rows: list[CriterionRow] = []
        for criterion in contract.criteria:
            parts = tuple(self.obligation(sources, criterion, item, spec) for item in criterion.obligations)
            rows.append(
                criterion_row(
                    criterion,
                    parts,
                    lacking=lacking(contract, criterion, spec, coverage),
                    doubt=undeclared(contract, criterion, parts, self.trail),
                    amended=changed.get(criterion.id),
                    waived=self.waived.get(f"{contract.name}/{criterion.id}", ""),
                    retried=retried(contract, criterion, self.trail),
                )
            )
        return ContractRow(
            name=contract.name,
            path=contract.path,
            subject=contract.subject,
            spec=str(contract.spec) if contract.spec else None,
            status=contract_status(tuple(rows)),
            criteria=tuple(rows),
            untried=untried(contract, spec, coverage),
            removed=gone,
            rules=contract.rules,
        )

    def obligation(
        self, sources: Sources, criterion: Criterion, item: Obligation, spec: Spec | None
    ) -> ObligationRow:
        path = evidence_path(self.project, sources.contract, criterion, item.digest)
        record, note = self.record(path)
        status, identity_only = Status.UNTRIED, False
        if record is None:
            note = note or self.former(path, sources.contract, criterion)
            status = Status.STALE if note else Status.UNTRIED
        elif self.ledger.contradicts(path):
            status, note, record = Status.ERROR, "two branches recorded different verdicts", None
        else:
            status, note, identity_only = self.standing(record, sources, criterion, item, spec)
            if before := self.ledger.before(path):
                note = "; ".join(part for part in (note, f"withdrawn before, because: {before}") if part)
        if status is Status.UNTRIED and not note:
            note = _untried_note(item)
        counts = status not in (Status.STALE, Status.UNTRIED)
        return ObligationRow(
            kind=item.kind_name,
            digest=item.digest,
            path=path,
            line=item.line,
            status=status,
            record=record if counts else None,
            note=note,
            needs=_needs(sources.contract, item),
            identity_only=counts and identity_only,
            seen=self.sights.when(sources.contract, item, record) if counts and record else "",
        )

    def standing(
        self, record: Record, sources: Sources, criterion: Criterion, item: Obligation, spec: Spec | None
    ) -> tuple[Status, str, bool]:
        """Returns the status that evidence gives now, a note, and whether only run identities bind it."""
        now = current_pins(sources, criterion, item, spec)
        if self.remotes is None:
            now = self.sights.taken(sources.contract, item, record, now)
        if self.past:
            now = replace(now, identities=record.pins.identities, outputs={})
        freshness = compare(record.pins, now)
        if not freshness.fresh:
            changes = ", ".join(freshness.changes or ("a run's outputs",))
            hindered = unreachable(sources, item)
            return Status.STALE, hindered or f"changed: {changes}", False
        note = record.detail if record.reason else ""
        if record.reason:
            note = f"{record.reason}: {note}" if note else record.reason
        return Status(record.outcome), note, freshness.identity_only

    def record(self, path: str) -> tuple[Record | None, str]:
        """Returns the evidence at a path if the ledger vouches for its bytes, else why it does not count."""
        try:
            told = self.memo.of(f"{self.root}/{path}", "evidence", _evidence)
        except OSError:
            lost = path in self.ledger.current
            return None, self.name_problem(f"{path} is gone, though the ledger recorded it") if lost else ""
        if "error" in told:
            return None, self.name_problem(f"{path}: {told['error']}")
        if self.ledger.withdrawn(path):
            return None, f"its verdict was withdrawn: {self.ledger.before(path)}"
        if not self.ledger.accepts(path, told["sha256"]):
            altered = f"{path} is not what the ledger recorded: it counts as absent"
            return None, self.name_problem(f"{altered} until `harness check` judges anew")
        return _record(path, told), ""

    def name_problem(self, problem: str) -> str:
        """Keeps a problem of the evidence for the foot of the scoreboard and returns it as a note."""
        self.problems.append(problem)
        return "evidence absent or altered"

    def former(self, path: str, contract: Contract, criterion: Criterion) -> str:
        """Says whether the criterion has evidence of an obligation that it no longer has."""
        folder = os.path.dirname(path)
        if folder not in self.folders:
            try:
                self.folders[folder] = os.listdir(os.path.join(self.project.root, folder))
            except OSError:
                self.folders[folder] = []
        present = {
            os.path.basename(evidence_path(self.project, contract, criterion, item.digest))
            for item in criterion.obligations
        }
        dots = os.path.basename(path).count(".")
        old = any(
            name not in present and name.startswith(f"{criterion.id}.") and name.count(".") == dots
            for name in self.folders[folder]
        )
        return "the obligation changed after evidence" if old else ""


def _evidence(path: str) -> dict[str, Any]:
    from harness.evidence.statement import EvidenceError, record_of

    data = read_regular(path)
    sha256 = bytes_digest(data)
    try:
        record = record_of(data, "", sha256)
    except EvidenceError as error:
        return {"error": str(error)}
    return record.told()


def _record(path: str, told: Mapping[str, Any]) -> Record:
    return Record(
        path=path,
        sha256=told["sha256"],
        outcome=told["outcome"],
        basis=told["basis"],
        reason=told["reason"],
        detail=told["detail"],
        denominator=told["denominator"],
        pins=Pins(**told["pins"]),
        devices=tuple(told["devices"]),
        steps=told["steps"],
        parameters=told["parameters"],
        engines=told["engines"],
        mutation=tuple(told["mutation"]) if told["mutation"] else None,
        finished=told["finished"],
        plugins=tuple(told["plugins"]),
    )


def _clauses(path: Path, reference: SpecRef) -> dict[str, Any]:
    from harness.reading.spec import read_spec

    spec = read_spec(path.read_bytes(), path.name, reference)
    return {
        anchor: {name: getattr(clause, name) for name in Clause.__slots__}
        for anchor, clause in spec.clauses.items()
    }


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}


def _untried_note(item: Obligation) -> str:
    return f"kind {item.kind_name} is not in this version" if item.kind_version == 0 else ""


def _needs(contract: Contract, item: Obligation) -> str:
    """Names what trying this obligation takes: runs, with device and steps where they are declared."""
    needed = []
    for name in item.inputs:
        run = contract.inputs[name].run
        if run is not None:
            declared = contract.runs[run]
            device = f" on {declared.device}" if declared.device != "auto" else ""
            needed.append(f"run {run}{device}")
    return ", ".join(dict.fromkeys(needed))
