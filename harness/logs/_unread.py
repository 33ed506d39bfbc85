"""What stands after a key of a text log and is no number: such a value is never the same as none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.model.values import Cell, Printed

EMPTY = "(empty)"
"""The cell of a known key after which nothing stands."""
_NAN = re.compile(
    r"[+-]?(?:1\.#(?:[QS]?NAN|IND)\w*|nan(?:\(.*\)|\d\w*)?|[qs]nan|none|null|<na>|n/?a)\Z", re.IGNORECASE
)
_INF = re.compile(r"(?P<sign>[+-]?)(?:1\.#INF\w*|inf(?:inity)?|∞)\Z", re.IGNORECASE)
_PROSE = re.compile(r"\(?[A-Za-z][A-Za-z'-]*[.!?:)]*\Z")
_COMMA = re.compile(
    r"(?<![\w./@-])(?P<key>[A-Za-z_][\w./@-]*(?: +[A-Za-z_][\w./@-]*){0,3})\s*[:=]?\s*"
    r"(?P<value>[+-]?\d+,\d+(?:[eE][+-]?\d+)?)(?=$|[\s;|)\]}%]|,\s)"
)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+\Z")
_BEFORE = frozenset(",;|:[]{}()-=>\t")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """One value that was not understood: its columns, its cell, and where key and value stand."""

    columns: tuple[str, ...]
    cell: Cell
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The keys that some line of a log gives a number: how they are written, and their columns."""

    pattern: re.Pattern[str] | None
    columns: Mapping[str, tuple[str, ...]]


def known(names: Iterable[str], units: Iterable[str]) -> Known:
    """Returns the keys behind the columns of a log; ``time_ms`` is also the key ``time``."""
    columns: dict[str, list[str]] = {}
    # "loss is nan" reads as a key "loss is": it is said of the loss.
    names = [name for name in names if not name.endswith(("_is", "_was", "_became"))]
    for name in names:
        stems = [name, *(name.removesuffix(f"_{unit}") for unit in units if name.endswith(f"_{unit}"))]
        for stem in stems:
            columns.setdefault(stem.casefold(), []).append(name)
    for name in names:
        columns[name.casefold()] = [
            one for one in columns[name.casefold()] if one.casefold() == name.casefold()
        ]
    # In a name every sign that no name has became "_".
    written = [re.escape(stem).replace("_", r"(?:_|[^\w./@-]+)") for stem in sorted(columns, key=len)[::-1]]
    key = rf"(?<![\w./@-])(?P<key>{'|'.join(written)})(?![\w./@-])\)?"
    pattern = rf"{key}(?P<mark>\s*[:=]+\s*|\s+(?:(?:is|was|became)\s+)?|)"
    return Known(
        pattern=re.compile(pattern + r"(?P<value>(?:[^\s,;|\[\]{}]|,(?=\d))*)", re.IGNORECASE)
        if written
        else None,
        columns={stem: tuple(found) for stem, found in columns.items()},
    )


def unread(state: str, keys: Known, number: re.Pattern[str]) -> Iterator[Unread]:
    """Yields what a line says of the known keys beyond plain pairs, and decimal commas after any key.

    ``number`` matches a value that the log's reader understands. A word that only goes on with the
    sentence (``loss improved``) is no value, but after ``:`` or ``=`` everything is one.
    """
    for match in _COMMA.finditer(state):
        if not _GROUPED.match(match["value"]):
            name = re.sub(r"[^\w./@-]+", "_", match["key"]).strip("_")
            found = keys.columns.get(name.casefold(), (name,))
            yield Unread(columns=found, cell=match["value"], start=match.start(), end=match.end())
    for match in () if keys.pattern is None else keys.pattern.finditer(state):
        if _begins(state[: match.start()]) and (cell := _cell(state, match, number)) is not None:
            stem = re.sub(r"[^\w./@-]+", "_", match["key"]).casefold()
            yield Unread(columns=keys.columns.get(stem, ()), cell=cell, start=match.start(), end=match.end())


def _begins(before: str) -> bool:
    """Tells whether a key may begin here: not in the middle of a longer one (``val`` before ``loss``)."""
    words = before.split()
    return not words or words[-1][-1] in _BEFORE or any(letter.isdigit() for letter in words[-1])


def _cell(state: str, match: re.Match[str], number: re.Pattern[str]) -> Cell:
    """Returns the cell of a value, or None where what follows the key is none."""
    text, said = match["value"], match["mark"].strip()[:1] in (":", "=") and bool(match["mark"].strip())
    if not text:
        rest = state[match.end() :].lstrip()
        return EMPTY if said or not rest or rest[0] in ",;|]}" else None
    if not match["mark"]:
        return None
    bare = text.rstrip(".!?") if not text.startswith("1.#") else text
    if _NAN.match(bare):
        return Printed("nan")
    if infinite := _INF.match(bare):
        return Printed(f"{infinite['sign']}inf")
    if read := number.match(state, match.start("value")):
        return _beside(read[0].strip(), state[read.end() :])
    return None if _PROSE.match(text) and not said else text


def _beside(text: str, rest: str) -> Cell:
    """Returns the cell of a number that is not alone; with other numbers after it, it is a word."""
    rest = re.split(r"[,;|\[\]{}(]", rest, maxsplit=1)[0]
    try:
        return text + rest if re.search(r"\d", rest) else Printed(text.replace(",", ""))
    except ValueError:
        return text
