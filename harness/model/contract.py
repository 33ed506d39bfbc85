"""A contract: one subject, its inputs and runs, and the criteria that must hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.model.outcome import Basis
from harness.model.values import Cell, Printed

if TYPE_CHECKING:
    from harness.model.kind import Kind


class Severity(StrEnum):
    """What a criterion's status means for the contract; the gate folds the required ones."""

    REQUIRED = "required"
    ADVISORY = "advisory"
    DISCLAIMED = "disclaimed"
    REFUTED = "refuted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Formula:
    """A shared formula of ``let:``, always called with arguments; the body is grammar text."""

    name: str
    parameters: tuple[str, ...]
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecRef:
    """Which spec, in which version, a contract answers to: written ``id@version``."""

    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """Bytes that obligations judge: a file or folder, several files, or an output of a declared run.

    Exactly one of ``file``, ``files`` (a glob), ``run``, ``data`` (a corpus that ``harness data`` builds, or
    a file of it: ``code-1x/held_out``) and ``library`` (an installed package, which binds by its version) is
    given; the first two may be URLs. ``rows`` is the dotted path of the records inside a
    JSON document; ``format`` names a log reader when sniffing will not do.
    """

    file: str | None = None
    files: str | None = None
    run: str | None = None
    output: str | None = None
    rows: str | None = None
    format: str | None = None
    library: str | None = None
    data: str | None = None

    @property
    def remote(self) -> str | None:
        """The URL that it names, or None for what is here."""
        if self.file is not None and "://" in self.file:
            return self.file
        return self.files if self.files is not None and "://" in self.files else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A training run that a contract declares: a shipped system, a Python callable, or a command.

    ``code`` and ``data`` are globs whose bytes are part of the run's identity; ``data`` may name corpora of
    ``harness data`` too, whose folders the program finds in HARNESS_DATA. ``device`` is what is
    asked for (auto, cpu, cuda); ``limit`` is wall time in seconds per seed and attempt. ``cpus`` are the
    threads of each of the ``processes``, which train one model together; ``memory`` is what one seed needs
    in MiB (0: not said) and may not exceed. ``launch`` names the launcher that it prefers. ``repeat``
    numbers trainings of one and the same run, so that a second one is made although nothing differs.
    """

    system: str | None = None
    python: str | None = None
    command: tuple[str, ...] | None = None
    code: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    config: Mapping[str, Cell] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    device: str = "auto"
    limit: int = 3600
    processes: int = 1
    cpus: int = 1
    memory: int = 0
    launch: str | None = None
    repeat: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dated:
    """Where the day of a subject stands: names of fields of a JSON document, of which one names a day."""

    input: str
    at: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """The scale a criterion asks for; evidence below it counts as PARTIAL."""

    device: str | None = None
    steps: int | None = None
    parameters: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BestOf:
    """Of how many runs, seeds or thresholds a criterion judges the best; 0 where it picks none of those."""

    runs: int = 0
    seeds: int = 0
    thresholds: int = 0

    @property
    def tries(self) -> int:
        """How many chances it had in all: each seed of each run by each threshold."""
        return max(1, self.runs) * max(1, self.seeds) * max(1, self.thresholds)

    def __str__(self) -> str:
        counts = (("runs", self.runs), ("seeds", self.seeds), ("thresholds", self.thresholds))
        return " and ".join(f"best of {count} {word}" for word, count in counts if count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Obligation:
    """One check: a kind with its parameters. ``kind`` is None for a kind this version only reserves.

    ``digest`` identifies the obligation by its canonical form with the formulas and constants that it
    names; ``inputs`` and ``runs`` are the declared names that its verdict will rest on.
    """

    kind_name: str
    kind: Kind | None
    kind_version: int
    digest: str
    inputs: tuple[str, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """An acceptance criterion: one claim and the obligations that must all hold for it.

    ``claim_digest`` pins the claim sentence, white space aside, where no clause is named. ``untried`` says
    why it has no obligation: it is UNTRIED then, whoever may have said that it holds. ``versions`` are those
    of the rules in which it is in force; none means all.
    """

    id: str
    claim: str
    claim_digest: str
    obligations: tuple[Obligation, ...]
    line: int
    clause: str | None = None
    severity: Severity = Severity.REQUIRED
    reason: str | None = None
    untried: str | None = None
    versions: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()
    scale: Scale | None = None
    best_of: BestOf | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """One YAML file about one subject, or about each that the glob ``for_each`` finds; parsed and checked.

    Of its rules ``versions`` are in force from their days on; ``dated`` says where a subject's day stands,
    and ``rules`` is the version that this subject is tried by.
    """

    name: str
    path: str
    digest: str
    version: str
    subject: str
    criteria: tuple[Criterion, ...]
    spec: SpecRef | None = None
    for_each: str | None = None
    dated: tuple[Dated, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    inputs: Mapping[str, Input] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    constants: Mapping[str, Printed] = field(default_factory=dict)
