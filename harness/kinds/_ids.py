"""Ids of items as two lists write them: those that may be one item though their letters differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_LEADING = re.compile(r"^(?:\./)+")


def unlike(log: Iterable[str], held: Iterable[str]) -> str | None:
    """Returns why two lists without a common id say nothing of each other; None where they can be compared.

    Ids that are the same but for case, leading zeros or the folders before them may be one item. A number
    is not found among names, nor a whole path among parts of paths.
    """
    kept, ours = {_loose(one): one for one in held}, {_loose(one): one for one in log}
    ends = {end: one for loose, one in kept.items() for end in _ends(loose)}
    for loose, one in ours.items():
        other = ends.get(loose) or next((kept[end] for end in _ends(loose) if end in kept), None)
        if other is not None:
            return f"served {one} and held-out {other} may be one item"
    known = {_form(one): one for one in kept}
    for loose, one in ours.items():
        if known and _form(loose) not in known:
            held_form, held_one = next(iter(known.items()))
            return f"served {one} is {_form(loose)} and held-out {kept[held_one]} is {held_form}"
    return None


def _loose(text: str) -> str:
    """Returns an id without case and leading zeros, with one kind of slash."""
    return _LEADING.sub("", _ZEROS.sub("", text.strip().casefold().replace("\\", "/")))


def _ends(loose: str) -> Iterator[str]:
    """Yields an id and what is left of it as its folders are taken away."""
    yield loose
    while "/" in loose:
        loose = loose.partition("/")[2]
        if loose:
            yield loose


def _form(loose: str) -> str:
    if re.fullmatch(r"-?\d+(?:\.0+|/\d+)?", loose):
        return "a number"
    if loose.startswith("/") or "://" in loose or loose[1:3] == ":/":
        return "a whole path"
    return "part of a path" if "/" in loose else "a name"
