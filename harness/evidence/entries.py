"""The ledger's entries in full, each with all that came before it in the chain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.digests import bytes_digest, read_or_nothing
from harness.evidence.ledger import entry_of, oldest_first


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One whole ledger entry; ``before`` holds the digests of all its ancestors."""

    digest: str
    event: str
    time: str
    details: Mapping[str, str]
    records: Sequence[Mapping[str, Any]]
    before: frozenset[str]


def read_entries(folder: Path) -> tuple[Entry, ...]:
    """Returns every whole entry of a ledger, each after its parents; damaged ones are left out."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        data = read_or_nothing(path)
        if bytes_digest(data) == path.stem and entry_of(data) is not None:
            found[path.stem] = json.loads(data)
    before: dict[str, frozenset[str]] = {}
    entries: list[Entry] = []
    for digest in oldest_first({name: entry["parents"] for name, entry in found.items()}):
        told = found[digest]
        above = [before[parent] | {parent} for parent in told["parents"] if parent in before]
        before[digest] = frozenset().union(*above)
        details = told.get("details")
        entries.append(
            Entry(
                digest=digest,
                event=str(told.get("event")),
                time=str(told.get("time")),
                details=details if isinstance(details, dict) else {},
                records=told["records"],
                before=before[digest],
            )
        )
    return tuple(entries)


def missing_heads(pinned: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Returns the heads in a pinned text, one a line, that the ledger no longer has."""
    have = {entry.digest for entry in entries}
    return tuple(line for line in pinned.split() if line not in have)
