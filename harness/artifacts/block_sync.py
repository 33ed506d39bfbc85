"""Brings a safetensors file up to date with another by writing only the blocks that differ.

The changed blocks are first written to a journal beside the target, and nothing of the target is touched
before the journal is whole and on the disk. A kill before that leaves the old file; a kill after it
leaves a journal that ``recover`` plays to its end, as often as it takes. Until then a reader may meet
old and new blocks side by side: where ``pending`` says so, recover first.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.block_plan import BLOCK, misfits, unequal, wanted
from harness.artifacts.safetensors_file import Tensor, read
from harness.model.problem import InputError

_MAGIC = b"harness block sync 1\n"
_RECORD = struct.Struct("<QI")
_SHA = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """What a sync did: which blocks of how many it wrote, counted from 0, and the digest it left."""

    block: int
    blocks: int
    written: tuple[int, ...]
    sha256: str

    def report(self) -> str:
        """Returns it as the JSON that kind ``sync`` reads."""
        return json.dumps(
            {"block": self.block, "blocks": self.blocks, "written": self.written, "sha256": self.sha256}
        )


def sync(source: Path, target: Path, names: Mapping[str, str] | None = None) -> Synced:
    """Writes into ``target`` the tensors of ``source``, block by block of 4 KiB; its header stays.

    ``names`` maps a target's name to the source's where these differ. An unfinished sync of the target is
    finished first. Raises ``InputError``, with the target untouched, for a tensor without a partner or
    of another dtype or shape, a second sync at the same time, and a source that changes meanwhile.
    """
    target = target.resolve()
    with _locked(target):
        _replay(target)
        here, there = read(target), read(source)
        wrong = misfits(here, there, names or {})
        if wrong:
            one = wrong[0]
            raise InputError(f"{target.name}: {one.name} is {one.found}, and had to be {one.expected}")
        before = source.stat()
        done = _write_journal(target, wanted(here, there, names or {}, _head(target, here), _size(target)))
        after = source.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            _part(target).unlink()
            raise InputError(f"{source.name} changed while it was read")
        if done.written:
            os.replace(_part(target), _journal(target))
            _flush_folder(target)
            _replay(target)
        else:
            _part(target).unlink()
        return done


def recover(target: Path) -> bool:
    """Finishes a sync that was killed, or clears away what it left; tells whether the target was written.

    Raises ``InputError`` for a journal that is damaged or belongs to another file.
    """
    target = target.resolve()
    with _locked(target):
        return _replay(target)


def pending(target: Path) -> bool:
    """Tells whether a killed sync may have left old and new blocks side by side."""
    return _journal(target.resolve()).exists()


def _journal(target: Path) -> Path:
    return target.with_name(f"{target.name}.sync")


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.sync.part")


def _size(target: Path) -> int:
    return target.stat().st_size


def _head(target: Path, tensors: tuple[Tensor, ...]) -> bytes:
    """Returns the bytes before the first value; all of a file that holds none."""
    with target.open("rb") as file:
        return file.read(min((tensor.start for tensor in tensors), default=_size(target)))


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    try:
        handle = os.open(target, os.O_RDWR)
    except OSError as error:
        raise InputError(f"{target.name}: {error.strerror}", "MISSING_INPUT") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InputError(f"{target.name} is being synced by somebody else") from error
    except OSError as error:
        raise InputError(f"{target.name} was not synced: {error.strerror}") from error
    finally:
        os.close(handle)


def _identity(target: Path) -> bytes:
    """Returns what a sync never changes of a file, so that a journal is played into no other: its header."""
    return hashlib.sha256(_head(target, read(target)) + struct.pack("<Q", _size(target))).digest()


def _write_journal(target: Path, new: Iterator[bytes]) -> Synced:
    """Writes the changed blocks beside the target and flushes them: magic, file, records, digest."""
    whole, written, seen = hashlib.sha256(), [], hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in new:
            whole.update(piece)
            yield piece

    handle = os.open(_part(target), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for record in (_MAGIC, _identity(target)):
            _add(handle, record, seen)
        for number, data in unequal(target, hashed()):
            _add(handle, _RECORD.pack(number * BLOCK, len(data)) + data, seen)
            written.append(number)
        _add(handle, whole.digest(), seen)
        _all(handle, seen.digest())
        os.fsync(handle)
    finally:
        os.close(handle)
    blocks = -(-_size(target) // BLOCK)
    return Synced(block=BLOCK, blocks=blocks, written=tuple(written), sha256=whole.hexdigest())


def _add(handle: int, data: bytes, seen: hashlib._Hash) -> None:
    seen.update(data)
    _all(handle, data)


def _all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _replay(target: Path) -> bool:
    """Plays the journal into the target, if there is one, and takes it away only when that is on the disk."""
    _part(target).unlink(missing_ok=True)
    journal = _journal(target)
    if not journal.exists():
        return False
    end = _whole(journal)
    handle = os.open(target, os.O_WRONLY)
    try:
        with journal.open("rb") as file:
            file.seek(len(_MAGIC))
            if file.read(_SHA) != _identity(target):
                raise InputError(
                    f"{journal.name} is of another file than {target.name}: take one of them away"
                )
            while file.tell() < end:
                at, length = _RECORD.unpack(file.read(_RECORD.size))
                data = file.read(length)
                while data:
                    count = os.pwrite(handle, data, at)
                    data, at = data[count:], at + count
            digest = file.read(_SHA)
        os.fsync(handle)
    finally:
        os.close(handle)
    if _digest(target) != digest:
        raise InputError(f"{target.name} was changed by somebody else while its sync was unfinished")
    os.unlink(journal)
    _flush_folder(target)
    return True


def _whole(journal: Path) -> int:
    """Checks the digest of a journal and returns where its records end."""
    size = journal.stat().st_size
    seen, left = hashlib.sha256(), size - _SHA
    with journal.open("rb") as file:
        good = file.read(len(_MAGIC)) == _MAGIC
        seen.update(_MAGIC)
        left -= len(_MAGIC)
        while left > 0 and (piece := file.read(min(left, 1 << 22))):
            seen.update(piece)
            left -= len(piece)
        if not good or left or file.read() != seen.digest():
            raise InputError(f"{journal.name} is damaged: take the target from its source again")
    return size - 2 * _SHA


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _flush_folder(target: Path) -> None:
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
