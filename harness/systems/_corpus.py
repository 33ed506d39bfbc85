"""A real text corpus that every installation already has: the sources inside the pinned sympy wheel."""

from __future__ import annotations

import hashlib
from importlib import metadata

from harness.model.problem import InputError

SYMPY = "1.14.0"
TRAIN_BYTES = 2_000_000
HELD_OUT_BYTES = 200_000
SHA256 = "4fd1ac4af05c35f536af048111acfab5519e592f0ea60c351ce8c7c912871a8b"
"""Digest of the first ``TRAIN_BYTES + HELD_OUT_BYTES`` bytes of the concatenated sources."""


def load() -> tuple[bytes, bytes]:
    """Returns the training bytes and the held-out bytes that follow them; the two do not overlap.

    The text is ``sympy/**/*.py`` without tests, concatenated in the order of the paths. Raises
    ``InputError`` when another version is installed or the bytes are not the pinned ones.
    """
    found = _version()
    if found != SYMPY:
        raise InputError(
            f"the corpus is cut from sympy {SYMPY}, but {found or 'none'} is installed: "
            f"pip install sympy=={SYMPY}",
            reason="MISSING_INPUT",
        )
    text = _read(TRAIN_BYTES + HELD_OUT_BYTES)
    digest = hashlib.sha256(text).hexdigest()
    if digest != SHA256:
        raise InputError(
            f"the corpus has sha256 {digest} and not the pinned {SHA256}: the installed sympy was "
            f"changed; pip install --force-reinstall sympy=={SYMPY}"
        )
    return text[:TRAIN_BYTES], text[TRAIN_BYTES:]


def _version() -> str | None:
    try:
        return metadata.version("sympy")
    except metadata.PackageNotFoundError:
        return None


def _read(size: int) -> bytes:
    """Reads whole files in path order until ``size`` bytes are there, and cuts."""
    text = bytearray()
    for path in sorted(metadata.files("sympy") or (), key=str):
        if path.suffix == ".py" and path.parts[0] == "sympy" and "tests" not in path.parts:
            text += path.read_binary()
        if len(text) >= size:
            break
    return bytes(text[:size])
