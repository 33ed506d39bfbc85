"""The right to train one run, which one launcher has at a time: a lock on a file beside the runs."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

_HELD = (errno.EWOULDBLOCK, errno.EACCES)


class Claim:
    """A lock that is held until it is released, or until this process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def release(self) -> None:
        """Gives the right back; the file goes while the lock on it is still held."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def claim(path: Path, *, wait: bool = False) -> Claim | None:
    """Takes the lock on a file, or returns None where another has it, unless told to ``wait`` for it.

    A file system without locks keeps nobody apart. Raises ``OSError`` where the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno in _HELD:
                os.close(descriptor)
                return None
            return Claim(path, descriptor)
        except BaseException:  # interrupted while it waited
            os.close(descriptor)
            raise
        if _same(path, descriptor):
            return Claim(path, descriptor)
        os.close(descriptor)  # whoever had it has deleted it


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
