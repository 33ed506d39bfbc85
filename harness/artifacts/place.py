"""Where a file can be read from: a path of this machine, or anything that answers like one."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.model.problem import InputError

MAX_FETCHED = 64 << 20


class Sized(Protocol):
    """What ``stat`` tells of a file."""

    @property
    def st_size(self) -> int:
        """Its length in bytes."""


class Readable(Protocol):
    """An open file."""

    def read(self, size: int = -1, /) -> bytes:
        """Returns the next bytes; all that are left without a size."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes to a position."""


class Place(Protocol):
    """The part of ``pathlib.Path`` that reading takes. ``str`` of it is how people name the file."""

    @property
    def name(self) -> str:
        """The last part of its name."""

    @property
    def stem(self) -> str:
        """The last part of its name without the suffix."""

    @property
    def suffix(self) -> str:
        """The suffix of its name, with the dot."""

    @property
    def parent(self) -> Hashable:
        """What it has in common with its neighbours."""

    def stat(self) -> Sized:
        """Returns its length; raises ``OSError``."""

    def exists(self) -> bool:
        """Tells whether anything is there."""

    def is_file(self) -> bool:
        """Tells whether it is a file."""

    def open(self, mode: Literal["rb"]) -> AbstractContextManager[Readable]:
        """Opens it for reading; raises ``OSError`` or ``InputError``."""

    def read_bytes(self) -> bytes:
        """Returns all its bytes; raises ``OSError`` or ``InputError``."""


def here(place: Place) -> Path:
    """Returns a local file with the bytes of a place, fetching those that lie elsewhere.

    Raises ``InputError`` for what is too long to be fetched on the mere chance that it says something.
    """
    if isinstance(place, Path):
        return place
    if place.stat().st_size > MAX_FETCHED:
        raise InputError(f"{place}: {place.stat().st_size} bytes are not fetched for this")
    remote: Any = place
    found: Path = remote.fetched()
    return found
