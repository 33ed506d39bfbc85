"""Whether ``code:`` names every file of the project that a run executes: others could change unseen."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from harness.model.contract import Run
from harness.model.problem import InputError
from harness.runs.identity import corpora_of, globbed
from harness.runs.syntax import imports, imports_of

_HARNESS = Path(__file__).resolve().parents[1]
_INSTALLED = ("site-packages", "dist-packages", ".harness")


def uncovered(run: Run, root: Path) -> str:
    """Says which file of the project a run would execute that its globs do not match; empty if none is.

    Looked at without running anything: the arguments of ``command:``, the module of ``python:``, and what
    they and the Python files among ``code:`` import. Raises ``InputError`` for globs that match nothing.
    """
    if run.system is not None:
        return ""
    top = root.resolve()
    files = covered(run, top)
    scripts = list(_scripts(run, top))
    bases = [*dict.fromkeys(path.parent for path, _ in scripts if path.suffix == ".py"), top]
    wanted = [*scripts, *_entries(run, top)]
    for path in sorted({*files, *(path for path, _ in scripts)}):
        if path.suffix == ".py":
            shown = path.relative_to(top).as_posix()
            wanted += [(found, f"{shown} imports it") for found in _imported(path, bases)]
    for path, why in wanted:
        if own(path, top) and not _within(path, files):
            return _missing(path.relative_to(top).as_posix(), why)
    return ""


def covered(run: Run, root: Path) -> frozenset[Path]:
    """Returns the files whose bytes are part of a run's identity; raises ``InputError``."""
    corpora = corpora_of(run)
    return globbed([*run.code, *(text for text in run.data if text not in corpora)], root)


def unnamed(run: Run, root: Path, loaded: Iterable[str]) -> str:
    """Says which of the ``loaded`` files, as a worker told them, no glob matches; empty if all are."""
    top, names = root.resolve(), tuple(loaded)
    files = covered(run, top) if names else frozenset()
    for name in names:
        if not _within(top / name, files):
            return _missing(name, "the run loaded it")
    return ""


def loaded_files(root: Path) -> list[str]:
    """Returns the files of the project, below its ``root``, that this process has modules from."""
    top = root.resolve()
    spaces: list[Mapping[str, object]] = [getattr(each, "__dict__", {}) for each in [*sys.modules.values()]]
    named = {file for space in spaces if isinstance(file := space.get("__file__"), str)}
    paths = [Path(os.path.abspath(file)) for file in named]
    return sorted(path.relative_to(top).as_posix() for path in paths if own(path, top) and path.is_file())


def own(path: Path, root: Path) -> bool:
    """Tells whether a file is the project's own: below its root and not installed there with libraries."""
    if not path.is_relative_to(root) or path.is_relative_to(_HARNESS):
        return False
    inside = path.relative_to(root)
    if any(part in _INSTALLED for part in inside.parts):
        return False
    return not any((root / folder / "pyvenv.cfg").is_file() for folder in inside.parents if folder.parts)


def _missing(name: str, why: str) -> str:
    return f"{name} is not covered ({why}), so that a change of it would go unnoticed: add it to code:"


def _within(path: Path, files: frozenset[Path]) -> bool:
    return path in files or path.resolve() in {file.resolve() for file in files}


def _scripts(run: Run, root: Path) -> Iterator[tuple[Path, str]]:
    """Yields the files that the words of a command name, also where a word says ``--option=FILE``."""
    for argument in run.command or ():
        for word in _words(argument):
            for text in (word, word.partition("=")[2]):
                path = Path(os.path.abspath(root / text)) if text and "\0" not in text else root
                for choice in (path, path / "__main__.py"):
                    if os.path.isfile(choice):  # no error for a word too long to be a name
                        yield choice, "command: names it"


def _words(argument: str) -> Sequence[str]:
    """Splits an argument that is itself a command line, such as that of ``sh -c``."""
    try:
        return [argument, *shlex.split(argument)] if " " in argument else [argument]
    except ValueError:
        return [argument]


def _entries(run: Run, root: Path) -> Iterator[tuple[Path, str]]:
    """Yields the files of the module that a run names, of ``python -m`` and of what ``python -c`` imports."""
    if run.python is not None:
        yield from ((path, "python: names it") for path in _files(run.python.partition(":")[0], root))
    command = run.command or ()
    for option, value in pairwise(command):
        if option == "-m":
            names = [value, f"{value}.__main__"]
        elif option == "-c":
            names = [name for _, name in _parsed(value.encode())]
        else:
            continue
        yield from ((path, "command: names it") for name in names for path in _files(name, root))


def _parsed(source: bytes) -> Sequence[tuple[int, str]]:
    try:
        return imports_of(source)
    except InputError:
        return ()


def _imported(path: Path, bases: Sequence[Path]) -> Iterator[Path]:
    """Yields the files that the imports of a module execute; nothing where it is not Python after all."""
    try:
        found = imports(path)
    except InputError:
        return
    package = path.parent
    while (package / "__init__.py").is_file():
        package = package.parent
    for level, name in found:
        if level:
            yield from _files(name, path.parents[min(level, len(path.parents)) - 1])
            continue
        usual = (list(_files(name, base)) for base in bases)
        of_package = () if name.partition(".")[0] in sys.stdlib_module_names else _files(name, package)
        yield from next(filter(None, usual), of_package)


def _files(name: str, base: Path) -> Iterator[Path]:
    """Yields what importing a dotted name from a folder executes: the packages above it, and the module."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:depth])
        choices = (place / "__init__.py", place.parent / f"{place.name}.py")
        yield from [path for path in choices if path.is_file()][:1]
