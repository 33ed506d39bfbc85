"""Finished runs that were attached: a manifest of their bytes, written once, against which they are held."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.evidence.digests import bytes_digest, read_regular, sha256_file
from harness.evidence.memo import write_atomically
from harness.model.problem import InputError

PREFIX = "attached:"
FOLDER = "attached"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_CONFIG = re.compile(r"(?:config|args|hparams|params|settings).*\.(?:json|ya?ml|toml)\Z|.*\.(?:ya?ml|toml)\Z")
_SEED = re.compile(r"""["']?\b(\w*seed)["']?\s*[:=]\s*(\d{1,19})\b""", re.IGNORECASE)
_MAX_CONFIG = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """One attached run: where its folder is, the digest and length of every file, and what was found.

    ``commit`` is that of the repository around the folder, with a ``+`` if files of it were changed;
    ``seeds`` are numbers that a config calls a seed. Only ``files`` binds; the rest is for people.
    """

    name: str
    folder: str
    files: Mapping[str, tuple[str, int]]
    time: str
    commit: str | None = None
    configs: tuple[str, ...] = ()
    seeds: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Returns the record as a JSON object, with a digest over its manifest."""
        files = {name: {"sha256": sha, "bytes": size} for name, (sha, size) in sorted(self.files.items())}
        return {
            "attached": 1,
            "name": self.name,
            "folder": self.folder,
            "attachedOn": self.time,
            "commit": self.commit,
            "configs": list(self.configs),
            "seeds": dict(self.seeds),
            "files": files,
            "manifest": _digest(files),
        }


def _digest(files: Mapping[str, Any]) -> str:
    return bytes_digest(json.dumps(files, sort_keys=True, separators=(",", ":")).encode())


def look(folder: Path) -> tuple[dict[str, tuple[str, int]], tuple[str, ...], dict[str, int]]:
    """Returns digest and length of every file below a folder, its configs, and the seeds they name.

    Raises ``InputError`` for a link, for anything else that is no file, and where there is no file.
    """
    found: dict[str, tuple[str, int]] = {}
    seeds: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError(f"{name} is a link or no plain file: its bytes are elsewhere")
        if path.is_file():
            found[name] = (sha256_file(os.fspath(path)), path.stat().st_size)
    configs = tuple(name for name in found if _CONFIG.match(name.rpartition("/")[2]))
    for name in configs:
        if found[name][1] <= _MAX_CONFIG:
            text = (folder / name).read_bytes().decode("utf-8", "replace")
            seeds |= {f"{name}: {match[1]}": int(match[2]) for match in _SEED.finditer(text)}
    if not found:
        raise InputError(f"{folder}: there is no file to attach", "MISSING_INPUT")
    return found, configs, seeds


def write_attached(evidence: Path, run: Attached) -> Path:
    """Writes the record of a run once; raises ``InputError`` if that name stands for other bytes."""
    if not _NAME.match(run.name):
        raise InputError(f"{run.name!r} may hold letters, digits, dot, dash and underscore")
    path = evidence / FOLDER / f"{run.name}.json"
    if path.exists():
        before = read_attached(evidence, run.name)
        if (before.files, before.folder) != (run.files, run.folder):
            raise InputError(f"{run.name} is attached already, with other files or from another folder")
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(run.document(), indent=1, sort_keys=True).encode() + b"\n")
    return path


def read_attached(evidence: Path, name: str) -> Attached:
    """Reads a record; raises ``InputError``: no such run, or a record that was edited."""
    path = evidence / FOLDER / f"{name}.json"
    if not _NAME.match(name) or not path.is_file():
        raise InputError(f"no run is attached as {name!r}: harness attach FOLDER", "MISSING_INPUT")
    try:
        told = json.loads(read_regular(path))
        files = told["files"]
        if told["manifest"] != _digest(files) or told["name"] != name:
            raise InputError(f"the record of the attached run {name} was edited: attach it again")
        return Attached(
            name=name,
            folder=str(told["folder"]),
            files={key: (str(entry["sha256"]), int(entry["bytes"])) for key, entry in files.items()},
            time=str(told["attachedOn"]),
            commit=told["commit"],
            configs=tuple(told["configs"]),
            seeds=dict(told["seeds"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the record of the attached run {name} cannot be read ({error!r})") from error


def attached_names(evidence: Path) -> tuple[str, ...]:
    """Returns the names of all attached runs."""
    return tuple(sorted(path.stem for path in (evidence / FOLDER).glob("*.json")))


def differences(run: Attached, folder: Path) -> Iterator[str]:
    """Yields every file that is gone, new or has other bytes than when the run was attached."""
    if not folder.is_dir():
        yield f"{run.folder}: the folder is not there"
        return
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(run.files.keys() | here.keys()):
        if name not in here:
            yield f"{name} is gone"
        elif name not in run.files:
            yield f"{name} is new"
        elif here[name].is_symlink() or sha256_file(os.fspath(here[name])) != run.files[name][0]:
            yield f"{name} has other bytes"


def split(written: str) -> tuple[str, str]:
    """Splits ``attached:name/path`` into the run's name and the path inside it, empty for all of it."""
    name, _, rest = written.removeprefix(PREFIX).partition("/")
    return name, rest.strip("/")


def chosen(run: Attached, rest: str) -> list[str]:
    """Returns the files of a run that a path inside it means; raises ``InputError`` if there is none."""
    found = [name for name in run.files if not rest or name == rest or name.startswith(f"{rest}/")]
    if not found:
        raise InputError(f"the attached run {run.name} has no {rest}", "MISSING_INPUT")
    return sorted(found)
