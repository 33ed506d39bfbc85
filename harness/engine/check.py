"""Discharges what is not fresh and writes the evidence, one file per obligation, then the ledger."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness import __version__
from harness.engine.context import DischargeContext, Provers
from harness.engine.demand import data_of, demand_of
from harness.engine.discharge import discharge
from harness.engine.libraries import library_versions
from harness.engine.load import Loaded
from harness.engine.pins import compare, current_pins, evidence_path, pins_digest
from harness.engine.project import Project
from harness.engine.registered import Register, files_of, too_late
from harness.engine.running import Made
from harness.engine.sources import FileSubject, RunSource, Sources
from harness.evidence.digests import bytes_digest, read_regular
from harness.evidence.ledger import Ledger, LedgerRecord, append, read_ledger
from harness.evidence.memo import Memo, write_atomically
from harness.evidence.pending import Pending
from harness.evidence.statement import EvidenceError, canonical, record_in, record_of, statement
from harness.evidence.trail import keep_contract
from harness.model.contract import Contract, Criterion, Obligation, Severity
from harness.model.evidence import Evidence, Material, RunPin
from harness.model.kind import Kind
from harness.model.problem import InputError
from harness.model.record import Pins, Record
from harness.model.verdict import Basis, Outcome, Reason, Verdict
from harness.registry import plugins
from harness.remote.looks import Remotes, Show, quiet
from harness.remote.sightings import sightings_path
from harness.runs.bench import Bench


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One obligation in its place: contract, criterion, pins as they are now, where evidence goes."""

    loaded: Loaded
    criterion: Criterion
    obligation: Obligation
    path: str
    pins: Pins

    @property
    def contract(self) -> Contract:
        """The contract that the obligation belongs to."""
        return self.loaded.contract


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a check did with one obligation: a new verdict, or none because its evidence is fresh."""

    item: Item
    verdict: Verdict | None
    waiting: str = ""
    record: Record | None = None


class Checker:
    """Checks contracts of one project. ``now`` gives RFC 3339 UTC text; ``provers`` answer closed claims.

    ``remotes`` looks at remote inputs, once for all contracts; ``allow_code`` lets contracts that the project
    does not trust run code of their own too.
    """

    def __init__(
        self,
        project: Project,
        memo: Memo,
        provers: Provers,
        now: Callable[[], str],
        remotes: Remotes | None = None,
        *,
        allow_code: bool = False,
    ) -> None:
        self.project, self.memo, self.provers, self.now = project, memo, provers, now
        self.remotes = remotes or look_at(project, now)
        self.allow_code = allow_code

    def sources(self, contract: Contract, failed: Mapping[str, InputError] | None = None) -> Sources:
        """Returns what the inputs of a contract stand for right now."""
        return Sources(self.project, contract, self.memo, failed or {}, self.remotes)

    def context(self, sources: Sources, bench: Bench | None = None) -> DischargeContext:
        """Returns the ports of one contract's discharges; without a bench no code runs."""
        return DischargeContext(sources, self.provers.prove, self.provers.prove_all, bench)

    def items(self, loaded: Loaded) -> Iterator[Item]:
        """Yields every obligation of a contract with its present pins."""
        sources = self.sources(loaded.contract)
        for criterion in loaded.contract.criteria:
            for obligation in criterion.obligations:
                yield Item(
                    loaded=loaded,
                    criterion=criterion,
                    obligation=obligation,
                    path=evidence_path(self.project, loaded.contract, criterion, obligation.digest),
                    pins=current_pins(sources, criterion, obligation, loaded.spec),
                )

    def fresh(self, item: Item, ledger: Ledger) -> Record | None:
        """Returns the evidence of an item if it is whole, recorded, settled and rests on nothing changed."""
        record = read_record(self.project.root, item.path, ledger)
        if record is None or record.outcome == Outcome.ERROR or record.reason == Reason.TIMED_OUT.value:
            return None
        return record if compare(record.pins, item.pins).fresh else None

    def withdrawn(self, item: Item, ledger: Ledger) -> str:
        """Says why a verdict was withdrawn, while nothing has changed that could give another one."""
        was = ledger.withdrawals.get(item.path)
        same = was is not None and was.pins == pins_digest(item.pins) and was.harness == __version__
        if was is None or not same or not ledger.withdrawn(item.path):
            return ""
        return f"withdrawn: {was.reason}; contract, inputs and harness are as they were (--all judges anew)"

    def check(
        self,
        subjects: Sequence[Loaded],
        *,
        again: bool,
        made: Made,
        only: Callable[[Kind | None], bool] = lambda _: True,
    ) -> Generator[Done, None, None]:
        """Discharges the obligations of one contract, of all its subjects, that are not fresh.

        Or all of them ``again``; ``only`` may choose by kind. Obligations that need a run which ``made``
        blocked are not tried. Every verdict is written before the next is sought, and the ledger when the
        contract is done or the check is interrupted.
        """
        ledger = read_ledger(self.project.ledger, self.memo)
        written, notes = list[LedgerRecord](), Pending(self.project.pending)
        try:
            yield from self.attempt(subjects, ledger, written, notes, again=again, made=made, only=only)
        finally:
            self.record(subjects[0].contract, ledger, written)
            notes.done()

    def attempt(
        self,
        subjects: Sequence[Loaded],
        ledger: Ledger,
        written: list[LedgerRecord],
        notes: Pending,
        *,
        again: bool,
        made: Made,
        only: Callable[[Kind | None], bool] = lambda _: True,
    ) -> Generator[Done, None, None]:
        """Discharges as ``check`` does, leaving what the ledger must be told in ``written`` and ``notes``."""
        bench, register = Bench(self.project.root), Register(self.project)
        try:
            for loaded in subjects:
                sources = self.sources(loaded.contract, made.failed)
                context = self.context(sources, bench)
                for item in self.items(loaded):
                    if not only(item.obligation.kind):
                        continue
                    kept = self.fresh(item, ledger)
                    if kept is not None and not again:
                        yield Done(item=item, verdict=None)
                        continue
                    waiting = "" if again else self.withdrawn(item, ledger)
                    waiting = waiting or waiting_for(item, made) or self.untrusted(item)
                    waiting = waiting or register.waiting(item, sources)
                    if waiting:
                        yield Done(item=item, verdict=None, waiting=waiting)
                        continue
                    late = register.trouble(item, sources)
                    judge = partial(too_late, late) if late else partial(discharge, item.obligation, context)
                    yield self._discharge(item, judge, sources, kept, written, notes)
        finally:
            bench.close()

    def record(self, contract: Contract, ledger: Ledger, written: Sequence[LedgerRecord]) -> None:
        """Tells the ledger, in one entry, which evidence of a contract was written."""
        if not written:
            return
        keep_contract(self.project.ledger, self.project.root / contract.path, contract.digest)
        append(
            self.project.ledger,
            ledger.heads,
            event="check",
            time=self.now(),
            harness=__version__,
            records=tuple(written),
            details={"contract": contract.name, "version": contract.version, "digest": contract.digest},
        )

    def untrusted(self, item: Item) -> str:
        """Says which code of its own an obligation may not run, or returns an empty string."""
        code = item.obligation.kind.foreign() if item.obligation.kind is not None else ""
        if not code or self.allow_code or self.project.trusts(item.contract.path):
            return ""
        return f"{code} is code that is not trusted: harness trust, or --allow-code, allows it"

    def _discharge(
        self,
        item: Item,
        judge: Callable[[], Verdict],
        sources: Sources,
        kept: Record | None,
        written: list[LedgerRecord],
        notes: Pending,
    ) -> Done:
        started = self.now()
        verdict = judge()
        if kept is not None and kept.outcome != verdict.outcome and verdict.outcome is not Outcome.ERROR:
            verdict = contradiction(verdict, kept)
        evidence = self._evidence(item, verdict, sources, started)
        stated = statement(evidence)
        data = canonical(stated)
        record = record_in(stated, item.path, bytes_digest(data))
        told = recorded(item, record, verdict, files_of(sources, item.obligation))
        path, whole = self.project.root / item.path, item.contract.for_each is None
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        # Of thousands of subjects each would wait for the disk; the ledger tells what did not arrive whole.
        notes.note(told, force=whole)
        write_atomically(path, data, force=whole)
        written.append(told)
        return Done(item=item, verdict=verdict, record=record)

    def _evidence(self, item: Item, verdict: Verdict, sources: Sources, started: str) -> Evidence:
        contract, obligation = item.contract, item.obligation
        materials: list[Material] = []
        runs: list[RunPin] = []
        for name in obligation.inputs:
            materials += map(_material, sources.digested(name))
            runs += [run_pin(source, sources) for source in sources.runs(name)]
        return Evidence(
            contract=contract.name,
            contract_version=contract.version,
            contract_digest=contract.digest,
            subject=contract.subject,
            criterion=item.criterion.id,
            kind=obligation.kind_name,
            kind_version=obligation.kind_version,
            obligation=obligation.digest,
            spec=contract.spec,
            clause=item.criterion.clause,
            promise=item.pins.promise,
            verdict=verdict,
            materials=tuple(materials),
            runs=tuple(runs),
            harness=__version__,
            plugins=plugins(),
            python=platform.python_version(),
            platform=f"{sys.platform}-{platform.machine()}",
            libraries=library_versions(),
            started=started,
            finished=self.now(),
        )


def _material(found: FileSubject) -> Material:
    told = {name: getattr(found, name) for name in ("name", "sha256", "size", "uri", "version")}
    return Material(**told)


def recorded(item: Item, record: Record, verdict: Verdict, files: tuple[str, ...]) -> LedgerRecord:
    """Returns what the ledger keeps of one verdict."""
    return LedgerRecord(
        path=item.path,
        sha256=record.sha256,
        contract=item.contract.name,
        criterion=item.criterion.id,
        obligation=item.obligation.digest,
        pins=pins_digest(record.pins),
        outcome=verdict.outcome.value,
        threshold=verdict.threshold,
        demand=demand_of(item.criterion, item.contract),
        data=data_of(item.pins),
        files=files,
    )


def look_at(project: Project, now: Callable[[], str], show: Show = quiet) -> Remotes:
    """Returns what looks at a project's remote inputs and writes down what it saw when."""
    return Remotes(now, sightings=sightings_path(project.root), show=show)


def waiting_for(item: Item, made: Made) -> str:
    """Says what an obligation cannot be tried without, or returns an empty string."""
    if item.obligation.kind is None:
        return f"kind {item.obligation.kind_name} is not in this version"
    needed = (item.contract.inputs[name].run for name in item.obligation.inputs)
    keys = ((item.contract.name, run) for run in needed if run is not None)
    return next((made.blocked[key] for key in keys if key in made.blocked), "")


def runs_of(item: Item) -> tuple[str, ...]:
    """Returns the names of the runs that an obligation takes its inputs from."""
    needed = (item.contract.inputs[name].run for name in item.obligation.inputs)
    return tuple(dict.fromkeys(run for run in needed if run is not None))


def run_pin(source: RunSource, sources: Sources) -> RunPin:
    """Pins one run: its identity, and what it got and left if it has finished.

    Its scale is what the configuration means: 0 for a program that is not ours, whose word proves nothing.
    """
    record, output = source.record, sources.output(source)
    steps, parameters = sources.scale(source)
    return RunPin(
        run=source.run,
        seed=source.seed,
        identity=source.identity,
        device=record.device if record else "none",
        steps=steps,
        parameters=parameters,
        wall=record.wall if record else 0.0,
        outputs={source.output: output.sha256} if output else {},
    )


def contradiction(verdict: Verdict, kept: Record) -> Verdict:
    """Returns an ERROR: the same obligation on the same bytes was given two different verdicts."""
    return replace(
        verdict,
        outcome=Outcome.ERROR,
        basis=Basis.STATED,
        reason=Reason.CONTRADICTION,
        detail=f"judged {kept.outcome} before and {verdict.outcome} now, on the same bytes",
    )


def read_record(root: Path, path: str, ledger: Ledger) -> Record | None:
    """Reads the evidence at a path; None if it is absent, damaged, or not what the ledger recorded."""
    try:
        data = read_regular(root / path)
        record = record_of(data, path, bytes_digest(data))
    except (OSError, EvidenceError):
        return None
    if not ledger.accepts(path, record.sha256) or ledger.contradicts(path):
        return None
    return record


def demanded(severity: Severity) -> bool:
    """Tells whether a criterion of this severity counts for the exit code of a check."""
    return severity in (Severity.REQUIRED, Severity.REFUTED)
