"""A checkpoint folder signed as ``model_signing`` signs it, so that its own verifier accepts it.

That format knows elliptic curve keys (P-256) and not Ed25519, so a checkpoint has a key of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.evidence.keys import PublicKey, SignatureError, write_pair

NAME = "model.sig"
NOT_PART = (NAME, "README.md", "claims")
"""What publishing writes beside the weights: it is sealed with the scoreboard."""
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


def checkpoint_problem(folder: Path, public: Path) -> str:
    """Says why a folder is not the one that was signed; empty if it is, to the last byte and name."""
    hashing, _, verifying = _library()
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=public)
        config.set_hashing_config(_hashed(hashing)).verify(folder, folder / NAME)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _hashed(hashing: Any) -> Any:
    return hashing.Config().set_ignored_paths(paths=map(Path, NOT_PART))


def _library() -> tuple[Any, Any, Any]:
    try:
        from model_signing import hashing, signing, verifying
    except ImportError:
        raise SignatureError(f"checkpoints are signed by model-signing: {INSTALL}") from None
    return hashing, signing, verifying
