"""Which ledger entries a piece of evidence cannot travel without."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from harness.evidence.digests import bytes_digest, read_or_nothing
from harness.evidence.ledger import entry_of


def whole_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Returns every whole entry of a ledger folder by digest; damaged ones are left out."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        data = read_or_nothing(path)
        entry = entry_of(data) if bytes_digest(data) == path.stem else None
        if entry is not None:
            found[path.stem] = entry
    return found


def lineage(entries: Mapping[str, Any], paths: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the entries that a set of evidence paths needs, and every path that those entries record.

    An entry brings all its ancestors, and whatever they record brings the later entries about it too:
    otherwise evidence would arrive without the entry that vouches for it.
    """
    wanted, chosen = set(paths), set[str]()
    while True:
        todo = [d for d, entry in entries.items() if any(r[0] in wanted for r in entry["records"])]
        before = len(chosen)
        while todo:
            digest = todo.pop()
            if digest in entries and digest not in chosen:
                chosen.add(digest)
                todo += entries[digest]["parents"]
        if len(chosen) == before:
            return frozenset(chosen), frozenset(wanted)
        wanted |= {record[0] for digest in chosen for record in entries[digest]["records"]}
