"""A side of a comparison from a file of ``harness evidence pack``: what its evidence says by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.evidence.archive import Archive, ArchiveError, read_archive
from harness.evidence.digests import bytes_digest
from harness.evidence.ledger import entry_of, fold_entries
from harness.evidence.statement import EvidenceError, parse_statement, verdict_of
from harness.model.contract import Severity
from harness.model.problem import InputError
from harness.scoreboard.compare import Measure, Side, Standing
from harness.scoreboard.fold import Status, fold

_GZIP = b"\x1f\x8b"


def is_pack(path: Path) -> bool:
    """Tells whether a file may be packed evidence."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def packed_side(name: str) -> Side:
    """Returns what the evidence in a pack says; raises ``InputError`` for a file that is none.

    A pack has no contracts, so every criterion counts as required, and of one criterion's evidence of one
    kind that which was made under the latest contract counts. What the ledger that came along does not
    vouch for is a problem and no evidence.
    """
    with tempfile.TemporaryDirectory(prefix="harness-pack-") as folder:
        try:
            archive = read_archive(Path(name), Path(folder))
        except ArchiveError as error:
            raise InputError(f"{name}: {error}") from error
        problems: list[str] = []
        found = list(_predicates(archive, problems))
    groups: dict[tuple[str, str], list[Any]] = {}
    for one in found:
        groups.setdefault((one["contract"]["name"], one["criterion"]), []).append(one)
    standings = {key: _standing(list(_in_force(group))) for key, group in groups.items()}
    return Side(name=name, standings=standings, problems=tuple(problems))


def _predicates(archive: Archive, problems: list[str]) -> Iterator[Any]:
    place = f"{archive.about.get('evidence')}/"
    data = {name: part.path.read_bytes() for name, part in archive.parts.items() if name.startswith(place)}
    entries = {
        name.rpartition("/")[2].removesuffix(".json"): entry
        for name, raw in data.items()
        if name.startswith(f"{place}ledger/") and (entry := entry_of(raw)) is not None
    }
    ledger = fold_entries(entries)
    for name, raw in data.items():
        if name.startswith(f"{place}ledger/"):
            continue
        try:
            predicate = parse_statement(raw)["predicate"]
            verdict_of(predicate)
            shaped = isinstance(predicate["contract"]["name"], str) and isinstance(
                predicate["criterion"], str
            )
        except (EvidenceError, KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"{name} is no evidence: {error}")
            continue
        if shaped and ledger.accepts(name, bytes_digest(raw)):
            yield predicate
        else:
            problems.append(f"{name} is not what the ledger that came with it recorded")


def _in_force(group: list[Any]) -> Iterator[Any]:
    latest: dict[str, Any] = {}
    for one in sorted(group, key=lambda one: str(one["finishedOn"])):
        latest[one["obligation"]["kind"]] = one["contract"]["digest"]
    yield from (one for one in group if latest[one["obligation"]["kind"]] == one["contract"]["digest"])


def _standing(group: list[Any]) -> Standing:
    measures = []
    for one in group:
        verdict = verdict_of(one)
        measures.append(
            Measure(
                kind=str(one["obligation"]["kind"]),
                digest=str(one["obligation"]["digest"]),
                status=verdict.outcome.value,
                measured=verdict.measured,
                threshold=verdict.threshold,
                denominator=str(verdict.denominator),
            )
        )
    status = fold(Status(measure.status) for measure in measures)
    return Standing(severity=Severity.REQUIRED.value, status=status.value, measures=tuple(measures))


def as_demanded_by(side: Side, other: Side) -> Side:
    """Returns a pack's side with the severities of a side that knows them."""
    known = other.standings
    standings = {
        key: replace(one, severity=known[key].severity) if key in known else one
        for key, one in side.standings.items()
    }
    return replace(side, standings=standings)
