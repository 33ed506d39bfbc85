"""Digests of files and folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.model.problem import InputError


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes in hex, reading it in pieces; raises ``InputError``."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", reason="MISSING_INPUT") from error


def folder_files(folder: Path) -> tuple[Path, ...]:
    """Returns every file below a folder, sorted by relative path; raises ``InputError`` on a link."""
    found = []
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise InputError(f"{path} is a symbolic link: its bytes are elsewhere")
        if path.is_file():
            found.append(path)
        elif not path.is_dir():
            raise InputError(f"{path} is neither a file nor a folder")
    return tuple(sorted(found, key=lambda path: path.relative_to(folder).as_posix()))


def manifest(
    root: Path, paths: Iterable[Path], sha256_of: Callable[[Path], str] = file_sha256
) -> Mapping[str, str]:
    """Returns relative path to digest for files below ``root``, in the order of the paths."""
    names = {path.relative_to(root).as_posix(): path for path in paths}
    return {name: sha256_of(names[name]) for name in sorted(names)}


def manifest_sha256(entries: Mapping[str, str]) -> str:
    """Returns the digest of a manifest: its canonical JSON (RFC 8785) as a list of [path, digest]."""
    import rfc8785

    return hashlib.sha256(rfc8785.dumps([[name, entries[name]] for name in sorted(entries)])).hexdigest()


def folder_sha256(folder: Path, sha256_of: Callable[[Path], str] = file_sha256) -> str:
    """Returns the digest of a folder's manifest: names and bytes count, times and modes do not."""
    return manifest_sha256(manifest(folder, folder_files(folder), sha256_of))
