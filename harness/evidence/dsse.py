"""Ed25519 keys and DSSE envelopes: bytes that somebody vouches for, and who.

The cryptography is that of securesystemslib. What is read is read strictly: an envelope has one byte
form (RFC 8785), one payload type, and no signature that the given keys do not account for; the name that
an envelope gives a key is compared with the key and never believed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.evidence.statement import EvidenceError, canonical, strict_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PAYLOAD = "application/vnd.in-toto+json"
MOST_BYTES = 64 << 20
INSTALL = "pip install 'claims-harness[hub]'"


class SignatureError(ValueError):
    """A key or an envelope that cannot be trusted, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A public key: ``id`` is computed from the key itself, ``name`` is the file it came from."""

    id: str
    name: str
    pem: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The payload of an envelope whose every signature held, with the ids of the keys."""

    payload: bytes
    signers: tuple[str, ...]


def new_key(path: Path) -> PublicKey:
    """Writes a private key that only its owner may read, and ``path`` + ``.pub`` beside it.

    Raises ``SignatureError`` where one of the two files exists already.
    """
    _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    beside = path.with_name(f"{path.name}.pub")
    if beside.exists() or path.exists():
        raise SignatureError(f"{path} or {beside.name} exists already: a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    pem = _pem(key.public_key())
    path.parent.mkdir(parents=True, exist_ok=True)
    _create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _create(beside, pem, 0o644)
    return PublicKey(id=_key(pem, str(beside)).keyid, name=str(beside), pem=pem)


def _pem(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _create(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def read_public(path: Path) -> PublicKey:
    """Reads a public key from PEM; raises ``SignatureError``, also for one that is not Ed25519."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise SignatureError(f"{path}: {error.strerror}") from None
    return PublicKey(id=_key(pem, str(path)).keyid, name=str(path), pem=pem)


def distinct(keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """Returns each key once, however many files it came from."""
    return tuple({key.id: key for key in keys}.values())


def sign(payload: bytes, private: Path) -> tuple[bytes, PublicKey]:
    """Signs a payload with the private key in a file; returns the envelope's bytes and the public key.

    Raises ``SignatureError`` for a key that others may read, that is not Ed25519, or not there.
    """
    signing = _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.dsse import Envelope

    try:
        if os.stat(private).st_mode & 0o077:
            raise SignatureError(f"{private} may be read by others: chmod 600 {private}")
        key = load_pem_private_key(private.read_bytes(), password=None)
    except OSError as error:
        raise SignatureError(f"{private}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{private} is no private key in PEM: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f"{private} is no Ed25519 key")
    signer = signing.CryptoSigner(key)
    envelope = Envelope(payload, PAYLOAD, {})
    envelope.sign(signer)
    public = PublicKey(id=signer.public_key.keyid, name=str(private), pem=_pem(key.public_key()))
    return canonical(envelope.to_dict()), public


def open_envelope(data: bytes, keys: Sequence[PublicKey]) -> Opened:
    """Returns the payload of an envelope if each of its signatures is by one of the keys and holds.

    Raises ``SignatureError``: no envelope, not in its canonical bytes, another payload type, no signature,
    two by one key, a key that was not given, or a signature that does not hold.
    """
    told = _envelope(data)
    signing = _library()
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnverifiedSignatureError

    payload = _base64(told["payload"])
    framed = Envelope(payload, PAYLOAD, {}).pae()
    known = {key.id: _key(key.pem, key.name) for key in keys}
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


def _library() -> Any:
    try:
        from securesystemslib import signer
    except ImportError:
        raise SignatureError(f"signatures need securesystemslib and cryptography: {INSTALL}") from None
    return signer


def _key(pem: bytes, name: str) -> Any:
    signing = _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SignatureError(f"{name} is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f"{name} is no Ed25519 key")
    return signing.SSlibKey.from_crypto(key)
