"""The leaves of a JSON document with their paths and lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from harness.logs._json import NotStrict, decoder
from harness.model.problem import InputError
from harness.model.values import Cell

Path = tuple[str, ...]
_SPACE = re.compile(r"[ \t\r\n]*")
_OPEN = {"{": "}", "[": "]"}
DEEP = 40


def leaves(name: str, data: bytes) -> tuple[tuple[Path, Cell, int], ...]:
    """Returns path, value and line of every leaf of a document; raises ``InputError``.

    Malformed bytes, a key given twice in one object, and what nests deeper than ``DEEP`` are refused.
    """
    try:
        text = data.decode("utf-8-sig")
        decoder().decode(text)  # strict as a whole, before it is walked
        return tuple((path, value, 1 + text.count("\n", 0, at)) for path, value, at in _walk(text, 0, ())[0])
    except (json.JSONDecodeError, UnicodeDecodeError, NotStrict) as error:
        raise InputError(f"{name}: not strict JSON ({error})") from error
    except RecursionError:
        raise InputError(f"{name}: nested too deeply") from None


Leaf = tuple[Path, Any, int]


def _walk(text: str, at: int, path: Path) -> tuple[list[Leaf], int]:
    """Returns the leaves of the value at a position, and the position after it."""
    at = _after(text, at)
    close = _OPEN.get(text[at])
    if close is None:
        value, end = decoder().raw_decode(text, at)
        return [(path, value, at)], end
    if len(path) >= DEEP:
        raise NotStrict("nested too deeply")
    found: list[Leaf] = []
    at, index = _after(text, at + 1), 0
    while text[at] != close:
        key = str(index)
        if close == "}":
            key, at = decoder().raw_decode(text, at)
            at = _after(text, at) + 1
        inner, at = _walk(text, at, (*path, key))
        found += inner
        at, index = _after(text, at), index + 1
        if text[at] == ",":
            at = _after(text, at + 1)
    return found, at + 1


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def at_path(found: tuple[tuple[Path, Cell, int], ...], pattern: str) -> Iterator[tuple[Path, Cell, int]]:
    """Yields the leaves at a dotted path, in which ``*`` stands for one step, or for a part of one.

    A name that holds dots itself is found where the whole rest of the path is that name.
    """
    wanted = tuple(pattern.split("."))
    for path, value, line in found:
        same = len(path) == len(wanted) and all(
            w in ("*", p) or ("*" in w and fnmatchcase(p, w)) for w, p in zip(wanted, path, strict=True)
        )
        if same or (path and ".".join(path) == pattern):
            yield path, value, line
