"""The append-only record of every check: entries are files named by their own digest.

Each entry names its parents, so that two branches merge without a conflict and a removed or edited
entry shows. What an entry recorded is superseded when a descendant records the same evidence path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.evidence.digests import bytes_digest, read_or_nothing, read_regular
from harness.evidence.memo import Memo, write_atomically

WITHDRAWN = "WITHDRAWN"
"""What stands for an outcome where a verdict was taken back; no bytes are accepted for it."""
_KEPT = ("path", "sha256", "pins", "outcome")


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerRecord:
    """One verdict as the ledger saw it: which bytes, under which pins and which threshold.

    ``demand`` is what its criterion asked in all, ``data`` the first digits of the digests of the files and
    runs that it rests on: by them an amendment is told, and data that were judged before. ``files`` are the
    marks by which its files are known again under other bytes or another name (``harness.evidence.seen``).
    """

    path: str
    sha256: str
    contract: str
    criterion: str
    obligation: str
    pins: str
    outcome: str
    threshold: str | None
    demand: str = ""
    data: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """Why a verdict was taken back, under which pins, and with which version of the harness."""

    reason: str
    pins: str
    harness: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The ledger as read: its heads, what is current for each evidence path, and what is wrong with it.

    ``withdrawals`` has the last one of every path from which a verdict was ever taken back.
    """

    heads: tuple[str, ...]
    current: Mapping[str, tuple[tuple[str, str, str], ...]]
    problems: tuple[str, ...]
    entries: int
    withdrawals: Mapping[str, Withdrawal] = field(default_factory=dict)

    def accepts(self, path: str, sha256: str) -> bool:
        """Tells whether exactly these bytes are what was last recorded for that path."""
        return any(known == sha256 for known, _, _ in self.current.get(path, ()))

    def withdrawn(self, path: str) -> bool:
        """Tells whether the verdict at a path was withdrawn, and none has taken its place."""
        found = self.current.get(path, ())
        return bool(found) and all(outcome == WITHDRAWN for _, _, outcome in found)

    def before(self, path: str) -> str:
        """Returns why an earlier verdict was withdrawn, of an obligation at this path or in its place."""
        if path in self.withdrawals:
            return self.withdrawals[path].reason
        place = path.rsplit(".", 2)[0]
        found = [one.reason for was, one in self.withdrawals.items() if was.rsplit(".", 2)[0] == place]
        return found[-1] if found else ""

    def contradicts(self, path: str) -> bool:
        """Tells whether two branches recorded different outcomes under the same pins for a path."""
        outcomes: dict[str, set[str]] = {}
        for _, pins, outcome in self.current.get(path, ()):
            outcomes.setdefault(pins, set()).add(outcome)
        return any(len(found) > 1 for found in outcomes.values())


def read_ledger(folder: Path, memo: Memo) -> Ledger:
    """Reads every entry of a ledger folder; damaged entries are named and count as absent."""
    entries: dict[str, Any] = {}
    problems: list[str] = []
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".json"))
    except OSError:
        names = []
    for name in names:
        if name.startswith("."):
            continue
        entry = memo.of(os.path.join(folder, name), "ledger", _entry)
        if entry is None:
            problems.append(f"ledger entry {name} was changed: it is not the entry that its name says")
        else:
            entries[name[:-5]] = entry
    return fold_entries(entries, problems)


def fold_entries(entries: Mapping[str, Any], problems: Sequence[str] = ()) -> Ledger:
    """Folds entries by digest, each with ``parents`` and ``records``, to what is current; pure."""
    parents = {digest: entry["parents"] for digest, entry in entries.items()}
    missing = [(digest, p) for digest in sorted(entries) for p in parents[digest] if p not in entries]
    gaps = (
        f"ledger entry {parent[:12]}… is missing; {digest[:12]}… names it as parent"
        for digest, parent in missing
    )
    named = {parent for listed in parents.values() for parent in listed}
    heads = tuple(sorted(digest for digest in entries if digest not in named))
    current = _current(entries, parents)
    return Ledger(
        heads=heads,
        current=_unambiguous(current) if missing else current,
        problems=(*problems, *gaps),
        entries=len(entries),
        withdrawals=_withdrawals(entries, parents),
    )


def _withdrawals(entries: Mapping[str, Any], parents: Mapping[str, list[str]]) -> dict[str, Withdrawal]:
    if not any("why" in entry for entry in entries.values()):
        return {}
    found: dict[str, Withdrawal] = {}
    for digest in oldest_first(parents):
        entry = entries[digest]
        for path, _, pins, outcome in entry["records"] if "why" in entry else ():
            if outcome == WITHDRAWN:
                reason, harness = entry["why"]
                found[path] = Withdrawal(reason=reason, pins=pins, harness=harness)
    return found


def _entry(path: str) -> Any:
    """Reads an entry as JSON that the memo can keep; None if its bytes are not an entry of that name."""
    try:
        data = read_regular(path)
    except OSError:
        return None
    return entry_of(data) if bytes_digest(data) == os.path.basename(path)[:-5] else None


def entry_of(data: bytes) -> dict[str, Any] | None:
    """Reads what folds of an entry: its parents, and path, digest, pins and outcome of its records.

    Of a retraction also why, and with which harness. None if the bytes are no entry.
    """
    try:
        value = json.loads(data)
        records = [[item[name] for name in _KEPT] for item in value["records"]]
        parents = list(value["parents"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    words = [*parents, *(word for record in records for word in record)]
    if not all(isinstance(word, str) for word in words):
        return None
    told = {"parents": parents, "records": records}
    if any(record[-1] == WITHDRAWN for record in records):
        details = value.get("details")
        reason = details.get("reason") if isinstance(details, dict) else None
        told["why"] = [str(reason or "no reason was given"), str(value.get("harness"))]
    return told


def _current(
    entries: Mapping[str, Any], parents: Mapping[str, list[str]]
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Keeps for every path the records that no descendant has superseded."""
    order = oldest_first(parents)
    place = {digest: index for index, digest in enumerate(order)}
    ancestors: list[int] = []
    alive: dict[str, list[tuple[int, tuple[str, str, str]]]] = {}
    for digest in order:
        mask = 0
        for parent in parents[digest]:
            if parent in place:
                mask |= ancestors[place[parent]] | (1 << place[parent])
        ancestors.append(mask)
        mine = place[digest]
        for path, sha256, pins, outcome in entries[digest]["records"]:
            kept = [item for item in alive.get(path, ()) if not mask >> item[0] & 1]
            kept.append((mine, (sha256, pins, outcome)))
            alive[path] = kept
    return {path: tuple(found for _, found in kept) for path, kept in alive.items()}


def _unambiguous(
    current: Mapping[str, tuple[tuple[str, str, str], ...]],
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Drops what several entries recorded: with a gap in the ledger nobody can tell which is the later."""
    return {path: found if len(set(found)) == 1 else () for path, found in current.items()}


def oldest_first(parents: Mapping[str, list[str]]) -> list[str]:
    """Returns the entries in an order in which each comes after its parents."""
    order: list[str] = []
    done: set[str] = set()
    for start in sorted(parents):
        stack = [(start, False)]
        while stack:
            digest, ready = stack.pop()
            if digest in done:
                continue
            if ready:
                done.add(digest)
                order.append(digest)
                continue
            stack.append((digest, True))
            stack.extend((p, False) for p in parents[digest] if p in parents and p not in done)
    return order


def history(folder: Path, contract: str) -> list[dict[str, Any]]:
    """Returns every record of a contract's checks with its time, oldest first; damaged entries left out."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        data = read_or_nothing(path)
        if bytes_digest(data) != path.stem:
            continue
        entry = json.loads(data)
        found += [
            {**record, "time": entry["time"]}
            for record in entry.get("records", ())
            if record["contract"] == contract
        ]
    return sorted(found, key=lambda record: str(record["time"]))


def append(
    folder: Path,
    heads: tuple[str, ...],
    *,
    event: str,
    time: str,
    harness: str,
    records: tuple[LedgerRecord, ...] = (),
    details: Mapping[str, str] | None = None,
) -> str:
    """Writes one entry after the given heads and returns its digest."""
    value = {
        "parents": sorted(heads),
        "event": event,
        "time": time,
        "harness": harness,
        "details": dict(details or {}),
        "records": [
            {name: getattr(item, name) for name in LedgerRecord.__slots__}
            | {"data": list(item.data), "files": list(item.files)}
            for item in records
        ],
    }
    from harness.evidence.statement import canonical

    data = canonical(value)
    digest = bytes_digest(data)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{digest}.json", data)
    return digest
