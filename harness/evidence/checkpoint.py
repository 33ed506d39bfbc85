"""A checkpoint folder signed as ``model_signing`` signs it, so that its own verifier accepts it.

That format knows elliptic curve keys (P-256) and not Ed25519, so a checkpoint has a key of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.evidence.keys import PublicKey, SignatureError, write_pair
from harness.evidence.memo import Memo

NAME = "model.sig"
NOT_PART = (NAME, "README.md", "claims")
"""What publishing writes beside the weights: it is sealed with the scoreboard."""
_GIT = (".git", ".gitattributes", ".github", ".gitignore")
"""What model_signing leaves out by itself."""
INSTALL = "pip install 'claims-harness[models]'"


def new_checkpoint_key(path: Path) -> PublicKey:
    """Writes a private P-256 key and its public key beside it; raises ``SignatureError``."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    except ImportError:
        raise SignatureError(f"checkpoints are signed by model-signing: {INSTALL}") from None
    return write_pair(path, generate_private_key(SECP256R1()))


def sign_checkpoint(folder: Path, private: Path) -> Path:
    """Signs a folder and returns where the signature lies in it; raises ``SignatureError``."""
    hashing, signing, _ = _library()
    target = folder / NAME
    try:
        if private.stat().st_mode & 0o077:
            raise SignatureError(f"{private} may be read by others: chmod 600 {private}")
        config = signing.Config().use_elliptic_key_signer(private_key=private)
        config.set_hashing_config(_hashed(hashing)).sign(folder, target)
    except SignatureError:
        raise
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SignatureError(f"{folder} cannot be signed: {error}") from None
    return target


def checkpoint_problem(folder: Path, public: Path, memo: Memo | None = None) -> str:
    """Says why a folder is not the one that was signed; empty if it is, to the last byte and name.

    With a ``memo`` a file is not read again that has the size, times and inode which it had when it was.
    The signature is verified by model_signing; so are the bytes, where it was told to digest in another way
    than by whole files with SHA-256.
    """
    hashing, _, verifying = _library()
    try:
        found = _Folder(folder, memo or Memo(None, "", lambda: 0))
        config = verifying.Config().use_elliptic_key_verifier(public_key=public)
        try:
            config.set_hashing_config(found).verify(folder, folder / NAME)
        except _OtherDigests as other:
            config = verifying.Config().use_elliptic_key_verifier(public_key=public)
            config.set_hashing_config(_told(hashing, other.how)).verify(folder, folder / NAME)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


class _OtherDigests(Exception):
    """The signature is over shards, or by another digest: ``how`` is what its manifest says of that."""

    def __init__(self, how: Mapping[str, Any]) -> None:
        super().__init__()
        self.how = how


class _Folder:
    """What lies in a folder, as model_signing asks for it: it calls ``hash`` and compares what comes back."""

    def __init__(self, folder: Path, memo: Memo) -> None:
        self._memo = memo
        self._ignored = {folder / name for name in (*NOT_PART, *_GIT)}
        self._digests: dict[str, str] = {}

    def add_ignored_paths(self, *, model_path: Path, paths: Iterable[str]) -> None:
        """Leaves out what the signed manifest says that it leaves out, inside the folder."""
        self._ignored |= {path for name in paths if (path := model_path / name).is_relative_to(model_path)}

    def hash(self, model_path: Path, *, files_to_hash: object = None) -> _Folder:
        """Digests every file of the folder that counts; raises ``ValueError`` for a link or a device."""
        files = [path for path in sorted(model_path.rglob("*")) if self._counts(path)]
        with ThreadPoolExecutor() as pool:
            digests = pool.map(lambda path: self._memo.sha256(str(path)), files)
            self._digests = {
                path.relative_to(model_path).as_posix(): digest
                for path, digest in zip(files, digests, strict=True)
            }
        return self

    def _counts(self, path: Path) -> bool:
        """Tells whether a path is a file that is signed."""
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path} is a link or no file: its bytes are elsewhere")
        return path.is_file() and not any(path.is_relative_to(ignored) for ignored in self._ignored)

    def __eq__(self, signed: object) -> bool:
        """Compares with the manifest that was signed; raises ``ValueError`` with the first difference."""
        how: Mapping[str, Any] = getattr(signed, "serialization_type", {})
        if how.get("method") != "files" or how.get("hash_type") != "sha256":
            raise _OtherDigests(how)
        told = {one.identifier: one.digest.digest_hex for one in signed.resource_descriptors()}  # type: ignore[attr-defined]
        for name in sorted(told.keys() | self._digests.keys()):
            if name not in told:
                raise ValueError(f"{name} was not signed")
            if name not in self._digests:
                raise ValueError(f"{name} is gone")
            if told[name] != self._digests[name]:
                raise ValueError(f"{name} has other bytes than were signed")
        return bool(told)

    __hash__ = None  # type: ignore[assignment]


def _hashed(hashing: Any) -> Any:
    return hashing.Config().set_ignored_paths(paths=map(Path, NOT_PART))


def _told(hashing: Any, how: Mapping[str, Any]) -> Any:
    config = hashing.Config()
    if how["method"] == "shards":
        config.use_shard_serialization(hashing_algorithm=how["hash_type"], shard_size=int(how["shard_size"]))
    else:
        config.use_file_serialization(hashing_algorithm=how["hash_type"])
    return config.set_ignored_paths(paths=map(Path, NOT_PART))


def _library() -> tuple[Any, Any, Any]:
    try:
        from model_signing import hashing, signing, verifying
    except ImportError:
        raise SignatureError(f"checkpoints are signed by model-signing: {INSTALL}") from None
    return hashing, signing, verifying
