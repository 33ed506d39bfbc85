"""Takes evidence in that was made elsewhere: everything is verified before the first byte is placed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.engine.pins import pins_digest, slug
from harness.engine.project import Project
from harness.evidence.archive import INPUTS, Archive, ArchiveError, Part
from harness.evidence.attached import FOLDER
from harness.evidence.digests import bytes_digest, sha256_file
from harness.evidence.ledger import Ledger, entry_of, fold_entries, oldest_first
from harness.evidence.lineage import whole_entries
from harness.evidence.memo import write_atomically
from harness.evidence.statement import EvidenceError, parse_statement, record_of
from harness.model.problem import InputError
from harness.model.record import Record
from harness.model.run import RunRecord
from harness.runs import record as records
from harness.runs.store import OUTPUTS, RECORD, RunStore, lives

LARGEST = 16 << 20
"""Bytes that one statement or ledger entry may have."""
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arriving:
    """What an archive brings, filled while it is verified: what to write, what is here, what conflicts."""

    evidence: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    entries: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, RunRecord] = field(default_factory=dict)
    files: dict[str, dict[str, Part]] = field(default_factory=dict)
    inputs: dict[str, Part] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def arriving(project: Project, archive: Archive) -> Arriving:
    """Verifies an archive against itself and against the project; writes nothing.

    Raises ``ArchiveError`` for parts that do not belong, statements or entries that are not whole,
    evidence that the archive's own ledger does not vouch for, and runs that no evidence names.
    """
    if archive.about.get("evidence") != project.evidence:
        raise ArchiveError(
            f"its evidence lies in {archive.about.get('evidence')!r}, not {project.evidence!r}"
        )
    found = Arriving()
    for name, part in archive.parts.items():
        _sort(project, found, name, part)
    theirs = {digest: _entry(digest, data) for digest, data in found.entries.items()}
    ours = whole_entries(project.ledger)
    merged = fold_entries({**ours, **theirs})
    _vouched(found, theirs, ours)
    _wanted(project, found)
    for identity in found.files:
        _run(found, project, identity)
    for path, data in list(found.evidence.items()):
        _settle(project, found, merged, path, data)
    for digest in ours.keys() & found.entries.keys():
        del found.entries[digest]
    return found


def _sort(project: Project, found: Arriving, name: str, part: Part) -> None:
    """Puts one part where it belongs by its name; a name of any other shape is refused."""
    pieces = name.split("/")
    if pieces[0] == "runs" and len(pieces) >= 3 and _DIGEST.match(pieces[1]):
        found.files.setdefault(pieces[1], {})["/".join(pieces[2:])] = part
        return
    if pieces[0] == INPUTS and len(pieces) > 1:
        _input(project, found, "/".join(pieces[1:]), part)
        return
    if not name.startswith(f"{project.evidence}/") or part.size > LARGEST:
        raise ArchiveError(f"{name} does not belong in an archive of evidence")
    data = part.path.read_bytes()
    if name.startswith(f"{project.evidence}/{FOLDER}/"):
        _file(project, found, name, part)
        return
    if name.startswith(f"{project.evidence}/ledger/"):
        digest = pieces[-1].removesuffix(".json")
        if name != f"{project.evidence}/ledger/{digest}.json" or digest != part.sha256:
            raise ArchiveError(f"{name} is no ledger entry: its digest is not its name")
        found.entries[digest] = data
        return
    try:
        record = record_of(data, name, part.sha256)
        expected = _path(project, parse_statement(data)["predicate"])
    except (EvidenceError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"{name} is no evidence: {error}") from None
    if name != expected:
        raise ArchiveError(f"{name} holds the evidence of {expected}")
    found.evidence[name], found.records[name] = data, record


def _input(project: Project, found: Arriving, name: str, part: Part) -> None:
    """Takes a file that evidence rests on, to where the contract looks for it and nowhere else."""
    first = name.partition("/")[0]
    own = {project.evidence, project.contracts, project.falsifiers, "harness.toml", "conftest.py"}
    if first in own or any(piece.startswith(".") for piece in name.split("/")) or name.endswith(".py"):
        raise ArchiveError(f"{name} is no file that evidence may bring")
    _file(project, found, name, part)


def _file(project: Project, found: Arriving, name: str, part: Part) -> None:
    """Takes a file that is not here; one that is keeps its bytes."""
    target = project.root / name
    if not target.parent.resolve().is_relative_to(project.root.resolve()):
        raise ArchiveError(f"{name} leads out of the project")
    if not target.exists():
        found.inputs[name] = part
    elif sha256_file(str(target)) == part.sha256:
        found.kept.append(name)
    else:
        found.conflicts.append(f"{name}: the file here has other bytes")


def _wanted(project: Project, found: Arriving) -> None:
    """Refuses files that no evidence of the archive rests on."""
    digests = {digest for record in found.records.values() for digest in record.pins.materials.values()}
    for name, part in found.inputs.items():
        if not name.startswith(f"{project.evidence}/") and part.sha256 not in digests:
            raise ArchiveError(f"no evidence rests on {name}")


def _path(project: Project, predicate: Any) -> str:
    contract, digest = predicate["contract"], predicate["obligation"]["digest"]
    place = f"{contract['name']}/{slug(contract['subject'])}/{predicate['criterion']}.{digest[:12]}.json"
    return f"{project.evidence}/{place}"


def _entry(digest: str, data: bytes) -> dict[str, Any]:
    entry = entry_of(data)
    if entry is None:
        raise ArchiveError(f"ledger entry {digest[:12]}… is not whole")
    return entry


def _vouched(found: Arriving, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Refuses a broken ancestry, and evidence that the entries of the archive do not vouch for."""
    known = theirs.keys() | ours.keys()
    for digest, entry in theirs.items():
        absent = [parent for parent in entry["parents"] if parent not in known]
        if absent:
            raise ArchiveError(f"ledger entry {digest[:12]}… names {absent[0][:12]}…, which is not there")
    ledger = fold_entries(theirs)
    for path, record in found.records.items():
        if not ledger.accepts(path, record.sha256):
            raise ArchiveError(f"{path} is not what the ledger that came with it recorded")


def _run(found: Arriving, project: Project, identity: str) -> None:
    files = found.files[identity]
    named = {pin for record in found.records.values() for pin in record.pins.identities.values()}
    if identity not in named:
        raise ArchiveError(f"no evidence names the run {identity[:12]}…")
    if RECORD not in files or files[RECORD].size > LARGEST:
        raise ArchiveError(f"run {identity[:12]}… came without its record")
    try:
        record = records.parse(files[RECORD].path.read_bytes())
    except InputError as error:
        raise ArchiveError(f"run {identity[:12]}…: {error}") from None
    came = {name: part.sha256 for name, part in files.items() if name != RECORD}
    told = {f"{OUTPUTS}/{output.file}": output.sha256 for output in record.outputs}
    if record.identity != identity or came != told:
        raise ArchiveError(f"run {identity[:12]}… is not what its record says")
    here = RunStore(project.runs).finished(identity)
    if here is None:
        found.runs[identity] = record
    elif {o.file: o.sha256 for o in here.outputs} == {o.file: o.sha256 for o in record.outputs}:
        found.kept.append(f"run {record.run} seed {record.seed}")
    else:
        found.conflicts.append(
            f"run {record.run} seed {record.seed}: the outputs here are other bytes of the same identity"
        )


def _settle(project: Project, found: Arriving, merged: Ledger, path: str, data: bytes) -> None:
    """Decides between evidence that came and evidence that is here.

    The one that the other's history has superseded gives way; where neither has, the same verdict keeps
    what is here, and another verdict is a conflict.
    """
    try:
        here = (project.root / path).read_bytes()
    except OSError:
        if not merged.accepts(path, bytes_digest(data)):
            del found.evidence[path]  # a later check of ours has superseded it, and its bytes are gone
        return
    mine, sha256 = bytes_digest(here), bytes_digest(data)
    if merged.accepts(path, sha256) and not merged.accepts(path, mine):
        return
    if mine != sha256 and merged.accepts(path, sha256) and not _same(here, data):
        found.conflicts.append(f"{path}: judged on both sides, with another verdict or on other bytes")
    found.kept.append(path)
    del found.evidence[path]


def _same(one: bytes, other: bytes) -> bool:
    """Tells whether two statements give the same verdict on the same pins."""
    try:
        told = [(parse_statement(data)["predicate"]["verdict"], _pins(data)) for data in (one, other)]
    except (EvidenceError, KeyError):
        return False
    return bool(told[0] == told[1])


def _pins(data: bytes) -> str:
    return pins_digest(record_of(data, "", "").pins)


def place(project: Project, found: Arriving) -> None:
    """Places runs, then evidence, then the ledger, parents first: what is cut short counts as absent."""
    store = RunStore(project.runs)
    for identity, record in found.runs.items():
        partial = store.partial(identity)
        for name, part in found.files[identity].items():
            if name != RECORD:
                target = partial / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(part.path, target)
        store.keep(partial, record)
    for name, part in found.inputs.items():
        target = project.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name[:40]}.partial")
        shutil.copyfile(part.path, beside)
        beside.replace(target)
    for path, data in found.evidence.items():
        target = project.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data)
    project.ledger.mkdir(parents=True, exist_ok=True)
    parents = {digest: _entry(digest, data)["parents"] for digest, data in found.entries.items()}
    for digest in oldest_first(parents):
        write_atomically(project.ledger / f"{digest}.json", found.entries[digest])


def staging(project: Project) -> Path:
    """Makes an empty folder on the project's own disk in which an archive is verified.

    Those of imports that were killed are removed.
    """
    import tempfile

    folder = project.root / ".harness"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("import-*"):
        if not lives(old):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="import-", suffix=f"-{os.getpid()}", dir=folder))
