"""One file in which evidence travels: a plain tar of regular files, gzipped, its manifest first.

The manifest states every part's name, digest and size, so that a reader knows what it will meet before
it meets it. The reader is its own, for the few things that we write: whatever else a tar may hold (links,
devices, extended headers) is refused, no name of the archive is ever used as a path while reading, and
nothing is read beyond what the manifest declared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

FORMAT = "harness-evidence/1"
MANIFEST = "manifest.json"
BLOCK, PIECE = 512, 1 << 20
MOST_PARTS, MOST_MANIFEST = 200_000, 64 << 20
LIMIT = 8 << 30
"""Bytes that an archive may unpack to unless the caller allows more."""
SMALL, RATIO = 64 << 20, 200
"""Beyond 64 MiB, parts that are more than 200 times the archive are a bomb and not logs."""


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


INPUTS = "inputs"
"""The folder of an archive that holds files which evidence rests on."""


class ArchiveError(ValueError):
    """A file that is not an archive of ours, or a hostile one, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One file of an archive: its name inside, digest and size, and where its bytes are."""

    name: str
    sha256: str
    size: int
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An archive as read: ``about`` is its manifest without the parts."""

    about: Mapping[str, Any]
    parts: Mapping[str, Part]


def write_archive(file: Path, about: Mapping[str, Any], parts: Sequence[Part]) -> None:
    """Writes an archive, equal bytes for equal parts; raises ``ArchiveError`` for a name it cannot hold."""
    ordered = sorted(parts, key=lambda part: part.name)
    listed = [{"name": part.name, "sha256": part.sha256, "bytes": part.size} for part in ordered]
    manifest = json.dumps({"format": FORMAT, **about, "parts": listed}, sort_keys=True).encode()
    with file.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
        stream.write(_header(MANIFEST, len(manifest)) + manifest + _padding(len(manifest)))
        for part in ordered:
            check_name(part.name)
            stream.write(_header(part.name, part.size))
            with part.path.open("rb") as source:
                written = _copy(source, stream.write, part.size)
            if written != part.sha256:
                raise ArchiveError(f"{part.name} changed while it was packed")
            stream.write(_padding(part.size))
        stream.write(bytes(2 * BLOCK))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError as error:
        raise ArchiveError(f"{name}: {error}") from None


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def read_archive(file: Path, into: Path, limit: int = LIMIT) -> Archive:
    """Reads an archive into numbered files below the empty folder ``into``, each verified by its digest.

    Raises ``ArchiveError`` for anything that ``write_archive`` would not have written: other entries than
    regular files, names that lead elsewhere or occur twice, wrong digests or sizes, more than ``limit``
    bytes, bytes after the end.
    """
    try:
        packed = file.stat().st_size
        with gzip.open(file, "rb") as stream:
            return _read(stream, into, packed, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"cannot be read: {error}") from None


def _read(stream: _Reads, into: Path, packed: int, limit: int) -> Archive:
    name, size = _next(stream)
    if name != MANIFEST or size > MOST_MANIFEST:
        raise ArchiveError("does not begin with a manifest")
    about, listed = _manifest(_exactly(stream, size))
    _exactly(stream, -size % BLOCK)
    total = sum(part["bytes"] for part in listed)
    if total > limit:
        raise ArchiveError(f"would unpack to {total:,} bytes, more than the {limit:,} that are allowed")
    if total > SMALL and total > RATIO * packed:
        raise ArchiveError(f"would unpack {packed:,} bytes to {total:,}: a bomb, no evidence")
    parts = {}
    for number, declared in enumerate(listed):
        if _next(stream) != (declared["name"], declared["bytes"]):
            raise ArchiveError(f"{declared['name']} is not where the manifest says")
        path = into / f"{number:06}"
        with path.open("xb") as target:
            digest = _copy(stream, target.write, declared["bytes"])
        if digest != declared["sha256"]:
            raise ArchiveError(f"{declared['name']} has other bytes than the manifest says")
        _exactly(stream, -declared["bytes"] % BLOCK)
        parts[declared["name"]] = Part(
            name=declared["name"], sha256=digest, size=declared["bytes"], path=path
        )
    rest = stream.read(20 * BLOCK + 1)
    if not 2 * BLOCK <= len(rest) <= 20 * BLOCK or any(rest):
        raise ArchiveError("does not end where its manifest ends")
    return Archive(about=about, parts=parts)


def _next(stream: _Reads) -> tuple[str, int]:
    """Reads one header; only a regular file will do."""
    try:
        info = tarfile.TarInfo.frombuf(_exactly(stream, BLOCK), "utf-8", "strict")
    except (tarfile.TarError, ValueError) as error:
        raise ArchiveError(f"damaged header: {error}") from None
    if info.type != tarfile.REGTYPE or info.linkname:
        raise ArchiveError(f"{info.name!r} is no regular file")
    return info.name, info.size


def _manifest(data: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    try:
        about = json.loads(data)
        listed = about.pop("parts")
        sound = about.pop("format") == FORMAT and isinstance(listed, list) and len(listed) <= MOST_PARTS
        sound = sound and all(_declared(part) for part in listed)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError(f"damaged manifest: {error!r}") from None
    if not sound:
        raise ArchiveError(f"not a manifest of {FORMAT}")
    names = [part["name"].casefold() for part in listed]
    if len(set(names)) < len(names):
        raise ArchiveError("a name occurs twice")
    folders = {name.rpartition("/")[0] for name in names}
    for part in listed:
        check_name(part["name"])
        if part["name"].casefold() in folders:
            raise ArchiveError(f"{part['name']!r} is both a file and a folder")
    return about, listed


def _declared(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part.keys() == {"name", "sha256", "bytes"}
        and isinstance(part["name"], str)
        and isinstance(part["sha256"], str)
        and type(part["bytes"]) is int
        and part["bytes"] >= 0
    )


def check_name(name: str) -> None:
    """Raises ``ArchiveError`` for a name that is not a plain relative path."""
    pieces = name.split("/")
    if "\\" in name or not name.isprintable() or any(piece in ("", ".", "..") for piece in pieces):
        raise ArchiveError(f"{name!r} is no plain relative path")


def _exactly(stream: _Reads, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = stream.read(min(PIECE, size - len(data)))
        if not piece:
            raise ArchiveError("ends too early")
        data += piece
    return bytes(data)


def _copy(source: _Reads, write: Any, size: int) -> str:
    """Passes ``size`` bytes on and returns their SHA-256; raises ``ArchiveError`` if there are fewer."""
    found, left = hashlib.sha256(), size
    while left:
        piece = source.read(min(PIECE, left))
        if not piece:
            raise ArchiveError("ends too early")
        found.update(piece)
        write(piece)
        left -= len(piece)
    return found.hexdigest()
