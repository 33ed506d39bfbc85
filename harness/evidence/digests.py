"""Digests of bytes and files: the plain SHA-256 that everything else is pinned by.

The library behind it is imported on use, because a scoreboard that has seen it all digests nothing.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader


def bytes_digest(data: bytes) -> str:
    """Returns the SHA-256 of bytes, in hex."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Opens a regular file for reading and never waits: a pipe or a device there raises ``OSError``."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(22, "is no regular file", os.fspath(path))
    return os.fdopen(handle, "rb")


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Returns the bytes of a regular file; raises ``OSError`` for anything else."""
    with open_regular(path) as stream:
        return stream.read()


def read_or_nothing(path: str | os.PathLike[str]) -> bytes:
    """Returns the bytes of a regular file, and none for anything else: bytes that no digest names."""
    try:
        return read_regular(path)
    except OSError:
        return b""


def sha256_file(path: str) -> str:
    """Returns the SHA-256 of a regular file read in pieces, in hex; raises ``OSError``."""
    import hashlib

    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
