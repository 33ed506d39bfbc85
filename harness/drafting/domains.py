"""The values that a foreign formula is said to hold for, as far as they can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.drafting.notation import NoFormula, parsed, pieces, written
from harness.symbolic.tree import Number, is_truth, names, shown

_NAME = r"([A-Za-z_][A-Za-z0-9_]*(?:_\{[^{}]*\})?)"
_INTERVAL = re.compile(_NAME + r"\s+in\s+([\[(])\s*([^,]+?)\s*,\s*([^,]+?)\s*([\])])")
_REALS = re.compile(_NAME + r"\s+in\s+R(_>=\s*0|_>0|\+)?(\^\w+)?")
_FLOAT = re.compile(_NAME + r":\s*(?:float|f32|f64|real)\s*((?:[<>]=?).+)?")
_START = re.compile(r"([A-Za-z]\w*)_0\s*=\s*(.+)")
_ENDLESS = re.compile(r"[+-]?\s*(inf|infinity|∞)\b")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """Conditions on names, in grammar text; ``unread`` is what could not be understood, with its words."""

    assume: list[str] = field(default_factory=list)
    free: set[str] = field(default_factory=set)
    starts: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def named(self) -> set[str]:
        """Every name that something is said about."""
        found = set(self.free)
        for text in self.assume:
            found |= names(parsed(text, {})[0])
        return found

    def hides(self, used: set[str]) -> str:
        """Returns what could not be read and mentions one of these names; empty where nothing does."""
        bases = used | {name.rpartition("_")[0] for name in used} - {""}
        return next((text for text in self.unread if bases & set(_WORD.findall(text))), "")

    def with_(self, other: Domain) -> Domain:
        """Returns both together."""
        return Domain(
            assume=list(dict.fromkeys((*self.assume, *other.assume))),
            free=self.free | other.free,
            starts={**other.starts, **self.starts},
            unread=list(dict.fromkeys((*self.unread, *other.unread))),
        )


def read_domain(text: str) -> Domain:
    """Reads conditions joined by commas or ``and``: comparisons, intervals, real numbers and starts."""
    found = Domain()
    for piece in pieces(" ".join(text.split())):
        try:
            _piece(piece, found)
        except NoFormula:
            found.unread.append(piece)
    return found


def _piece(piece: str, found: Domain) -> None:
    if match := _INTERVAL.fullmatch(piece):
        name = _name(match[1])
        lower, upper = match[3], match[4]
        if not _ENDLESS.fullmatch(lower):
            _add(f"{name} {'>=' if match[2] == '[' else '>'} {lower}", found)
        if not _ENDLESS.fullmatch(upper):
            _add(f"{name} {'<=' if match[5] == ']' else '<'} {upper}", found)
        found.free.add(name)
    elif match := _REALS.fullmatch(piece):
        name = _name(match[1])
        found.free.add(name)
        if match[2]:
            _add(f"{name} {'>=' if '=' in match[2] else '>'} 0", found)
    elif match := _FLOAT.fullmatch(piece):
        name = _name(match[1])
        found.free.add(name)
        if match[2]:
            _add(f"{name} {match[2]}", found)
    elif match := _START.fullmatch(piece):
        node, _ = parsed(match[2], {})
        if not isinstance(node, Number):
            raise NoFormula("a start that is no number")
        found.starts[match[1]] = shown(node)
    elif re.fullmatch(r"[A-Za-z]\w{0,2}|(?:all|any|every|each) [\w ]+", piece):
        pass  # "for all t": any of what was said of it before
    else:
        _add(piece, found)


def _name(text: str) -> str:
    return written(text).text


def _add(text: str, found: Domain) -> None:
    node, norms = parsed(text, {})
    if not is_truth(node):
        raise NoFormula("no condition")
    found.assume.append(shown(node))
    found.free.update(norms)
