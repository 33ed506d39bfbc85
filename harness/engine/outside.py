"""Whether an input lies in its project, or where the project says that inputs may lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from harness.engine.project import CONFIG, Project
from harness.model.contract import Contract

HINT = f'name its folder in {CONFIG}: [inputs] outside = ["…"]'


class Inside:
    """Tells which paths lie below a project's root or one of the folders that it names, links followed."""

    def __init__(self, project: Project) -> None:
        self._roots = _roots(os.fspath(project.root), project.outside)
        self._folders: dict[str, str] = {}

    def elsewhere(self, path: str) -> str:
        """Returns where a path really leads if that is outside; empty if it lies inside."""
        folder, name = os.path.split(os.path.normpath(path))
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        found = os.path.realpath(path) if os.path.islink(path) else os.path.join(real, name)
        return "" if f"{found}/".startswith(self._roots) else found

    def kept(self, name: str, path: str) -> tuple[str, str]:
        """Returns name and path of a file, without the path where it leads out of the project.

        Files of attached runs are held by the manifests that they were attached with.
        """
        return (name, path) if name.startswith("attached:") or not self.elsewhere(path) else (name, "")


@lru_cache(maxsize=64)
def _roots(root: str, outside: tuple[str, ...]) -> tuple[str, ...]:
    named = (os.path.join(root, os.path.expanduser(folder)) for folder in outside)
    return tuple(os.path.realpath(path).rstrip("/") + "/" for path in (root, *named))


def leading_out(project: Project, contract: Contract) -> Iterator[tuple[str, str]]:
    """Yields the place of each input of a contract whose path leads out of its project, and where to."""
    inside = Inside(project)
    root = os.fspath(project.root)
    for name, item in contract.inputs.items():
        text = item.file if item.file is not None else item.files
        if text is None or item.remote is not None or text.startswith("attached:"):
            continue
        key = "file" if item.file is not None else "files"
        if where := inside.elsewhere(os.path.join(root, _fixed(text, glob=key == "files"))):
            yield f"inputs.{name}.{key}", where
    if contract.for_each is not None:
        where = inside.elsewhere(os.path.join(root, _fixed(contract.for_each, glob=True)))
        if where:
            yield "for_each", where


def _fixed(text: str, *, glob: bool) -> str:
    """Returns the folders that a path begins with before anything in it stands for something else."""
    marks = "*?[{" if glob else "{"
    parts = text.split("/")
    fixed = next((at for at, part in enumerate(parts) if any(mark in part for mark in marks)), None)
    return text if fixed is None else "/".join(parts[:fixed])
