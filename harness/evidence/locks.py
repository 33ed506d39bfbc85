"""What a contract said before there was evidence: locks in the ledger, and what came after a verdict.

The order is that of the ledger's chain, where an entry names its parents, and never that of clocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.evidence.entries import Entry
from harness.evidence.ledger import append
from harness.evidence.seen import seen_before

LOCK = "lock"
NEVER = "was never locked"
AMENDED = "AMENDED AFTER ITS LOCK"
UNSEEN = "rests on a run that the ledger did not see start"
"""Before the run this is as it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """What an obligation that demands a lock rests on: its runs, and its data as the ledger has them.

    ``files`` are the marks of its plain files, which are no new ones for having other bytes.
    """

    identities: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What a contract asks of itself now: each ``CRITERION/OBLIGATION`` with its demands, and its runs.

    ``bound`` are those that demand a lock of themselves, whatever the policy says.
    """

    contract: str
    demands: Mapping[str, str]
    version: str = ""
    identities: frozenset[str] = frozenset()
    bound: Mapping[str, Bound] = field(default_factory=dict)


def lock(
    folder: Path, heads: tuple[str, ...], promises: Sequence[Promise], *, time: str, harness: str
) -> str:
    """Writes down what contracts promise, before there is evidence, and returns the entry's digest."""
    details = {
        f"{promise.contract}/{key}": demand for promise in promises for key, demand in promise.demands.items()
    }
    details |= {f"version {promise.contract}": promise.version for promise in promises}
    return append(folder, heads, event=LOCK, time=time, harness=harness, details=details)


def unlocked(promise: Promise, entries: Sequence[Entry]) -> str:
    """Says why a contract does not count as locked before its evidence; empty if it was.

    The first lock of the contract must come before every verdict and every launch of a run that it rests
    on, and say word for word what the contract says now: same criteria, obligations, severities. It may have
    been locked again as another version; what that changed must not have been judged before.
    """
    locks = _locks(promise.contract, entries)
    if not locks:
        return NEVER
    first = locks[0]
    for entry in entries:
        tried = any(record.get("contract") == promise.contract for record in entry.records)
        ran = any(f"launched {identity}" in entry.details for identity in promise.identities)
        if (tried or ran) and first.digest not in entry.before:
            return f"was locked after it was {'judged' if tried else 'trained for'}"
    told = _held(first, promise.contract)
    moved = _moved(promise.demands, told)
    gone = _criteria(told) - _criteria(promise.demands)
    if moved and (gone or relocked(promise, entries) is None):
        return moved
    late = _judged_before(promise, told, entries) if moved else ""
    launched = {key[9:] for entry in entries for key in entry.details if key.startswith("launched ")}
    return late or (UNSEEN if promise.identities - launched else "")


def relocked(promise: Promise, entries: Sequence[Entry]) -> Entry | None:
    """Returns the later lock that holds a contract as it is now, under another version than the first."""
    locks = _locks(promise.contract, entries)
    version = f"version {promise.contract}"
    for entry in locks[1:]:
        raised = entry.details.get(version) not in (None, locks[0].details.get(version))
        if raised and _held(entry, promise.contract) == promise.demands:
            return entry
    return None


def _judged_before(promise: Promise, told: Mapping[str, str], entries: Sequence[Entry]) -> str:
    """Says which obligation that a later lock brought had been judged when it was locked; empty if none."""
    fresh = {key: demand for key, demand in promise.demands.items() if told.get(key) != demand}
    locks = [(one.digest, _held(one, promise.contract)) for one in _locks(promise.contract, entries)]
    for entry in entries:
        for record in entry.records:
            key = f"{record.get('criterion')}/{record.get('obligation')}"
            if record.get("contract") != promise.contract or key not in fresh:
                continue
            if not any(one in entry.before and held.get(key) == fresh[key] for one, held in locks):
                return f"was locked again after {key.partition('/')[0]} was judged"
    return ""


def _locks(contract: str, entries: Sequence[Entry]) -> list[Entry]:
    prefix = f"{contract}/"
    return [e for e in entries if e.event == LOCK and any(key.startswith(prefix) for key in e.details)]


def _held(entry: Entry, contract: str) -> dict[str, str]:
    prefix = f"{contract}/"
    return {key[len(prefix) :]: v for key, v in entry.details.items() if key.startswith(prefix)}


def unregistered(contract: str, key: str, bound: Bound, entries: Sequence[Entry]) -> str:
    """Says why an obligation (``CRITERION/OBLIGATION``) was not locked before its data; empty if it was.

    Its first lock must come before every launch of its runs, before every verdict of its criterion, and
    before every verdict of anything that rests on the same data: the same bytes, or a plain file of the same
    name or of mostly the same lines.
    """
    name = f"{contract}/{key}"
    first = next((entry for entry in entries if entry.event == LOCK and name in entry.details), None)
    if first is None:
        return NEVER
    criterion = key.partition("/")[0]
    for entry in entries:
        if first.digest in entry.before or entry.digest == first.digest:
            continue
        if any(f"launched {identity}" in entry.details for identity in bound.identities):
            return "was locked after its run"
        for record in entry.records:
            if record.get("contract") == contract and record.get("criterion") == criterion:
                return "was locked after it was judged"
            if bound.data & set(record.get("data") or ()):
                return "was locked after its data were judged"
            if why := seen_before(bound.files, bound.data, record.get("files") or ()):
                return f"was locked after {why}"
    launched = {key[9:] for entry in entries for key in entry.details if key.startswith("launched ")}
    return UNSEEN if bound.identities - launched else ""


def _moved(demands: Mapping[str, str], locked: Mapping[str, str]) -> str:
    if locked == demands:
        return ""
    old, new = _criteria(locked), _criteria(demands)
    for word, names in (("removed", old - new), ("added", new - old)):
        if names:
            return f"{AMENDED}: {sorted(names)[0]} was {word}"
    moved = sorted(k.partition("/")[0] for k in locked.keys() ^ demands.keys())
    moved += sorted(k.partition("/")[0] for k, v in locked.items() if demands.get(k, v) != v)
    return f"{AMENDED}: {moved[0]} is not what was locked"


def _criteria(keys: Mapping[str, str]) -> set[str]:
    return {key.partition("/")[0] for key in keys}
