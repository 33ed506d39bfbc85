"""The checkpoints among the files of an input: the safetensors of each folder are one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.artifacts.digests import folder_files
from harness.artifacts.safetensors_file import Tensor, read_shards
from harness.model.kind import Subject
from harness.model.problem import InputError

_PICKLED = frozenset({".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"})


def checkpoints(subjects: Sequence[Subject]) -> list[tuple[str, tuple[Tensor, ...]]]:
    """Groups the files by folder, one checkpoint each; the first subject's name says where it is.

    Raises ``InputError`` where no file is of safetensors: what may be a pickle is never opened.
    """
    groups: dict[Path, tuple[str, list[Path]]] = {}
    for subject in subjects:
        path = Path(subject.path)
        for file in folder_files(path) if path.is_dir() else (path,):
            groups.setdefault(file.parent, (subject.name, []))[1].append(file)
    weighty = {
        folder: (name, files)
        for folder, (name, files) in groups.items()
        if any(file.suffix == ".safetensors" for file in files)
    }
    if not weighty:
        raise InputError(_no_checkpoint([file for _, files in groups.values() for file in files]))
    return [(name, read_shards(files)) for name, files in weighty.values()]


def _no_checkpoint(files: Sequence[Path]) -> str:
    pickled = [file.name for file in files if file.suffix in _PICKLED]
    if pickled:
        return f"{pickled[0]} may be a pickle, which is never opened: save the weights as safetensors"
    return f"no .safetensors file among {len(files)} files"
