"""A seal: a whole scoreboard as an in-toto Statement v1, with the digest of every file that it rests on.

One signature over the whole set, and not one for each verdict: evidence that is left out, swapped or older
than the rest then shows, which signatures of single files cannot do.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.archive import ArchiveError, check_name
from harness.evidence.digests import sha256_file
from harness.evidence.dsse import canonical_or_none
from harness.evidence.keys import SignatureError
from harness.evidence.statement import STATEMENT, EvidenceError, strict_json

SEAL = "https://claims-harness.dev/scoreboard/v1"
FOLDER = "signed"
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """A seal as read: digests by path, the ledger's heads, the folded contracts as plain JSON, and when.

    ``unknown`` names fields that this version does not know: they stay in the signed bytes and decide
    nothing.
    """

    files: Mapping[str, str]
    heads: tuple[str, ...]
    contracts: tuple[Mapping[str, Any], ...]
    signed: str
    harness: str
    unknown: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The contract files that it speaks of."""
        return tuple(str(contract["path"]) for contract in self.contracts)


def seal_statement(seal: Seal) -> dict[str, Any]:
    """Returns the statement of a seal as plain JSON values."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": seal.files[name]}} for name in sorted(seal.files)],
        "predicateType": SEAL,
        "predicate": {
            "signedOn": seal.signed,
            "harness": {"version": seal.harness},
            "ledger": {"heads": sorted(seal.heads)},
            "contracts": [dict(contract) for contract in seal.contracts],
        },
    }


def read_seal(payload: bytes) -> Seal:
    """Reads a seal's payload; raises ``SignatureError`` for anything that this project would not sign.

    Refused are bytes that are not canonical, another type or version of predicate, and names that are no
    plain path, that occur twice, or that only letters' case or Unicode forms tell apart.
    """
    try:
        told = strict_json(payload)
    except EvidenceError as error:
        raise SignatureError(f"the payload is {error}") from None
    if not isinstance(told, dict) or told.get("_type") != STATEMENT:
        raise SignatureError("the payload is not an in-toto Statement v1")
    if told.get("predicateType") != SEAL:
        raise SignatureError(f"the payload is {json.dumps(told.get('predicateType'))[:80]}, not {SEAL}")
    if canonical_or_none(told) != payload:
        raise SignatureError("the payload is not in its canonical bytes (RFC 8785)")
    try:
        return _seal(told)
    except (KeyError, TypeError, AttributeError) as error:
        raise SignatureError(f"the payload is not a complete seal: {error!r}") from None


def _seal(told: Mapping[str, Any]) -> Seal:
    predicate = told["predicate"]
    contracts = predicate["contracts"]
    heads = [_hex(head) for head in predicate["ledger"]["heads"]]
    if not isinstance(contracts, list) or not contracts:
        raise SignatureError("the payload is not a complete seal: no contracts")
    for contract in contracts:
        _word(contract["name"])
        check_path(_word(contract["path"]))
    known = {"signedOn", "harness", "ledger", "contracts"}
    frame = {"_type", "subject", "predicateType", "predicate"}
    unknown = {*(told.keys() - frame), *(predicate.keys() - known)}
    return Seal(
        files=read_subjects(told["subject"]),
        heads=tuple(heads),
        contracts=tuple(contracts),
        signed=_word(predicate["signedOn"]),
        harness=_word(predicate["harness"]["version"]),
        unknown=tuple(sorted(unknown)),
    )


def read_subjects(subjects: Any) -> dict[str, str]:
    """Reads digests by name from a statement's subjects; raises ``SignatureError``, ``KeyError`` and such."""
    files: dict[str, str] = {}
    folded: set[str] = set()
    if not isinstance(subjects, list) or not subjects:
        raise SignatureError("the payload is not a complete seal: no subject")
    for item in subjects:
        name = _word(item["name"])
        check_path(name)
        same = unicodedata.normalize("NFKC", name).casefold()
        if same in folded:
            raise SignatureError(f"the subject {name!r} occurs twice, or under two spellings")
        folded.add(same)
        files[name] = _hex(item["digest"]["sha256"])
    return files


def check_path(name: str) -> None:
    """Raises ``SignatureError`` for a name that is not a plain relative path in normal form (NFC)."""
    try:
        check_name(name)
    except ArchiveError as error:
        raise SignatureError(str(error)) from None
    if unicodedata.normalize("NFC", name) != name:
        raise SignatureError(f"{name!r} is not in Unicode's normal form")


def altered(root: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Says of every file that is not as it was signed: gone, a link, or other bytes."""
    return tuple(why for name in sorted(files) if (why := _altered(root, name, files[name])))


def _altered(root: Path, name: str, sha256: str) -> str:
    path = root
    for part in name.split("/"):
        path = path / part
        if path.is_symlink():
            return f"{name} leads through a symbolic link: its bytes are elsewhere"
    if not path.is_file():
        return f"{name} is gone"
    try:
        found = sha256_file(str(path))
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return "" if found == sha256 else f"{name} has other bytes than were signed"


def _hex(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.match(value):
        raise SignatureError(f"{value!r} is no SHA-256"[:120])
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise SignatureError(f"{value!r} is no text"[:120])
    return value
