"""What lies in a folder: logs that a reader knows, and checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drafting.guesses import counting
from harness.logs._read import read_frames
from harness.logs._restarts import STEPS
from harness.model.frame import Frame
from harness.model.problem import InputError

MAX_FILES = 20_000
MAX_DOCUMENT = 64 * 2**20
_LOGS = frozenset((".jsonl", ".ndjson", ".csv", ".tsv", ".log", ".txt", ".out", ".err", ".json"))
_QUIET = frozenset((".json", ".txt", ".out", ".err"))
"""Files of these names are so often something else that a reader's refusal is not worth a word."""
_TABLES = frozenset((".csv", ".tsv"))
"""A table of these names is a log if any column counts up."""
MAX_CARD = 2**20
_CARDS = frozenset(("readme", "card", "model_card", "modelcard"))
_PICKLED = frozenset((".bin", ".pt", ".pth", ".ckpt"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """A log that could be read: its path and its rows."""

    path: Path
    frame: Frame


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What was found: the log with the most rows, the checkpoint beside it, and what was passed over.

    ``others`` are the logs that could be read too, those with more rows first, ``cards`` the texts, and
    ``files`` everything.
    """

    log: Log | None
    weights: Path | None
    remarks: tuple[str, ...] = ()
    cards: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    others: tuple[Log, ...] = ()


def survey(path: Path) -> Survey:
    """Looks at a file, or at every file below a folder; nothing is unpickled.

    Raises ``InputError`` where there is nothing at the path, or a single file that cannot be read.
    """
    if path.is_file():
        return _single(path)
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder", "MISSING_INPUT")
    files, remarks = list(_files(path)), []
    logs: list[Log] = []
    for file in files:
        try:
            logs += [log for log in (_log(file),) if log is not None]
        except InputError as error:
            if file.suffix not in _QUIET or file.name == "trainer_state.json":
                remarks.append(str(error))
    logs.sort(key=lambda log: (-len(log.frame), len(log.path.parts), log.path.as_posix()))
    remarks += [f"another log: {log.path.relative_to(path).as_posix()}" for log in logs[1:6]]
    weights = _weights(files, logs[0].path.parent if logs else path)
    pickles = [file.name for file in files if file.suffix in _PICKLED]
    if weights is None and pickles:
        remarks.append(
            f"{pickles[0]} may be a pickle, which is never opened: save the weights as safetensors"
        )
    return Survey(
        log=logs[0] if logs else None,
        weights=weights,
        remarks=tuple(remarks),
        cards=tuple(file for file in files if _is_card(file)),
        files=tuple(files),
        others=tuple(logs[1:]),
    )


def _single(path: Path) -> Survey:
    if path.suffix == ".safetensors":
        return Survey(log=None, weights=path)
    if _is_card(path):
        return Survey(log=None, weights=None, cards=(path,), files=(path,))
    frames = read_frames([(path.name, path)])
    return Survey(log=Log(path=path, frame=frames[0]), weights=None)


def _is_card(path: Path) -> bool:
    return path.suffix.lower() == ".md" and path.stem.lower() in _CARDS and path.stat().st_size <= MAX_CARD


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in parts):
            count += 1
            if count > MAX_FILES:
                raise InputError(f"{folder}: more than {MAX_FILES} files; name the run's own folder")
            yield path


def _log(path: Path) -> Log | None:
    """Reads a file if its name lets it be a log and its rows have a step or an epoch."""
    if path.suffix not in _LOGS or path.stat().st_size == 0:
        return None
    if path.suffix == ".json" and path.stat().st_size > MAX_DOCUMENT:
        return None
    frames = read_frames([(path.name, path)])
    frame = frames[0]
    counted = any(name in frame.columns for name in (*STEPS, "epoch")) or (
        path.suffix in _TABLES and bool(counting(frame))
    )
    return Log(path=path, frame=frame) if counted and len(frame) > 1 else None


def _weights(files: Sequence[Path], near: Path) -> Path | None:
    """Returns the checkpoint beside the log, else the last one: its file, or its folder of shards."""
    folders: dict[Path, list[Path]] = {}
    for file in files:
        if file.suffix == ".safetensors":
            folders.setdefault(file.parent, []).append(file)
    if not folders:
        return None
    chosen = near if near in folders else max(folders, key=lambda f: (_number(f.name), -len(f.parts), f.name))
    return folders[chosen][0] if len(folders[chosen]) == 1 else chosen


def _number(name: str) -> int:
    found = re.search(r"(\d+)$", name)
    return int(found[1]) if found else -1
