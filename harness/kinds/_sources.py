"""What files state, read once: the bytes of one, the statements of a log, the leaves of a document."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.logs._leaves import Path as Keys
    from harness.logs._said import Statement
    from harness.model.values import Cell


@lru_cache(maxsize=64)
def content(path: str, sha256: str) -> bytes:  # noqa: ARG001 - the digest is part of what is remembered
    """Returns the bytes of a file; raises ``InputError``."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", "MISSING_INPUT") from error


@lru_cache(maxsize=64)
def said(path: str, sha256: str) -> Mapping[str, list[Statement]]:
    """Returns the statements of a log by their words: there are few of these, and many statements."""
    from harness.logs._said import statements
    from harness.logs._text import encoding

    data = content(path, sha256)
    found: dict[str, list[Statement]] = {}
    for one in statements(data.decode(encoding(data[:2]), "replace")):
        found.setdefault(one.key, []).append(one)
    return found


@lru_cache(maxsize=64)
def unsaid(path: str, sha256: str) -> tuple[Statement, ...]:
    """Returns the statements of a log whose values are no numbers."""
    from harness.logs._said import NO_NUMBER, statements
    from harness.logs._text import encoding

    data = content(path, sha256)
    return statements(data.decode(encoding(data[:2]), "replace"), NO_NUMBER)


@lru_cache(maxsize=64)
def document(name: str, path: str, sha256: str) -> tuple[tuple[Keys, Cell, int], ...]:
    """Returns the leaves of a document; raises ``InputError``."""
    from harness.logs._leaves import leaves

    return leaves(name, content(path, sha256))
