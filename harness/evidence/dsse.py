"""DSSE envelopes: bytes that somebody vouches for, and who.

The signatures are those of securesystemslib. What is read is read strictly: an envelope has one byte
form (RFC 8785), one payload type, and no signature that the given keys do not account for; the name that
an envelope gives a key is compared with the key and never believed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.keys import PublicKey, SignatureError, library, loaded, read_private
from harness.evidence.statement import EvidenceError, canonical, strict_json

PAYLOAD = "application/vnd.in-toto+json"
MOST_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The payload of an envelope whose every signature held, with the ids of the keys."""

    payload: bytes
    signers: tuple[str, ...]


def sign(payload: bytes, private: Path) -> tuple[bytes, PublicKey]:
    """Signs a payload with the private key in a file; returns the envelope's bytes and the public key.

    Raises ``SignatureError`` for a key that others may read, that is not Ed25519, or not there.
    """
    key, public = read_private(private)
    from securesystemslib.dsse import Envelope

    envelope = Envelope(payload, PAYLOAD, {})
    envelope.sign(library().CryptoSigner(key))
    return canonical(envelope.to_dict()), public


def open_envelope(data: bytes, keys: Sequence[PublicKey]) -> Opened:
    """Returns the payload of an envelope if each of its signatures is by one of the keys and holds.

    Raises ``SignatureError``: no envelope, not in its canonical bytes, another payload type, no signature,
    two by one key, a key that was not given, or a signature that does not hold.
    """
    told = _envelope(data)
    signing = library()
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnverifiedSignatureError

    payload = _base64(told["payload"])
    framed = Envelope(payload, PAYLOAD, {}).pae()
    known = {key.id: loaded(key.pem, key.name) for key in keys}
    signers: list[str] = []
    for item in told["signatures"]:
        keyid = item["keyid"]
        if keyid in signers:
            raise SignatureError(f"two signatures by key {keyid[:12]}")
        if keyid not in known:
            raise SignatureError(f"signed by key {keyid[:12]}, which was not given")
        try:
            known[keyid].verify_signature(signing.Signature(keyid, _base64(item["sig"]).hex()), framed)
        except UnverifiedSignatureError:
            raise SignatureError(f"the signature by key {keyid[:12]} does not hold") from None
        signers.append(keyid)
    return Opened(payload=payload, signers=tuple(signers))


def claimed_signers(data: bytes) -> tuple[str, ...]:
    """Returns the keys that an envelope says it is signed by, unverified; raises ``SignatureError``."""
    return tuple(item["keyid"] for item in _envelope(data)["signatures"])


def claimed_payload(data: bytes) -> bytes:
    """Returns what an envelope holds, whoever signed it, unverified; raises ``SignatureError``."""
    return _base64(_envelope(data)["payload"])


def _envelope(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise SignatureError(f"larger than {MOST_BYTES} bytes")
    try:
        told = strict_json(data)
    except EvidenceError as error:
        raise SignatureError(f"no envelope: {error}") from None
    if not isinstance(told, dict) or told.keys() != {"payload", "payloadType", "signatures"}:
        raise SignatureError("no envelope: wants exactly payload, payloadType and signatures")
    if told["payloadType"] != PAYLOAD:
        raise SignatureError(f"signs {json.dumps(told['payloadType'])[:80]}, not {PAYLOAD}")
    listed = told["signatures"]
    if not isinstance(listed, list) or not listed:
        raise SignatureError("carries no signature")
    for item in listed:
        if not isinstance(item, dict) or item.keys() != {"keyid", "sig"}:
            raise SignatureError("a signature wants exactly keyid and sig")
        if not all(isinstance(word, str) for word in item.values()):
            raise SignatureError("a signature wants text")
    if not isinstance(told["payload"], str) or canonical_or_none(told) != data:
        raise SignatureError("not in its canonical bytes (RFC 8785)")
    return told


def canonical_or_none(value: Any) -> bytes | None:
    """Returns the canonical bytes of a JSON object, or None if it has none (a number out of range)."""
    import rfc8785

    try:
        return canonical(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        return None


def _base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise SignatureError("base64 with bits left over")
    return data
