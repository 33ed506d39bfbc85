"""The bytes of a text file as they stand in it, unpacked if it is gzip; what is no text is refused."""

from __future__ import annotations

import gzip
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from harness.model.problem import InputError

Fold = Literal["none", "newlines", "all"]
"""What is folded before texts are compared: nothing, CRLF to LF, or also NFKC, case and white space."""
LEAST, RATIO = 64 * 2**20, 200
"""A packed file may become so many bytes, and beyond those so many times its own size: text packs less."""
_GZIP = b"\x1f\x8b\x08"
_BOM = b"\xef\xbb\xbf"
_MAGIC = (
    (b"\x28\xb5\x2f\xfd", "zstd", "unpack it"),
    (b"\xfd7zXZ\x00", "xz", "unpack it"),
    (b"BZh", "bzip2", "unpack it"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"PAR1", "Parquet", "write its text as JSON lines"),
    (b"ARROW1", "Arrow", "write its text as JSON lines"),
    (b"\x93NUMPY", "a NumPy array", "write its tokens without a header and name tokens:"),
    (b"\xff\xfe\x00\x00", "UTF-32", "write it as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32", "write it as UTF-8"),
    (b"\xff\xfe", "UTF-16", "write it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "write it as UTF-8"),
)


def refuse(name: str, start: bytes, *, tokens: bool) -> None:
    """Raises ``InputError`` for the first bytes of a file that holds neither text nor raw tokens.

    A file of raw tokens may begin with two or three such bytes by chance: of those only longer marks count.
    """
    for magic, what, remedy in _MAGIC:
        if start.startswith(magic) and (len(magic) > 3 or not tokens):
            raise InputError(f"{name}: {what}, which is not read as it is: {remedy}")
    if tokens and start.startswith(_GZIP) and start[3:4] < b"\x20":
        raise InputError(f"{name}: gzip, which is not read as raw tokens: unpack it")


@contextmanager
def opened(name: str, path: Path, *, nul: bool = False) -> Iterator[BinaryIO]:
    """Opens a file of text, unpacking gzip as it is read; raises ``InputError`` for what is no text."""
    with path.open("rb") as handle:
        start = handle.read(8)
        refuse(name, start, tokens=False)
        handle.seek(len(_BOM) if start.startswith(_BOM) else 0)
        if not start.startswith(_GZIP):
            yield cast("BinaryIO", _Checked(name, handle, None, nul=nul))
            return
        limit = max(LEAST, RATIO * path.stat().st_size)
        try:
            with gzip.GzipFile(fileobj=handle) as packed:
                refuse(name, packed.read(8), tokens=False)
                packed.seek(0)
                yield cast("BinaryIO", _Checked(name, packed, limit, nul=nul))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{name}: gzip that cannot be unpacked ({error})") from error


class _Checked:
    """Reads lines or pieces of a file; refuses NUL bytes, unless ``nul``, and what unpacks to too much."""

    def __init__(self, name: str, handle: Any, limit: int | None, *, nul: bool) -> None:
        self.name, self.handle, self.limit, self.nul = name, handle, limit, nul
        self.taken = 0

    def readline(self, size: int) -> bytes:
        """Returns the next line, or so many bytes of it."""
        return self._checked(self.handle.readline(size))

    def read(self, size: int) -> bytes:
        """Returns the next so many bytes."""
        return self._checked(self.handle.read(size))

    def _checked(self, data: bytes) -> bytes:
        self.taken += len(data)
        if self.limit is not None and self.taken > self.limit:
            raise InputError(f"{self.name}: unpacks to more than {self.limit} bytes: unpack it yourself")
        if b"\0" in data and not self.nul:
            raise InputError(
                f"{self.name}: holds NUL bytes and is no text: unpack it, write it as UTF-8, or name tokens:"
            )
        return data


def folded(text: bytes, fold: Fold) -> bytes:
    """Returns text as it is compared: with LF for CRLF, or by NFKC, without case, with single spaces.

    Bytes that are not UTF-8 stay as they are.
    """
    if fold == "none":
        return text
    if fold == "newlines":
        return text.replace(b"\r\n", b"\n")
    words = unicodedata.normalize("NFKC", text.decode("utf-8", "surrogateescape")).casefold()
    plain = " ".join(unicodedata.normalize("NFKC", words).split())
    return plain.encode("utf-8", "surrogateescape")


def pieces(handle: BinaryIO, size: int, fold: Fold) -> Iterator[bytes]:
    """Yields a long text, folded, in pieces of about so many bytes, which are cut where folding allows it."""
    rest, first = b"", True
    while read := handle.read(size):
        whole = rest + read
        at = _cut(whole, fold)
        done, rest = folded(whole[:at], fold), whole[at:]
        if done:
            yield done if first or fold != "all" else b" " + done
            first = False
    if done := folded(rest, fold):
        yield done if first or fold != "all" else b" " + done


def _cut(whole: bytes, fold: Fold) -> int:
    """Returns where a piece may end: before a CR whose LF may follow, or behind the last white space."""
    if fold == "newlines" and whole.endswith(b"\r"):
        return len(whole) - 1
    if fold == "all":
        return max(whole.rfind(b" "), whole.rfind(b"\n")) + 1 or len(whole)
    return len(whole)
