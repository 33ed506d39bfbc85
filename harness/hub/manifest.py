"""The manifest of a release: every file that was sent, the card too, signed, so that none can be slipped in.

The sealed scoreboard speaks of evidence; what else is loaded with a model (configuration, tokenizer, the
names of files) only this signature covers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.evidence.digests import read_regular
from harness.evidence.dsse import canonical_or_none, open_envelope, sign
from harness.evidence.keys import PublicKey, SignatureError
from harness.evidence.seal import altered, check_path, read_subjects
from harness.evidence.statement import STATEMENT, EvidenceError, canonical, strict_json
from harness.hub.release import CLAIMS, File

MANIFEST = f"{CLAIMS}/release.dsse.json"
RELEASE = "https://claims-harness.dev/release/v1"
_BESIDE = (".git", ".gitattributes", ".cache/huggingface")
"""What a Hub or its client lays beside a release: allowed, and said to be covered by nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What came of holding a folder against its manifest; ``beside`` names what is there uncovered."""

    problems: tuple[str, ...]
    beside: tuple[str, ...] = ()


def sealed_release(
    files: Mapping[str, File], texts: Mapping[str, bytes], private: Path, repo: str, now: str
) -> tuple[bytes, PublicKey]:
    """Returns the signed manifest of all that is sent, and the key; raises ``SignatureError``."""
    digests = {name: file.sha256 for name, file in files.items()}
    digests |= {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    for name in digests:
        check_path(name)
    told = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)],
        "predicateType": RELEASE,
        "predicate": {"repository": repo, "signedOn": now, "harness": {"version": __version__}},
    }
    return sign(canonical(told), private)


def hold(folder: Path, keys: Sequence[PublicKey]) -> Held:
    """Holds every file of a downloaded release against the manifest that one of the keys signed."""
    try:
        opened = open_envelope(read_regular(folder / MANIFEST), keys)
        files = _read(opened.payload)
    except OSError as error:
        return Held(problems=(f"{MANIFEST}, the signed list of all files, cannot be read: {error.strerror}",))
    except SignatureError as error:
        return Held(problems=(f"{MANIFEST}: {error}",))
    there, beside = _there(folder)
    extra = sorted(there - files.keys() - {MANIFEST})
    problems = [f"{name} was not signed: it is not of this release" for name in extra]
    return Held(problems=(*altered(folder, files), *problems), beside=tuple(sorted(beside)))


def _read(payload: bytes) -> dict[str, str]:
    try:
        told = strict_json(payload)
    except EvidenceError as error:
        raise SignatureError(f"the payload is {error}") from None
    if not isinstance(told, dict) or canonical_or_none(told) != payload:
        raise SignatureError("the payload is not in its canonical bytes (RFC 8785)")
    if (told.get("_type"), told.get("predicateType")) != (STATEMENT, RELEASE):
        raise SignatureError("the payload is no manifest of a release")
    try:
        return read_subjects(told["subject"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SignatureError(f"the payload is no complete manifest: {error!r}") from None


def _there(folder: Path) -> tuple[set[str], set[str]]:
    """Returns the names of all in a folder that is no folder, links and pipes too; and what is beside."""
    found, beside = set[str](), set[str]()
    for name in _names(folder, ""):
        part = next((one for one in _BESIDE if name == one or name.startswith(f"{one}/")), "")
        beside |= {part} if part else set()
        found |= set() if part else {name}
    return found, beside


def _names(folder: Path, above: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{above}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _names(folder / entry.name, f"{name}/")
            else:
                yield name
