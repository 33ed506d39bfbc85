"""Remembers what was computed from a file's bytes for as long as the file has not been touched.

A file counts as untouched when size, modification time, change time and inode are the same, and its
change time is old enough that a later write must have moved it. The memo saves time and decides nothing:
it lives in ``.harness/cache``, the gate and the checker go without it, and deleting it costs a second.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.evidence.digests import open_regular, read_regular, sha256_file

RACY_NS = 50_000_000
"""Two writes within one tick of the file system's clock carry the same change time."""


class Memo:
    """Values by file and purpose, kept in one JSON file; ``path`` None keeps them in memory only.

    ``computed`` counts what was not remembered.
    """

    def __init__(self, path: Path | None, fingerprint: str, now_ns: Callable[[], int]) -> None:
        self._path, self._fingerprint, self._now = path, fingerprint, now_ns
        self._kept: dict[str, list[Any]] = {}
        self._dirty = False
        self.computed = 0
        if path is not None:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            with open_regular(path) as stream:
                stored = json.load(stream)
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(stored, dict) and stored.get("fingerprint") == self._fingerprint:
            kept = stored.get("kept")
            if isinstance(kept, dict) and all(isinstance(v, list) and len(v) == 2 for v in kept.values()):
                self._kept = kept

    def of(self, path: str, purpose: str, compute: Callable[[str], Any]) -> Any:
        """Returns ``compute(path)``, a JSON value, from memory if the file is untouched.

        Raises ``OSError`` when there is no such file, and whatever ``compute`` raises.
        """
        state = os.stat(path)
        stamp = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
        key = f"{purpose}:{path}"
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        value = compute(path)
        self.computed += 1
        if state.st_ctime_ns < self._now() - RACY_NS:
            self._kept[key] = [stamp, value]
            self._dirty = True
        return value

    def sha256(self, path: str) -> str:
        """Returns the SHA-256 of a file's bytes, in hex; raises ``OSError``."""
        return str(self.of(path, "sha256", sha256_file))

    def save(self) -> None:
        """Writes what is new, dropping files that are gone; a memo that cannot be written is no error."""
        if self._path is None or not self._dirty:
            return
        kept = {key: value for key, value in self._kept.items() if os.path.exists(key.split(":", 1)[1])}
        data = json.dumps({"fingerprint": self._fingerprint, "kept": kept}, separators=(",", ":"))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, data.encode())
        except OSError:
            return
        self._dirty = False


class ByBytes(Memo):
    """A memo that believes only bytes: what a file of evidence or a contract says is kept by its digest.

    Unlike a memo by time stamps, it may serve a check: other bytes have another digest.
    """

    def __init__(
        self, path: Path, fingerprint: str, now_ns: Callable[[], int], beside: Memo | None = None
    ) -> None:
        """``beside`` is the memo of a check that is asked for all else, having digested its inputs."""
        super().__init__(path, fingerprint, now_ns)
        self._index, self._kept = self._kept, beside._kept if beside is not None else {}
        self._used: dict[str, list[Any]] = {}

    def keep(self, digest: str, told: Any) -> None:
        """Keeps what bytes of evidence with this digest say, which whoever wrote them knows."""
        self._index[digest] = [0, told]
        self._new = True

    def of(self, path: str, purpose: str, compute: Callable[[str], Any]) -> Any:
        """Returns ``compute(path)``; of evidence and contracts by digest, if these bytes were read before."""
        import hashlib

        if purpose not in ("evidence", "contract"):
            return super().of(path, purpose, compute)
        digest = hashlib.sha256(read_regular(path)).hexdigest()
        if purpose == "contract":  # it names its own path
            digest = hashlib.sha256(f"{digest}:{path}".encode()).hexdigest()
        kept = self._index.get(digest)
        if kept is None:
            kept = [0, compute(path)]
            self._new = True
        self._used[digest] = kept
        return kept[1]

    def save(self) -> None:
        """Writes what was read this time; an index that cannot be written is no error."""
        if self._path is None or not self._new:
            return
        data = json.dumps({"fingerprint": self._fingerprint, "kept": self._used}, separators=(",", ":"))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, data.encode(), force=False)
        except OSError:
            return

    _new = False


def _temporary(path: Path) -> tuple[int, str]:
    """Makes a new file beside a path, which nobody else reads, and opens it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    while True:
        name = os.path.join(path.parent, f".{path.name[:40]}.{os.urandom(4).hex()}")
        try:
            return os.open(name, flags, 0o600), name
        except FileExistsError:
            continue


def write_atomically(path: Path, data: bytes, *, force: bool = True) -> None:
    """Writes bytes to a temporary name beside ``path``, forces them to disk and renames.

    Without ``force`` a power cut may leave other bytes: for what is digested elsewhere and easily made again.
    """
    if path.exists() and not path.is_file():  # a name that is renamed to takes a device's or a pipe's place
        raise OSError(errno.EINVAL, "is no regular file", os.fspath(path))
    handle, name = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if force:
                os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException as error:
        os.unlink(name)
        if (
            isinstance(error, OSError) and error.errno and error.filename is None
        ):  # a full disk names no file by itself
            error.filename = os.fspath(path)
        raise


def fingerprint(package: Path, version: str, search: list[str]) -> str:
    """Returns the stat of every module of ours and of the import path: an upgrade forgets all."""
    parts = [version]
    for folder, folders, files in os.walk(package):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                state = os.stat(os.path.join(folder, name))
                parts.append(f"{folder}/{name}:{state.st_size}:{state.st_mtime_ns}")
    for entry in search:
        try:
            parts.append(f"{entry}:{os.stat(entry).st_mtime_ns}")
        except OSError:
            continue
    return "\n".join(parts)
