"""Tries obligations live for a test runner: no evidence is written, runs are made once and reused."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from harness.engine.check import Checker, Item, read_record, runs_of, waiting_for
from harness.engine.demand import shortfall
from harness.engine.discharge import discharge
from harness.engine.load import Loaded, load_contracts, load_subjects
from harness.engine.pins import compare
from harness.engine.project import CONFIG, Project, contract_paths, read_project
from harness.engine.running import Made, make_runs
from harness.evidence.ledger import read_ledger
from harness.evidence.memo import Memo
from harness.model.contract import Severity
from harness.model.verdict import Outcome, Verdict
from harness.remote.looks import Remotes
from harness.runs.bench import Bench
from harness.symbolic.pool import ProverPool


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How one obligation came out, and why.

    ``stands`` as its severity demands; ``excused`` if it needs what is not here (a device, a scale, a kind);
    not ``gating`` if its severity lets no test fail for it.
    """

    stands: bool
    excused: bool
    story: str
    gating: bool = True


class Trials:
    """The live trials of one project, with its provers and runs kept for the whole session."""

    def __init__(self, project: Project, *, allow_code: bool) -> None:
        self.project, self.allow_code = project, allow_code
        self.memo = Memo(None, "", time.time_ns)
        self.provers = ProverPool()
        self.bench = Bench(project.root)
        remotes = Remotes(lambda: "")
        self.checker = Checker(project, self.memo, self.provers, lambda: "", remotes, allow_code=allow_code)
        self.ledger = read_ledger(project.ledger, self.memo)
        self.made: dict[tuple[str, str], Made] = {}

    @classmethod
    def of(cls, root: Path, *, allow_code: bool) -> Trials:
        """Opens the trials of the project at ``root``; raises ``InvalidContract`` for its configuration.

        pytest ran the project's ``conftest.py`` before it asked for this: its word on its code counts.
        """
        project = read_project(root, Memo(None, "", time.time_ns))
        return cls(replace(project, entered=True), allow_code=allow_code)

    @property
    def folder(self) -> Path:
        """The folder of hand-written falsifiers."""
        return (self.project.root / self.project.falsifiers).resolve()

    @property
    def is_project(self) -> bool:
        """Whether this is a project at all: it is configured, or has a contracts folder."""
        root = self.project.root
        return (root / CONFIG).is_file() or (root / self.project.contracts).is_dir()

    def close(self) -> None:
        """Stops the provers and the code under trial."""
        self.provers.close()
        self.bench.close()

    def paths(self) -> list[Path]:
        """Returns the project's contract files; raises ``InvalidContract`` if two share a name."""
        paths = contract_paths(self.project, ())
        load_contracts(self.project, paths)
        return paths

    @cache  # noqa: B019 - one object a session
    def claims(self) -> frozenset[str]:
        """Returns every CONTRACT/CRITERION of the project; raises ``InvalidContract``."""
        contracts = [one.contract for one in load_contracts(self.project, contract_paths(self.project, ()))]
        return frozenset(f"{contract.name}/{row.id}" for contract in contracts for row in contract.criteria)

    def items(self, path: Path) -> list[Item]:
        """Returns the obligations of one contract; raises ``InvalidContract``."""
        return [item for one in load_subjects(self.project, path) for item in self.checker.items(one)]

    def attempt(self, item: Item) -> Trial:
        """Tries one obligation on what is here; stored evidence speaks only for runs that cannot be made."""
        made = self._make(item)
        waiting = waiting_for(item, made) or self.checker.untrusted(item)
        if waiting:
            return self._stored(item, waiting)
        sources = self.checker.sources(item.contract, made.failed)
        verdict = discharge(item.obligation, self.checker.context(sources, self.bench))
        stale = self._stale(item)
        if stale and verdict.outcome is Outcome.DISCHARGED:
            return Trial(stands=False, excused=False, story=f"STALE: {stale}; run `harness check`")
        found = [one for name in item.obligation.inputs for one in sources.runs(name)]
        runs = [(one.record.device, *sources.scale(one)) for one in found if one.record]
        short = shortfall(
            item.criterion,
            verdict.basis.value,
            tuple(sorted({device for device, _, _ in runs})),
            min((steps for _, steps, _ in runs), default=None),
            min((parameters for _, _, parameters in runs), default=None),
        )
        return judged(item, verdict.outcome, short, _story(item, verdict))

    def _make(self, item: Item) -> Made:
        found = Made()
        for name in runs_of(item):
            key = (item.contract.name, name)
            if key not in self.made:
                self.made[key] = self._launch(item.loaded, name)
            one = self.made[key]
            found = Made(blocked={**found.blocked, **one.blocked}, failed={**found.failed, **one.failed})
        return found

    def _launch(self, loaded: Loaded, name: str) -> Made:
        return make_runs(
            self.project,
            [(loaded, name)],
            self.memo,
            allow_code=self.allow_code,
            again=False,
            show=lambda _: None,
        )

    def _stored(self, item: Item, waiting: str) -> Trial:
        record = read_record(self.project.root, item.path, self.ledger)
        if record is None:
            gating = item.criterion.severity in (Severity.REQUIRED, Severity.REFUTED)
            return Trial(stands=False, excused=True, story=f"UNTRIED: {waiting}", gating=gating)
        freshness = compare(record.pins, item.pins)
        if not freshness.fresh:
            changes = ", ".join(freshness.changes) or "a run's outputs"
            return Trial(stands=False, excused=False, story=f"STALE: {changes}")
        story = f"{record.outcome} by stored evidence: {record.detail}"
        short = shortfall(item.criterion, record.basis, record.devices, record.steps, record.parameters)
        return judged(item, Outcome(record.outcome), short, story)

    def _stale(self, item: Item) -> str:
        """Says why stored evidence is stale, other than by outputs of a run that was made again here."""
        record = read_record(self.project.root, item.path, self.ledger)
        return ", ".join(compare(record.pins, item.pins).changes) if record is not None else ""


def judged(item: Item, outcome: Outcome, lacking: str, story: str) -> Trial:
    """Compares an outcome with what is demanded; ``lacking`` is the shortfall in basis and scale."""
    criterion = item.criterion
    if criterion.severity is Severity.REFUTED:
        stands = outcome is Outcome.FALSIFIED
        told = f"a claim held false ({criterion.reason}) was not found false\n{story}"
        return Trial(stands=stands, excused=False, story=told)
    short = lacking if outcome is Outcome.DISCHARGED else ""
    return Trial(
        stands=outcome is Outcome.DISCHARGED and not short,
        excused=bool(short),
        story=f"PARTIAL: needs {short}\n{story}" if short else story,
        gating=criterion.severity is Severity.REQUIRED or outcome is Outcome.ERROR,
    )


def _story(item: Item, verdict: Verdict) -> str:
    where = f"{item.contract.path}:{item.obligation.line}:"
    lines = [
        f"{where} {item.contract.name}/{item.criterion.id} ({item.criterion.severity}) is {verdict.outcome}",
        f"  claim: {item.criterion.claim}",
        f"  judged: {verdict.denominator}",
    ]
    for name in ("reason", "detail", "measured", "threshold"):
        value = getattr(verdict, name)
        if value:
            lines.append(f"  {name}: {value}")
    lines += [f"  witness: {w.where}: {w.found}; claimed: {w.expected}" for w in verdict.witnesses]
    return "\n".join(lines)
