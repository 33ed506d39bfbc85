"""The signature that model_signing leaves in a folder: a Sigstore bundle, one DSSE envelope by a P-256 key.

Only the form that is written today is read here; what differs is left to that library.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.digests import read_regular
from harness.evidence.keys import SignatureError
from harness.evidence.statement import EvidenceError, strict_json

MEDIA = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
PREDICATE = "https://model_signing/signature/v1.0"
MOST_BYTES = 64 << 20


class OtherForm(Exception):
    """A signature in a form that is not read here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedFolder:
    """What was signed: the SHA-256 of every file by its name, and the paths that were left out."""

    files: Mapping[str, str]
    ignored: tuple[str, ...]


def read_bundle(data: bytes, public: Path) -> SignedFolder:
    """Verifies a signature by a public key (PEM) and returns what it covers.

    Raises ``SignatureError`` where it does not hold, ``OtherForm`` where that is for model_signing to say.
    """
    if len(data) > MOST_BYTES:
        raise SignatureError(f"the signature is larger than {MOST_BYTES} bytes")
    try:
        told = strict_json(data)
        envelope, hint = told["dsseEnvelope"], told["verificationMaterial"]["publicKey"]["hint"]
        if (
            told["mediaType"] != MEDIA
            or envelope["payloadType"] != PAYLOAD
            or len(envelope["signatures"]) != 1
        ):
            raise OtherForm
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    except (EvidenceError, ValueError) as error:
        raise SignatureError(f"no signature: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise OtherForm from None
    _verify(public, str(hint), signature, payload)
    try:
        return _covered(strict_json(payload))
    except (EvidenceError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SignatureError(f"what was signed is no manifest of a folder: {error!r}") from None


def _verify(public: Path, hint: str, signature: bytes, payload: bytes) -> None:
    """Holds the signature against the key and the payload; raises ``SignatureError``."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_pem_public_key(read_regular(public))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{public} is no public key in PEM: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        told = "checkpoints are signed with elliptic curve keys: harness key new --checkpoint"
        raise SignatureError(f"{public} is of another kind: {told}")
    if key.curve.name != "secp256r1":
        raise OtherForm
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    if hint != hashlib.sha256(pem).hexdigest():
        raise SignatureError("signed by another key than the one that was given")
    said = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    try:
        key.verify(signature, said, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise SignatureError("the signature does not hold") from None


def _covered(told: Any) -> SignedFolder:
    predicate = told["predicate"]
    how = predicate["serialization"]
    if told["predicateType"] != PREDICATE or (how["method"], how["hash_type"]) != ("files", "sha256"):
        raise OtherForm
    if how.get("allow_symlinks"):
        raise OtherForm
    resources = predicate["resources"]
    files = {str(one["name"]): str(one["digest"]) for one in resources if one["algorithm"] == "sha256"}
    if len(files) != len(resources) or not files:
        raise ValueError("a file twice, in another digest, or none at all")
    (subject,) = told["subject"]
    root = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    if subject["digest"]["sha256"] != root:
        raise ValueError("its digests are not those of its subject")
    return SignedFolder(files=files, ignored=tuple(map(str, how.get("ignore_paths", ()))))
