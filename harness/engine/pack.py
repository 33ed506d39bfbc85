"""Packs what a project knows into one file: evidence, the ledger entries it needs, and outputs of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.engine.project import Project
from harness.evidence.archive import INPUTS, Part, write_archive
from harness.evidence.attached import FOLDER, PREFIX, read_attached
from harness.evidence.digests import bytes_digest, sha256_file
from harness.evidence.ledger import Ledger, read_ledger
from harness.evidence.lineage import lineage, whole_entries
from harness.evidence.memo import Memo
from harness.evidence.statement import EvidenceError, record_of
from harness.model.problem import InputError
from harness.model.record import Record
from harness.runs.store import OUTPUTS, RECORD, RunStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What went into an archive, and what had to stay behind and why."""

    evidence: int
    entries: int
    runs: tuple[str, ...]
    size: int
    left: tuple[str, ...]


def pack(project: Project, memo: Memo, contracts: Sequence[str], file: Path, *, runs: bool) -> Packed:
    """Writes the evidence of the named contracts with its whole ledger ancestry to ``file``.

    Evidence of other contracts comes along where the same ledger entries record it. Raises ``InputError``
    if there is no evidence, or if the ledger is damaged: its ancestry could not travel whole.
    """
    ledger = read_ledger(project.ledger, memo)
    entries = whole_entries(project.ledger)
    if ledger.problems:
        raise InputError(f"the ledger is damaged: {ledger.problems[0]}")
    asked = {
        path
        for path in ledger.current
        if any(path.startswith(f"{project.evidence}/{name}/") for name in contracts)
    }
    chosen, along = lineage(entries, asked)
    left: list[str] = []
    records = list(_records(project, ledger, sorted(along), asked, left))
    if not any(record.path in asked for record in records):
        raise InputError("there is no evidence of these contracts that the ledger vouches for")
    parts = [_part(project.root / record.path, record.path) for record in records]
    parts += [
        _part(project.ledger / f"{digest}.json", f"{project.evidence}/ledger/{digest}.json")
        for digest in chosen
    ]
    made: list[str] = []
    if runs:
        wanted = [identity for r in records if r.path in asked for identity in r.pins.identities.values()]
        parts += list(_runs(RunStore(project.runs), sorted(set(wanted)), made, left))
        parts += list(_inputs(project, [record for record in records if record.path in asked], left))
    about = {"contracts": sorted(contracts), "evidence": project.evidence, "harness": __version__}
    write_archive(file, about, parts)
    return Packed(
        evidence=len(records),
        entries=len(chosen),
        runs=tuple(made),
        size=file.stat().st_size,
        left=tuple(left),
    )


def _records(
    project: Project, ledger: Ledger, paths: Sequence[str], asked: set[str], left: list[str]
) -> Iterator[Record]:
    """Yields the evidence that the ledger vouches for; what was asked for and is not whole is ``left``."""
    for path in paths:
        try:
            data = (project.root / path).read_bytes()
            record = record_of(data, path, bytes_digest(data))
        except (OSError, EvidenceError) as error:
            if path in asked:
                left.append(f"{path}: {error}")
            continue
        if ledger.accepts(path, record.sha256):
            yield record
        elif path in asked:
            left.append(f"{path}: not what the ledger recorded")


def _part(path: Path, name: str) -> Part:
    return Part(name=name, sha256=sha256_file(str(path)), size=path.stat().st_size, path=path)


def _inputs(project: Project, records: Sequence[Record], left: list[str]) -> Iterator[Part]:
    """Yields the files of the project that evidence rests on, and the manifests of attached runs."""
    named = {name: digest for record in records for name, digest in record.pins.materials.items()}
    evidence, packed = project.root / project.evidence, set()
    for name, digest in sorted(named.items()):
        shown = name
        if name.startswith(PREFIX):
            run = name.removeprefix(PREFIX).partition("/")[0]
            manifest = f"{project.evidence}/{FOLDER}/{run}.json"
            if manifest not in packed and (project.root / manifest).is_file():
                packed.add(manifest)
                yield _part(project.root / manifest, manifest)
            shown = f"{read_attached(evidence, run).folder}/{name.partition('/')[2]}"
        path = project.root / shown
        if path.suffix == ".py":
            left.append(f"input {name}: code does not travel with evidence")
            continue
        inside = path.is_file() and path.resolve().is_relative_to(project.root.resolve())
        if not inside or sha256_file(str(path)) != digest:
            left.append(f"input {name}: not a file of this project with the bytes that were judged")
        elif shown not in packed:
            packed.add(shown)
            yield _part(path, f"{INPUTS}/{path.resolve().relative_to(project.root.resolve()).as_posix()}")


def _runs(store: RunStore, wanted: Sequence[str], made: list[str], left: list[str]) -> Iterator[Part]:
    for identity in wanted:
        record = store.finished(identity)
        if record is None:
            left.append(f"run {identity[:12]}: its outputs are not here")
            continue
        if problems := store.verify(record):
            left.append(f"run {identity[:12]}: {problems[0]}")
            continue
        made.append(identity)
        folder = store.folder(identity)
        yield _part(folder / RECORD, f"runs/{identity}/{RECORD}")
        for output in record.outputs:
            yield _part(folder / OUTPUTS / output.file, f"runs/{identity}/{OUTPUTS}/{output.file}")
