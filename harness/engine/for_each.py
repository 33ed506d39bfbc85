"""One contract for many subjects: ``for_each`` finds their files, and each gets inputs of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from glob import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.engine.in_force import in_force
from harness.model.contract import Contract, Input

if TYPE_CHECKING:
    from pathlib import Path

    from harness.engine.project import Project


def expand(project: Project, contract: Contract) -> tuple[Contract, ...]:
    """Returns the contract once for each file that its ``for_each`` finds, in the order of their names.

    In inputs ``{file}`` stands for that file, ``{folder}`` for the folder that it lies in and ``{name}``
    for the last part of that; the subject is called as the folder, or as the file where a folder holds
    several. A contract without ``for_each``, and one whose ``for_each`` finds nothing, is returned as it
    is: of the latter no input exists.
    """
    if contract.for_each is None:
        return (in_force(contract, project.root),)
    found = sorted(_matches(os.fspath(project.root), contract.for_each))
    folders = [os.path.dirname(file) for file in found]
    crowded = {folder for folder, after in pairwise(folders) if folder == after}
    subjects = tuple(
        in_force(_bound(contract, file, folder, file if folder in crowded else folder or file), project.root)
        for file, folder in zip(found, folders, strict=True)
    )
    return subjects or (contract,)


def finds_none(project: Project, contract: Contract) -> bool:
    """Tells whether a contract as ``expand`` returns it has a ``for_each`` that no file fits."""
    if contract.for_each is None or contract.subject != contract.name:
        return False
    return next(_matches(os.fspath(project.root), contract.for_each), None) is None


def _bound(contract: Contract, file: str, folder: str, subject: str) -> Contract:
    inputs = {name: _filled(item, file, folder) for name, item in contract.inputs.items()}
    return replace(contract, subject=subject, inputs=inputs)


def _filled(item: Input, file: str, folder: str) -> Input:
    """Fills in a path as it is, and a glob so that the folder's own brackets and stars mean themselves."""
    if item.file is not None and "{" in item.file:
        return replace(item, file=_fill(item.file, file, folder or "."))
    if item.files is not None and "{" in item.files:
        return replace(item, files=_fill(item.files, escape(file), escape(folder or ".")))
    return item


def _fill(text: str, file: str, folder: str) -> str:
    name = folder.rpartition("/")[2]
    return text.replace("{file}", file).replace("{folder}", folder).replace("{name}", name)


def _matches(root: str, pattern: str) -> Iterator[str]:
    """Yields the files below the root that a glob finds, as paths with slashes; hidden ones are left out."""
    import glob

    for found in glob.iglob(pattern, root_dir=root, recursive=True):
        if os.path.isfile(os.path.join(root, found)):
            yield found.replace(os.sep, "/")


def globbed(root: Path, pattern: str) -> list[tuple[str, str]]:
    """Returns (name, path) of the files below the root that a glob finds, hidden ones too, in name order."""
    from glob import iglob

    names = set(iglob(pattern, root_dir=root, recursive=True, include_hidden=True))
    found = ((name.replace(os.sep, "/"), os.path.join(root, name)) for name in sorted(names))
    return [(name, path) for name, path in found if os.path.isfile(path)]
