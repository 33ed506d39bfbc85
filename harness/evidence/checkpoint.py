"""A checkpoint folder signed as ``model_signing`` signs it, so that its own verifier accepts it.

That format knows elliptic curve keys (P-256) and not Ed25519, so a checkpoint has a key of its own.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.evidence.bundle import OtherForm, SignedFolder, read_bundle
from harness.evidence.digests import read_regular
from harness.evidence.keys import PublicKey, SignatureError, write_pair
from harness.evidence.memo import Memo

NAME = "model.sig"
NOT_PART = (NAME, "README.md", "claims")
"""The signature itself and what publishing writes later: no signature of a checkpoint covers them.

Of a published release they are covered by its own manifest, which ``verify --release`` holds.
"""
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
    A signature over shards, by another digest or of an older form is left to model_signing.
    """
    try:
        signed = read_bundle(read_regular(folder / NAME), public)
        return _differs(folder, signed, memo or Memo(None, "", lambda: 0))
    except OtherForm:
        return _by_library(folder, public)
    except FileNotFoundError:
        return f"there is no signature {NAME}"
    except (OSError, ValueError) as error:
        return " ".join(str(error).split()) or type(error).__name__


def uncovered(folder: Path, public: Path) -> tuple[str, ...]:
    """Names what lies in a checkpoint folder and is covered by no signature, even where that holds."""
    names = [name for name in (*NOT_PART, *_GIT) if name != NAME]
    with contextlib.suppress(OtherForm, OSError, ValueError):
        names += read_bundle(read_regular(folder / NAME), public).ignored
    there = (os.path.normpath(name) for name in names if os.path.lexists(folder / name))
    own = (name for name in there if name not in (NAME, ".") and not name.startswith(("..", "/")))
    return tuple(dict.fromkeys(own))


def _differs(folder: Path, signed: SignedFolder, memo: Memo) -> str:
    """Returns the first difference between a folder and what was signed; raises ``ValueError`` for a link."""
    left = {folder / name for name in (*NOT_PART, *_GIT)}
    left |= {path for name in signed.ignored if (path := folder / name).is_relative_to(folder)}
    files = [path for path in sorted(folder.rglob("*")) if _counts(path, left)]
    names = [path.relative_to(folder).as_posix() for path in files]
    if extra := sorted(set(names) - signed.files.keys()):
        return f"{extra[0]} was not signed"
    if gone := sorted(signed.files.keys() - set(names)):
        return f"{gone[0]} is gone"
    with ThreadPoolExecutor(max(1, min(len(files), os.cpu_count() or 1))) as pool:
        digests = pool.map(lambda path: memo.sha256(str(path)), files)
        for name, digest in zip(names, digests, strict=True):
            if digest != signed.files[name]:
                pool.shutdown(cancel_futures=True)
                return f"{name} has other bytes than were signed"
    return ""


def _counts(path: Path, left: Set[Path]) -> bool:
    """Tells whether a path is a file that is signed."""
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise ValueError(f"{path} is a link or no file: its bytes are elsewhere")
    return path.is_file() and not any(path.is_relative_to(ignored) for ignored in left)


def _by_library(folder: Path, public: Path) -> str:
    hashing, _, verifying = _library()
    try:
        signed = json.loads(read_regular(folder / NAME))["dsseEnvelope"]["payload"]
        how = json.loads(base64.b64decode(signed))["predicate"]["serialization"]
        config = verifying.Config().use_elliptic_key_verifier(public_key=public)
        config.set_hashing_config(_told(hashing, how)).verify(folder, folder / NAME)
    except (KeyError, TypeError, AttributeError):
        return f"{NAME} is no signature of a folder"
    except (OSError, ValueError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


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
