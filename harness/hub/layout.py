"""Lays a published repository out as the project that its evidence speaks of, so that it can be verified."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.artifacts.digests import file_sha256, folder_files
from harness.evidence.digests import read_regular
from harness.evidence.seal import check_path
from harness.evidence.statement import EvidenceError, parse_statement
from harness.hub.release import CLAIMS, File
from harness.model.problem import InputError


def lay_out(folder: Path, into: Path) -> None:
    """Copies the claims of a downloaded repository into an empty folder, and its weights where they belong.

    A judged file that did not come along by its name is taken from the published file with the same bytes.
    Raises ``InputError`` where there are no claims, or one of them is a link.
    """
    claims = folder / CLAIMS
    if not claims.is_dir():
        raise InputError(f"{folder} holds no {CLAIMS}/: it was not published with its evidence")
    shutil.copytree(claims, into, dirs_exist_ok=True, symlinks=True)
    folder_files(into)  # refuses links
    published = {
        file_sha256(path): path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(claims)
    }
    for name, sha256 in _judged(into):
        target = into / name
        if sha256 in published and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _same(published[sha256], target)


def stage(files: Mapping[str, File], texts: Mapping[str, bytes], into: Path) -> None:
    """Lays a release out in an empty folder as it would arrive, before anything of it is sent."""
    for name, file in files.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _same(file.path.resolve(), target)
    for name, data in texts.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes(data)


def _same(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _judged(root: Path) -> Iterator[tuple[str, str]]:
    """Yields name and digest of every file that evidence below a folder rests on, by plain names."""
    for path in sorted(root.rglob("*.json")):
        try:
            materials = parse_statement(read_regular(path))["predicate"]["materials"]
            found = [(str(item["name"]), str(item["digest"]["sha256"])) for item in materials]
        except (EvidenceError, KeyError, TypeError, OSError):
            continue
        for name, sha256 in found:
            try:
                check_path(name)
            except ValueError:
                continue
            yield name, sha256
