"""The digest of Python source that comments, spacing and docstrings leave unchanged."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from harness.model.problem import InputError

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def syntax_digest(paths: Iterable[Path]) -> str:
    """Returns one digest of the syntax trees of several modules, in the order of their file names.

    Equal under every Python version that parses the sources alike. Raises ``InputError`` for a file
    that is missing or is not Python.
    """
    whole = hashlib.sha256()
    for path in sorted(set(paths), key=lambda path: (path.name, path.as_posix())):
        whole.update(f"{path.name}:{_digest_of(_read(path))}\n".encode())
    return whole.hexdigest()


def imported(path: Path) -> tuple[str, ...]:
    """Returns the dotted names that a module imports anywhere in it, without running it."""
    return tuple(name for level, name in imports(path) if not level)


def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Returns the same with how many dots stand before each: 0 for an import that is not relative."""
    return imports_of(_read(path))


def imports_of(source: bytes) -> tuple[tuple[int, str], ...]:
    """Returns what Python source imports; raises ``InputError`` for what is not Python."""
    names: list[tuple[int, str]] = []
    for node in ast.walk(_parse(source)):
        if isinstance(node, ast.Import):
            names += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = [node.module] if node.module else []
            names += [(node.level, ".".join(above)) for _ in above]
            names += [(node.level, ".".join([*above, alias.name])) for alias in node.names]
    return tuple(names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", reason="MISSING_INPUT") from error


def _parse(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"not Python: {error}") from error


@lru_cache(maxsize=256)
def _digest_of(source: bytes) -> str:
    return hashlib.sha256(_canonical(_parse(source)).encode()).hexdigest()


def _canonical(node: object) -> str:
    """Writes a tree as text. Absent fields are left out: newer versions of Python only add some."""
    if isinstance(node, ast.AST):
        fields = ((name, _field(node, name)) for name in node._fields)
        inner = ", ".join(f"{name}={_canonical(value)}" for name, value in fields if value not in (None, []))
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{', '.join(map(_canonical, node))}]"
    return repr(node)


def _field(node: ast.AST, name: str) -> object:
    value: object = getattr(node, name, None)
    if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        return node.body[1:]
    return value
