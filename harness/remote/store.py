"""What every kind of remote place has in common: an fsspec file system behind guards that fail closed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.model.address import Address, safe_name
from harness.model.problem import InputError

CHUNK = 1 << 22
MAX_FILES = 2000
TIMEOUT = 30.0
"""Seconds that a server may stay silent; the variable ``HARNESS_TIMEOUT`` says otherwise."""
_SECRET = re.compile(r"\?\S+|(?<=://)[^/\s@]+@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One remote file as its server describes it.

    ``name`` is how the contract's URL names it, ``uri`` what is really read (a revision resolved to its
    commit), ``path`` what the file system opens. ``version`` is what the server promises to change with
    the bytes, empty where it promises nothing; ``sha256`` or ``blob`` (git's SHA-1) what it says of them.
    """

    name: str
    uri: str
    path: str
    size: int
    server: str
    version: str = ""
    sha256: str = ""
    blob: str = ""


class Store:
    """One kind of remote place. Subclasses say how its files are found and what pins them."""

    scheme: ClassVar[str]
    extra: ClassVar[str]

    def __init__(self) -> None:
        self._filesystems: dict[str, Any] = {}

    def entries(self, address: Address) -> tuple[Entry, ...]:
        """Returns the files that an address stands for, with their versions as they are now.

        Raises ``InputError`` if there is none, or the server cannot be asked.
        """
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Returns what the file system is opened with."""
        raise NotImplementedError

    def errors(self) -> tuple[type[BaseException], ...]:
        """Returns what the libraries behind this place raise when it cannot be read."""
        return ()

    def open(self, entry: Entry, *, stream: bool) -> Any:
        """Opens a file to be read once from its start, or by ranges."""
        return self.filesystem().open(entry.path, "rb", block_size=CHUNK, cache_type="none")

    def settled(self, entry: Entry) -> bool:
        """Tells whether the file is still the one that was described, after it was read."""
        raise NotImplementedError

    def filesystem(self, **more: Any) -> Any:
        """Returns the file system, opened once; raises ``InputError`` naming the extra that is missing."""
        key = repr(sorted(more.items()))
        if key not in self._filesystems:
            try:
                import fsspec

                made = fsspec.filesystem(self.scheme, skip_instance_cache=True, **self.options(), **more)
            except ImportError as error:
                remedy = f"pip install 'claims-harness[{self.extra}]'"
                message = f"{self.scheme}:// needs the {self.extra} extra: {remedy}"
                raise InputError(message, "MISSING_INPUT") from error
            self._filesystems[key] = made
        return self._filesystems[key]

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turns whatever the libraries raise into one ``InputError`` about ``what``."""
        try:
            yield
        except InputError:
            raise
        except (OSError, ValueError) as error:
            raise refusal(what, error) from error
        except self.errors() as error:
            raise refusal(what, error) from error

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yields all bytes of a file; raises ``InputError`` if they are not as many as was said."""
        seen = 0
        with self.asking(entry.uri), self.open(entry, stream=True) as file:
            while piece := file.read(CHUNK):
                seen += len(piece)
                if seen > entry.size:
                    break
                yield bytes(piece)
        if seen != entry.size:
            more = "more than " if seen > entry.size else f"{seen} of "
            raise InputError(f"{entry.uri}: sent {more}{entry.size} bytes")


def refusal(what: str, error: BaseException) -> InputError:
    """Words what went wrong; nothing that may be a secret (a signed query, a password) is repeated."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    for link in chain:
        if isinstance(link, InputError):
            return link
        if isinstance(link, TimeoutError) or "timeout" in type(link).__name__.lower():
            return InputError(f"{what}: the server was silent for too long", "TIMED_OUT")
    last = chain[-1]
    status = getattr(last, "status", None) or getattr(getattr(last, "response", None), "status_code", None)
    if status == 404 or isinstance(last, FileNotFoundError):
        return InputError(f"{what}: there is nothing there, or it is not shown to you", "MISSING_INPUT")
    told = " ".join(_SECRET.sub("…", str(last)).split())[:200]
    return InputError(
        f"{what}: cannot be read ({type(last).__name__}{': ' if told else ''}{told})", "MISSING_INPUT"
    )


def check_range(asked: str, status: int, headers: Any) -> None:
    """Raises ``InputError`` for an answer that is not the part of the file that was asked for."""
    if not asked or status not in (200, 206):
        return
    start = asked.removeprefix("bytes=").partition("-")[0]
    if status == 200:
        raise InputError("the server does not serve parts of a file (it ignores Range)")
    if not headers.get("Content-Range", f"bytes {start}-").startswith(f"bytes {start}-"):
        raise InputError("the server sent another part of the file than was asked for")


def timeout() -> float:
    """Returns the seconds that a server may stay silent."""
    told = os.environ.get("HARNESS_TIMEOUT", "")
    return float(told) if re.fullmatch(r"\d+(\.\d+)?", told) else TIMEOUT


def listed(address: Address, found: dict[str, Any]) -> dict[str, Any]:
    """Returns the files of a listing (path inside the root to what is said of it) that an address means.

    Raises ``InputError`` for none, for more than ``MAX_FILES``, and for a name that leads elsewhere.
    """
    names = sorted(name for name in found if _means(address, name))
    if not names:
        raise InputError(f"{address.text}: no file there has such a name", "MISSING_INPUT")
    if len(names) > MAX_FILES:
        raise InputError(f"{address.text}: {len(names)} files; name the ones that are meant, or a glob")
    if wrong := [name for name in names if not safe_name(name)]:
        raise InputError(f"{address.text}: {wrong[0][:80]!r} is no name of a file")
    return {name: found[name] for name in names}


def _means(address: Address, name: str) -> bool:
    if address.is_glob:
        from fsspec.utils import glob_translate

        return re.match(glob_translate(address.path), name) is not None
    below = address.path.rstrip("/")
    return not below or name == address.path or name.startswith(f"{below}/")
