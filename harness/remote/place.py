"""A remote file where code expects a path: its name, its length, and its bytes by range."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from harness.model.problem import InputError
from harness.remote.store import Entry, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """The one thing that is known of a remote file without reading it."""

    st_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RemotePlace:
    """One remote file (``harness.artifacts.place.Place``); ``whole`` fetches it into the cache."""

    entry: Entry
    store: Store = field(compare=False, repr=False)
    whole: Callable[[Entry], Path] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.entry.name

    @property
    def name(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.entry.name).name

    @property
    def stem(self) -> str:
        """The last part of its name without the suffix."""
        return PurePosixPath(self.entry.name).stem

    @property
    def suffix(self) -> str:
        """The suffix of its name, with the dot."""
        return PurePosixPath(self.entry.name).suffix

    @property
    def parent(self) -> str:
        """What its name and those of its neighbours start with."""
        return self.entry.name.rpartition("/")[0]

    def stat(self) -> Size:
        """Returns its length as the server says it."""
        return Size(st_size=self.entry.size)

    def exists(self) -> bool:
        """Answers yes: it was listed."""
        return True

    def is_file(self) -> bool:
        """Answers yes: folders are listed as their files."""
        return True

    def open(self, mode: str = "rb") -> io.RawIOBase:
        """Opens it for reading by range; every read is one request for just those bytes."""
        return _Ranged(self.store, self.entry)

    def fetched(self) -> Path:
        """Returns a local file with all its bytes; raises ``InputError``."""
        return self.whole(self.entry)

    def read_bytes(self) -> bytes:
        """Returns all its bytes, through the cache; raises ``InputError``."""
        return self.fetched().read_bytes()


class _Ranged(io.RawIOBase):
    """Reads by range; a part that comes short of what was asked for is an ``InputError``."""

    def __init__(self, store: Store, entry: Entry) -> None:
        self._store, self._entry, self._at = store, entry, 0
        self._file: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._entry.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._entry.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        with self._store.asking(self._entry.uri):
            if self._file is None:
                self._file = self._store.open(self._entry, stream=False)
            self._file.seek(self._at)
            piece = bytes(self._file.read(wanted))
        if len(piece) != wanted:
            raise InputError(f"{self._entry.uri}: {len(piece)} bytes came of {wanted} asked for")
        self._at += wanted
        return piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()
