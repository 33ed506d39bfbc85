"""Bytes that were fetched, by their digest, and which version of which file had which digest.

A digest is believed only as long as the bytes that it stands for are here and still have it: what the cache
holds is hashed again by whoever relies on it, as a local file is. Deleting the cache costs a download.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.artifacts.digests import file_sha256, manifest_sha256
from harness.model.problem import InputError
from harness.remote.store import Entry


def default_cache() -> Path:
    """Returns the cache's folder: ``HARNESS_CACHE``, or ``harness`` in the user's cache folder."""
    told = os.environ.get("HARNESS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(told) if told else Path(base) / "harness"


class Cache:
    """Files below ``root``: ``blobs/<sha256>``, ``known/<file and version>``, ``folders/<manifest>/``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._whole: set[str] = set()

    def blob(self, sha256: str) -> Path:
        """Returns where the bytes of a digest lie, if they are here."""
        return self.root / "blobs" / sha256

    def whole(self, sha256: str) -> bool:
        """Tells whether the bytes of a digest are here, hashing them once for each process."""
        blob = self.blob(sha256)
        if sha256 not in self._whole and blob.is_file() and file_sha256(blob) == sha256:
            self._whole.add(sha256)
        return sha256 in self._whole

    def known(self, entry: Entry) -> str | None:
        """Returns the digest of a file that need not be fetched, or None.

        Its server says the digest and the bytes are here, or version and length are those that were fetched.
        """
        if entry.sha256:
            return entry.sha256 if self._fits(entry, entry.sha256) else None
        if not entry.version:
            return None
        try:
            told = json.loads(self._record(entry).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        sha256 = told.get("sha256") if isinstance(told, dict) else None
        if not isinstance(sha256, str) or len(sha256) != 64 or not sha256.isalnum():
            return None
        return sha256 if self._fits(entry, sha256) else None

    def _fits(self, entry: Entry, sha256: str) -> bool:
        return self.whole(sha256) and self.blob(sha256).stat().st_size == entry.size

    def _record(self, entry: Entry) -> Path:
        key = "\n".join((entry.server, entry.uri, entry.version))
        return self.root / "known" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def keep(self, entry: Entry, pieces: Iterator[bytes], show: Callable[[int], None]) -> str:
        """Writes the pieces of a file as they come and returns their digest.

        Raises ``InputError`` if the server says another digest of the file, or nothing can be written.
        """
        sha256, blob, done = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % entry.size), 0  # noqa: S324
        try:
            with self._writing() as file:
                for piece in pieces:
                    sha256.update(piece)
                    blob.update(piece)
                    file.write(piece)
                    done += len(piece)
                    show(done)
                said = (entry.sha256 or sha256.hexdigest(), entry.blob or blob.hexdigest())
                if said != (sha256.hexdigest(), blob.hexdigest()):
                    raise InputError(f"{entry.uri}: the bytes sent are not those that its server lists")
                file.commit(self.blob(sha256.hexdigest()))
        except OSError as error:
            message = f"the cache {self.root} cannot be written ({error.strerror})"
            raise InputError(f"{message}; HARNESS_CACHE names another folder") from error
        self._whole.add(sha256.hexdigest())
        return sha256.hexdigest()

    def remember(self, entry: Entry, sha256: str) -> None:
        """Records which digest a version of a file has; a file without a version is fetched each time."""
        if entry.version:
            told = {"uri": entry.uri, "version": entry.version, "sha256": sha256, "bytes": entry.size}
            with self._writing() as file:
                file.write(json.dumps(told).encode())
                file.commit(self._record(entry))

    def folder(self, files: Mapping[str, str]) -> Path:
        """Lays out files (relative name to digest) under their names and returns the folder.

        The folder is named by what it holds, so that a newer version never appears in an older one's place.
        """
        folder = self.root / "folders" / manifest_sha256(files)
        for name, sha256 in files.items():
            blob, target = self.blob(sha256), folder / name
            if not target.exists() or not target.samefile(blob):  # an altered file was fetched again
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(blob, target)
        return folder

    def _writing(self) -> _Writing:
        folder = self.root / "partial"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Writing(folder)


class _Writing:
    """A file that takes its place when it is whole, and leaves nothing when it is not."""

    def __init__(self, folder: Path) -> None:
        handle, self._name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(handle, "wb")

    def __enter__(self) -> _Writing:
        return self

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def commit(self, target: Path) -> None:
        self._file.close()
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._name, target)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        Path(self._name).unlink(missing_ok=True)


def _link(blob: Path, target: Path) -> None:
    beside = target.with_name(f".{os.getpid()}.{target.name[:200]}")
    beside.unlink(missing_ok=True)
    try:
        os.link(blob, beside)
    except OSError:  # a file system without such links
        beside.symlink_to(blob)
    os.replace(beside, target)
    beside.unlink(missing_ok=True)  # it stays where another process laid out the same file meanwhile
