"""What the ledger tells of amendments: who asked what when, which locks there were, how changes were told."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.evidence.digests import bytes_digest, read_or_nothing, read_regular
from harness.evidence.ledger import WITHDRAWN, entry_of, oldest_first
from harness.evidence.memo import Memo, write_atomically

AMEND = "amend"
"""The event of an entry that says how criteria were changed since they were judged."""
KEPT = "contracts"
"""The folder of the ledger that keeps contracts as they were when they were judged."""
_WORDS = ("contract", "criterion", "obligation", "outcome", "demand")
_NONE = ("ERROR", WITHDRAWN)
_TOLD = frozenset({"lock", AMEND, "runs", "recovered", "retract"})
_LAUNCHED = re.compile(
    r"finished seed (-?\d+) of ([0-9a-f]+) program ([0-9a-f]+)(?: outputs ([0-9a-f]+))?\Z", re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One verdict in the trail: what was asked and what came out; ``data`` and ``path`` if read in full."""

    contract: str
    criterion: str
    obligation: str
    outcome: str
    demand: str
    threshold: str | None
    data: frozenset[str] = frozenset()
    path: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One ledger entry; ``above`` has a bit for every entry before it in the chain, ``place`` is its own.

    ``digest`` is that of the contract that it is about. Verdicts that say the same are there once.
    """

    name: str
    place: int
    above: int
    event: str
    version: str
    digest: str
    details: Mapping[str, str]
    records: Sequence[Judged]

    def after(self, other: Step) -> bool:
        """Tells whether it came after another one, by the chain and by no clock."""
        return bool(self.above >> other.place & 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Launched:
    """One run as the ledger saw it finish: its seed, its family (all but the seed), its program, its outputs.

    What an older entry does not tell is empty.
    """

    identity: str
    seed: str = ""
    family: str = ""
    program: str = ""
    outputs: str = ""


class Trail:
    """The entries of a ledger, each after its parents; read when first asked for."""

    def __init__(self, folder: Path, memo: Memo) -> None:
        self._folder, self._memo = folder, memo
        self._whole: dict[str, dict[tuple[str, str], dict[str, list[Judged]]]] = {}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every whole entry, the oldest first."""
        try:
            names = sorted(e.name for e in os.scandir(self._folder) if e.name.endswith(".json"))
        except OSError:
            return ()
        read = {
            name[:-5]: self._memo.of(os.path.join(self._folder, name), "trail 2", _entry)
            for name in names
            if not name.startswith(".")
        }
        told = {digest: entry for digest, entry in read.items() if entry is not None}
        above: dict[str, int] = {}
        steps: list[Step] = []
        place: dict[str, int] = {}
        for digest in oldest_first({name: entry["parents"] for name, entry in told.items()}):
            mask = 0
            for parent in told[digest]["parents"]:
                if parent in place:
                    mask |= above[parent] | 1 << place[parent]
            above[digest], place[digest] = mask, len(steps)
            steps.append(_step(digest, told[digest], len(steps), mask))
        return tuple(steps)

    @cached_property
    def judged(self) -> Mapping[tuple[str, str], Sequence[tuple[Step, Judged]]]:
        """Every verdict that was one, by contract and criterion, the oldest first; without its data."""
        found: dict[tuple[str, str], list[tuple[Step, Judged]]] = {}
        for step in self.steps:
            for one in step.records:
                if one.outcome not in _NONE:
                    found.setdefault((one.contract, one.criterion), []).append((step, one))
        return found

    @cached_property
    def launched(self) -> tuple[tuple[Step, Launched], ...]:
        """Every run that was launched and finished, the oldest first; a repeated one more than once."""
        return tuple(
            (step, _launched(key[9:], text))
            for step in self.steps
            for key, text in step.details.items()
            if key.startswith("launched ")
        )

    def full(self, contract: str, criterion: str, folder: str | None = None) -> list[tuple[Step, Judged]]:
        """Reads every verdict of one criterion with its data: asked only where something was changed.

        ``folder`` is that of one subject's evidence; each entry is read once, however many ask.
        """
        steps = {step.place: step for step, _ in self.judged.get((contract, criterion), ())}
        found = []
        for step in steps.values():
            if step.name not in self._whole:
                data = (self._folder / f"{step.name}.json").read_bytes()
                self._whole[step.name] = _by_folder(json.loads(data))
            by_folder = self._whole[step.name].get((contract, criterion), {})
            chosen = by_folder.values() if folder is None else (by_folder.get(folder, ()),)
            found += [(step, one) for group in chosen for one in group]
        return found


def _by_folder(told: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, list[Judged]]]:
    found: dict[tuple[str, str], dict[str, list[Judged]]] = {}
    for record in told["records"]:
        if record.get("outcome") not in _NONE:
            one = _judged(_short(record), record.get("data"), record["path"])
            group = found.setdefault((one.contract, one.criterion), {})
            group.setdefault(os.path.basename(os.path.dirname(one.path)), []).append(one)
    return found


def _entry(path: str) -> Any:
    """Reads what a trail needs of an entry, as JSON for the memo; None if it is no whole entry."""
    data = read_or_nothing(path)
    if bytes_digest(data) != os.path.basename(path)[:-5] or entry_of(data) is None:
        return None
    told = json.loads(data)
    details = told.get("details")
    details = details if isinstance(details, dict) else {}
    return {
        "parents": told["parents"],
        "event": str(told.get("event")),
        "version": str(details.get("version", "")),
        "digest": str(details.get("digest", "")),
        "details": {str(k): str(v) for k, v in details.items()} if told.get("event") in _TOLD else {},
        "records": [list(words) for words in dict.fromkeys(_short(record) for record in told["records"])],
    }


def _launched(identity: str, text: str) -> Launched:
    match = _LAUNCHED.match(text)
    if match is None:
        return Launched(identity=identity)
    seed, family, program, outputs = match.groups()
    return Launched(identity=identity, seed=seed, family=family, program=program, outputs=outputs or "")


def _short(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(record.get(word) or "") for word in (*_WORDS, "threshold"))


def _judged(words: Sequence[str], data: Any = None, path: str = "") -> Judged:
    named = dict(zip(_WORDS, words, strict=False))
    listed = data if isinstance(data, list) else ()
    return Judged(threshold=words[-1] or None, data=frozenset(map(str, listed)), path=path, **named)


def _step(name: str, told: Mapping[str, Any], place: int, above: int) -> Step:
    return Step(
        name=name,
        place=place,
        above=above,
        event=told["event"],
        version=told["version"],
        digest=told["digest"],
        details=told["details"],
        records=tuple(map(_judged, told["records"])),
    )


def keep_contract(folder: Path, path: Path, digest: str) -> None:
    """Keeps a contract's text under its digest, so that what it asked can be told when it has changed.

    A file that is gone or is another one by now is not kept, which makes every later change one that voids.
    """
    kept = folder / KEPT / f"{digest}.yaml"
    if kept.is_file():
        return
    try:
        data = read_regular(path)
    except OSError:
        return
    if bytes_digest(data) == digest:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, data)


def kept_contract(folder: Path, digest: str) -> bytes | None:
    """Returns the text of a contract as it was judged; None where it is gone or was changed."""
    try:
        data = read_regular(folder / KEPT / f"{digest}.yaml")
    except OSError:
        return None
    return data if bytes_digest(data) == digest else None


def kept_under_other_names(folder: Path) -> list[str]:
    """Says which kept texts of contracts are not what their names say: they were changed since."""
    return [
        f"{KEPT}/{path.name} of the ledger was changed: it is not the contract that its name says"
        for path in sorted((folder / KEPT).glob("*.yaml"))
        if bytes_digest(read_or_nothing(path)) != path.stem
    ]
