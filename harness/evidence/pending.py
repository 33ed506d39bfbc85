"""What was done and the ledger was not told of yet: what a killed check leaves behind.

A check notes every run before it starts it and every verdict before it writes the evidence, and tells the
ledger when a contract is done. Killed in between, it leaves its notes, and the next check takes them up.
They lie in ``.harness``, count for nothing by themselves, and belong to the process that holds a lock on
them, which ends with that process.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.ledger import LedgerRecord

_FIELDS = LedgerRecord.__slots__


class Pending:
    """The notes of one check below ``folder``; the file is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path: Path | None = None
        """Where the notes lie, once there are any."""
        self._handle = -1

    def note(self, record: LedgerRecord, *, force: bool = True) -> None:
        """Notes a verdict that is about to be written; raises ``OSError`` where there is no room.

        Without ``force`` the note outlives this process, and a power cut perhaps not.
        """
        self._write({name: getattr(record, name) for name in _FIELDS}, force=force)

    def launching(self, identities: Iterable[str]) -> None:
        """Notes runs that are about to be started; raises ``OSError`` where there is no room."""
        for identity in identities:
            self._write({"launched": identity}, force=True)

    def _write(self, told: Mapping[str, object], *, force: bool) -> None:
        if self.path is None:
            self._open()
        data = (json.dumps(told) + "\n").encode()
        try:
            if os.write(self._handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if force:
                os.fsync(self._handle)
        except OSError as error:
            error.filename = str(self.path)  # which a write does not tell
            raise

    def _open(self) -> None:
        import fcntl
        import tempfile

        self._folder.mkdir(parents=True, exist_ok=True)
        self._handle, name = tempfile.mkstemp(dir=self._folder, suffix=".jsonl")
        self.path = Path(name)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Leaves the notes for whoever tells the ledger."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self.path = -1, None

    def done(self) -> None:
        """Removes the notes: the ledger was told."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What was noted and never told: verdicts, and identities of runs that were started."""

    verdicts: tuple[LedgerRecord, ...]
    launched: tuple[str, ...]


@contextlib.contextmanager
def left(folder: Path) -> Iterator[Left]:
    """Gives the notes of all commands that were cut off, and removes them when they were taken up.

    Those of one that still runs are left alone. A line that was cut off was written before its evidence.
    """
    held: list[tuple[Path, int]] = []
    try:
        paths = sorted(folder.glob("*.jsonl"))
        held += [(path, handle) for path in paths if (handle := _abandoned(path)) is not None]
        lines = [line for path, _ in held for line in path.read_bytes().splitlines()]
        told = [found for line in lines if isinstance(found := _told(line), dict)]
        yield Left(
            verdicts=tuple(record for one in told if (record := _record(one)) is not None),
            launched=tuple(one["launched"] for one in told if isinstance(one.get("launched"), str)),
        )
        for path, _ in held:
            path.unlink(missing_ok=True)
    finally:
        for _, handle in held:
            os.close(handle)


def _abandoned(path: Path) -> int | None:
    """Returns a locked descriptor of notes that belong to no process; None if they belong to one."""
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _told(line: bytes) -> object:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found


def _record(told: Mapping[str, Any]) -> LedgerRecord | None:
    fields: dict[str, Any] = {name: told.get(name) for name in _FIELDS}
    optional, listed = fields.pop("threshold"), {name: fields.pop(name) for name in ("data", "files")}
    if listed["files"] is None:  # a note of before there were any
        listed["files"] = []
    words = [*fields.values()]
    for several in listed.values():
        words += several if isinstance(several, list) else [None]
    if not all(isinstance(word, str) for word in words):
        return None
    threshold = None if optional is None else str(optional)
    return LedgerRecord(
        **fields, threshold=threshold, data=tuple(listed["data"]), files=tuple(listed["files"])
    )
