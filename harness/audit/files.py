"""What lies in the paths of an audit: which files are texts, logs and checkpoints, and which go together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath

from harness.artifacts.place import Place

TEXTS = frozenset({".md", ".markdown", ".txt", ".rst", ".text", ".html", ".mdx"})
LOGS = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".log"})
JSON = ".json"
CHECKPOINTS = frozenset({".safetensors"})
MAX_TEXT = 8 * 2**20
MAX_FILES = 2000
_SKIPPED = frozenset({".git", ".venv", "node_modules", "__pycache__", ".harness", "site-packages"})
_CONFIGS = ("config.json", "params.json")
_SETTINGS = frozenset(
    """config configuration cfg hparams hyperparameters params args arguments settings options setup
    conf""".split()
)
"""Words of the name of a file that holds what a run was set to."""
_YAML = frozenset({".yaml", ".yml"})
_CARDS = frozenset(("readme", "card", "model_card", "modelcard"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """The files of one folder that an audit can read, by what they are."""

    path: PurePath
    texts: tuple[Place, ...] = ()
    logs: tuple[Place, ...] = ()
    checkpoints: tuple[Place, ...] = ()
    config: Place | None = None
    settings: tuple[Place, ...] = ()

    @property
    def cards(self) -> tuple[Place, ...]:
        """The texts that speak of the folder: its README or card, else all."""
        return tuple(path for path in self.texts if path.stem.lower() in _CARDS) or self.texts


def folders(paths: Sequence[Place], left_out: list[str]) -> Iterator[Folder]:
    """Groups the files of the paths by folder; files that are named one by one too.

    A path with more than ``MAX_FILES`` files is named in ``left_out``.
    """
    found: dict[PurePath, list[Place]] = {}
    for path in paths:
        files = list(islice(_files(path), MAX_FILES + 1))
        if len(files) > MAX_FILES:
            left_out.append(f"{path}: more than {MAX_FILES} files, the others were not read")
        for file in sorted(files[:MAX_FILES], key=str):
            parent = file.parent
            # A remote folder is only ever compared with others: slashes are all it needs.
            group = found.setdefault(parent if isinstance(parent, Path) else PurePosixPath(str(parent)), [])
            if file not in group:
                group.append(file)
    for parent, files in found.items():
        yield _folder(parent, files)


def _files(path: Place) -> Iterator[Place]:
    if path.is_file() or not isinstance(path, Path):
        yield path
        return
    for root, names, files in os.walk(path):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        for name in sorted(files):
            file = Path(root) / name
            if file.is_file():
                yield file


def _folder(parent: PurePath, files: Sequence[Place]) -> Folder:
    config = next((file for file in files if file.name in _CONFIGS), None)
    index = [file for file in files if file.name.endswith(".safetensors.index.json")]
    settings = tuple(file for file in files if _is_settings(file))
    return Folder(
        path=parent,
        texts=tuple(file for file in files if file.suffix.lower() in TEXTS and not _is_log(file)),
        logs=tuple(
            file
            for file in files
            if file.suffix.lower() in LOGS
            or _is_log(file)
            or (file.suffix == JSON and file != config and file not in (*index, *settings))
        ),
        checkpoints=(*(file for file in files if file.suffix in CHECKPOINTS), *index),
        config=config,
        settings=settings,
    )


def _is_settings(file: Place) -> bool:
    words = re.split(r"[\W_]+", file.stem.lower())
    return (file.suffix == JSON or file.suffix in _YAML) and bool(_SETTINGS & set(words))


def _is_log(file: Place) -> bool:
    return file.suffix == ".txt" and any(word in file.stem.lower() for word in ("log", "stdout"))
