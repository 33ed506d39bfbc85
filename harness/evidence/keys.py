"""Ed25519 keys in PEM: made once, read strictly, and named by what they are and not by what they say.

The cryptography is that of securesystemslib and cryptography.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.evidence.digests import read_regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

INSTALL = "pip install 'claims-harness[hub]'"

_SMALL_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    *(bytes([first]) + b"\xff" * 30 + b"\x7f" for first in (0xEC, 0xED, 0xEE)),
)
"""The keys under which one signature holds for many texts (points of order 1, 2, 4, 8), their signs aside."""


class SignatureError(ValueError):
    """A key or an envelope that cannot be trusted, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A public key: ``id`` is computed from the key itself, ``name`` is the file it came from."""

    id: str
    name: str
    pem: bytes


def new_key(path: Path) -> PublicKey:
    """Writes a private key that only its owner may read, and ``path`` + ``.pub`` beside it.

    Raises ``SignatureError`` where one of the two files exists already.
    """
    library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return write_pair(path, Ed25519PrivateKey.generate())


def write_pair(path: Path, key: Any) -> PublicKey:
    """Writes a private key for its owner alone and the public key beside it, neither over another.

    Raises ``SignatureError`` where one of the two files exists already.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    signing = library()
    beside = path.with_name(f"{path.name}.pub")
    for there, other in ((path, beside), (beside, path)):
        if os.path.lexists(there):
            alone = "" if os.path.lexists(other) else f"; without {other.name} it is of no use: remove it"
            raise SignatureError(f"{there} exists already and a key is never overwritten{alone}")
    pem = _pem(key.public_key())
    path.parent.mkdir(parents=True, exist_ok=True)
    _create(beside, pem, 0o644)
    _create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return PublicKey(id=signing.SSlibKey.from_crypto(key.public_key()).keyid, name=str(beside), pem=pem)


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _create(path: Path, data: bytes, mode: int) -> None:
    """Writes a file that is whole or not there, and never over another."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.link(name, path)
    except FileExistsError:
        raise SignatureError(f"{path} exists already and a key is never overwritten") from None
    finally:
        os.unlink(name)


def read_public(path: Path) -> PublicKey:
    """Reads a public key from PEM; raises ``SignatureError``, also for one that is not Ed25519."""
    try:
        pem = read_regular(path)
    except OSError as error:
        raise SignatureError(f"{path}: {error.strerror}") from None
    return PublicKey(id=loaded(pem, str(path)).keyid, name=str(path), pem=pem)


def distinct(keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """Returns each key once, however many files it came from."""
    return tuple({key.id: key for key in keys}.values())


def read_private(path: Path) -> tuple[Ed25519PrivateKey, PublicKey]:
    """Reads a private key from PEM; raises ``SignatureError``, also for one that others may read."""
    library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        mode, pem = os.stat(path).st_mode, read_regular(path)
        key = load_pem_private_key(pem, password=None)
    except OSError as error:
        raise SignatureError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{path} is no private key in PEM: {error}") from None
    if mode & 0o077:
        raise SignatureError(f"{path} may be read by others: chmod 600 {path}")
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f"{path} is no Ed25519 key")
    public = _pem(key.public_key())
    return key, PublicKey(id=loaded(public, str(path)).keyid, name=str(path), pem=public)


def library() -> Any:
    """Returns the signing part of securesystemslib; raises ``SignatureError`` where it is not installed."""
    try:
        from securesystemslib import signer
    except ImportError:
        raise SignatureError(f"signatures need securesystemslib and cryptography: {INSTALL}") from None
    return signer


def loaded(pem: bytes, name: str) -> Any:
    """Returns the library's object of a public key; raises ``SignatureError`` for one that is not Ed25519."""
    signing = library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SignatureError(f"{name} is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f"{name} is no Ed25519 key")
    raw = key.public_bytes_raw()
    if raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER:
        raise SignatureError(f"{name} is a key under which anybody can sign")
    return signing.SSlibKey.from_crypto(key)
