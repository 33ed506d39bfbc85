"""Binds a YAML tree to typed dataclasses, collecting every problem instead of stopping at the first."""

from __future__ import annotations

import difflib
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.model.kind import Kind
from harness.model.problem import Problem
from harness.model.values import Printed
from harness.reading.nodes import (
    MAX_MESSAGE,
    MAX_PATH,
    Listing,
    Node,
    Refused,
    Scalar,
    Table,
    is_null,
    printable,
)
from harness.registry import kinds

_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
STATUS = frozenset({"status", "verdict", "outcome", "discharged", "result"})
"""Keys that would state what only evidence can say."""
MAX_HINTS = 50


class _Invalid:
    """What a bind returns when it has noted a problem; never reaches a caller outside this module."""


INVALID = _Invalid()


@cache
def field_types(cls: Any) -> Mapping[str, Any]:
    """Returns the resolved types of a dataclass's fields by name."""
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in fields(cls)}


def line_numbers(lines: Sequence[int]) -> str:
    """Words several line numbers: ``3``, ``3 and 7``, ``3, 7 and 9``."""
    *most, last = map(str, lines)
    return f"{', '.join(most)} and {last}" if most else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggests the nearest known word, or lists what is known."""
    options = sorted(known)
    if len(word) > 80:
        return ""
    near = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known here: {', '.join(options)}" if options else ""


class Binder:
    """Turns nodes into typed values and remembers what was wrong with them.

    A ``lenient`` one keeps the sound entries of a mapping that has others too.
    """

    def __init__(self, file: str, *, lenient: bool = False) -> None:
        self.file, self.lenient = file, lenient
        self.problems: list[Problem] = []

    def note(self, node: Node, path: str, message: str, suggestion: str = "") -> _Invalid:
        """Records one problem at a node, unless the node was refused already, and returns the marker."""
        if not isinstance(node, Refused):
            self.problems.append(
                Problem(
                    file=self.file,
                    line=node.line,
                    path=printable(path, MAX_PATH),
                    message=printable(message, MAX_MESSAGE),
                    suggestion=printable(suggestion, MAX_MESSAGE),
                )
            )
        return INVALID

    def bind(self, node: Node, kind: Any, path: str) -> Any:
        """Binds ``node`` to the type ``kind``; returns ``INVALID`` after noting what is wrong."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._union(node, get_args(kind), path)
        if origin is Literal:
            return self._choice(node, get_args(kind), path)
        if origin is tuple:
            return self._tuple(node, get_args(kind)[0], path)
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(node, get_args(kind)[1], path)
        if kind is Kind:
            return self._obligation(node, path)
        if is_dataclass(kind) and kind is not Printed:
            return self.record(node, kind, path)
        return self._scalar(node, kind, path)

    def record(
        self, node: Node, cls: Any, path: str, skip: frozenset[str] = frozenset(), hints: Iterable[str] = ()
    ) -> Any:
        """Binds a table to a dataclass: unknown and missing keys are problems.

        Keys of ``skip`` are bound elsewhere; ``hints`` are further words that an unknown key may have meant.
        """
        if not isinstance(node, Table):
            known = ", ".join((*field_types(cls), *sorted(skip)))
            return self.note(node, path, f"a table with {known} is needed here")
        types_by_name, values, sound = field_types(cls), {}, True
        for key, value in node.entries:
            inside = f"{path}.{key.text}" if path else key.text
            if key.text in skip:
                continue
            if key.text in values:
                self.note(key, inside, f"{key.text} is given twice", "keep one of the two")
                sound = False
                continue
            if key.text not in types_by_name:
                self.unknown(key, inside, {*types_by_name, *skip, *hints})
                sound = False
                continue
            bound = self.bind(value, types_by_name[key.text], inside)
            sound = sound and bound is not INVALID
            values[key.text] = bound
        for item in fields(cls):
            if item.name in values or item.name in skip:
                continue
            if item.default is MISSING and item.default_factory is MISSING:
                sound = False
                self.note(node, path, f"the key {item.name!r} is missing")
        if not sound:
            return INVALID
        try:
            return cls(**values)
        except ValueError as error:
            return self.note(node, path, str(error))

    def unknown(self, key: Scalar, path: str, known: Iterable[str]) -> None:
        """Notes an unknown key; one that states a status gets told why that is an error."""
        if key.text.lower() in STATUS:
            self.note(
                key,
                path,
                f"a contract may not contain a {key.text}",
                "delete it: a status is computed from evidence, never written down",
            )
        else:
            hint = did_you_mean(key.text, known) if len(self.problems) < MAX_HINTS else ""
            hint = "move it to the criterion" if key.text in known else hint
            self.note(key, path, f"unknown key {shown(key.text)}", hint)

    def _union(self, node: Node, options: tuple[Any, ...], path: str) -> Any:
        if type(None) in options and is_null(node):
            return None
        rest = [option for option in options if option is not type(None)]
        if len(rest) == 1:
            return self.bind(node, rest[0], path)
        records = [option for option in rest if is_dataclass(option) and option is not Printed]
        if isinstance(node, Table) and records:
            return self.record(node, records[0], path)
        if not isinstance(node, Scalar):
            return self.note(node, path, "a single value is needed here")
        return self._any_scalar(node, rest, path)

    def _any_scalar(self, node: Scalar, options: list[Any], path: str) -> Any:
        if node.plain and bool in options and node.text in _TRUE | _FALSE:
            return node.text in _TRUE
        if node.plain and Printed in options and (number := _number(node)) is not None:
            return number
        if str in options:
            return node.text
        return self.note(node, path, f"{shown(node.text)} is not a number")

    def _choice(self, node: Node, options: tuple[Any, ...], path: str) -> Any:
        if not isinstance(node, Scalar):
            return self.note(node, path, f"one of {', '.join(options)} is needed here")
        if node.text in options:
            return node.text
        hint = did_you_mean(node.text, options)
        return self.note(node, path, f"{shown(node.text)} is not one of the choices", hint)

    def _tuple(self, node: Node, item: Any, path: str) -> Any:
        items = node.items if isinstance(node, Listing) else (node,)
        bound = [self.bind(part, item, f"{path}[{index}]") for index, part in enumerate(items)]
        return INVALID if any(part is INVALID for part in bound) else tuple(bound)

    def _mapping(self, node: Node, item: Any, path: str) -> Any:
        if not isinstance(node, Table):
            return self.note(node, path, "a table is needed here")
        bound: dict[str, Any] = {}
        for key, value in node.entries:
            if key.text in bound:
                self.note(key, f"{path}.{key.text}", "declared twice", "keep one of the two")
            bound.setdefault(key.text, self.bind(value, item, f"{path}.{key.text}"))
        if self.lenient:
            return {name: part for name, part in bound.items() if part is not INVALID}
        return INVALID if any(part is INVALID for part in bound.values()) else bound

    def _obligation(self, node: Node, path: str) -> Any:
        """Binds an obligation inside another one: a table that names its kind."""
        named = node.get("kind") if isinstance(node, Table) else None
        if not isinstance(node, Table) or not isinstance(named, Scalar) or named.text not in kinds():
            word = named.text if isinstance(named, Scalar) else ""
            return self.note(node, path, "an obligation names its kind here", did_you_mean(word, kinds()))
        return self.record(node.without("kind"), kinds()[named.text], path)

    def _scalar(self, node: Node, kind: Any, path: str) -> Any:
        if not isinstance(node, Scalar):
            return self.note(node, path, f"a {_word(kind)} is needed here, not a list or table")
        text = node.text
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._enum(node, kind, path)
        if kind is bool and node.plain and text in _TRUE | _FALSE:
            return text in _TRUE
        if kind is int and node.plain and _INTEGER.match(text) and len(text) <= 18:
            return int(text)
        if kind in (float, Printed):
            number = _number(node)
            if number is not None and (kind is Printed or math.isfinite(float(number))):
                return number if kind is Printed else float(number)
        if isinstance(kind, type) and issubclass(kind, str) and not is_null(node):
            return kind(text)
        if is_null(node):
            return self.note(node, path, f"a {_word(kind)} is needed here, nothing is given")
        return self.note(node, path, f"{shown(text)} is not a {_word(kind)}")

    def _enum(self, node: Scalar, kind: type[Enum], path: str) -> Any:
        words = [member.value for member in kind]
        if node.text in words:
            return kind(node.text)
        hint = did_you_mean(node.text, words)
        return self.note(node, path, f"{shown(node.text)} is not a {kind.__name__.lower()}", hint)


def _number(node: Scalar) -> Printed | None:
    special = node.text.lstrip("+-").lower() in (".nan", ".inf")
    try:
        return Printed(node.text.replace(".", "", 1) if special else node.text)
    except ValueError:
        return None


def shown(text: str) -> str:
    """Quotes what somebody wrote, cut to a length that a message can hold."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _word(kind: Any) -> str:
    if kind in (float, Printed):
        return "number"
    words = {int: "whole number", bool: "truth value (true or false)"}
    return words.get(kind, "text")
