"""Digests of bytes and files: the plain SHA-256 that everything else is pinned by.

The library behind it is imported on use, because a scoreboard that has seen it all digests nothing.
"""

from __future__ import annotations


def bytes_digest(data: bytes) -> str:
    """Returns the SHA-256 of bytes, in hex."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str) -> str:
    """Returns the SHA-256 of a file read in pieces, in hex."""
    import hashlib

    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
