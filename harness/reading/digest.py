"""The digest of an obligation: its canonical form with the formulas, constants and inputs it names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from harness.model.contract import Formula, Input
from harness.model.kind import Kind
from harness.model.values import Condition, Expression, InputName, Printed, RunName
from harness.reading.nodes import Listing, Node, Scalar, Table
from harness.symbolic.expand import known_formulas, parse_with
from harness.symbolic.tree import canonical

_SIGN = re.compile(r"(<=|>=|==|!=|<|>)")
WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


_PLAIN = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
_SAFE = 2**53


def canonical_bytes(value: Any) -> bytes:
    """Returns the RFC 8785 bytes of a plain JSON value."""
    if _plainly(value):
        with suppress(UnicodeEncodeError):  # half a pair of UTF-16, which the library words
            return _PLAIN.encode(value).encode()
    import rfc8785

    return rfc8785.dumps(value)


def _plainly(value: Any) -> bool:
    """Tells whether Python's own encoder gives the same bytes, ten times as fast.

    It does where there is no float, no integer that a double does not hold, and every key is ASCII, so that
    the order of code points is that of UTF-16 units.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        for key, part in value.items():
            if type(key) is not str or not key.isascii() or not (type(part) is str or _plainly(part)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(type(part) is str or _plainly(part) for part in value)
    return kind is int and -_SAFE < value < _SAFE


def sha256_of(value: Any) -> str:
    """Returns the SHA-256 of a plain JSON value's canonical bytes, in hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def text_digest(text: str) -> str:
    """Returns the SHA-256 of a sentence with its white space normalised, in hex."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def references(value: Any, kind: type[str]) -> Iterator[str]:
    """Yields every name of the given type (``InputName``, ``RunName``) inside a bound value."""
    if isinstance(value, kind):
        yield str(value)
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from references(getattr(value, item.name), kind)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part, kind)
    elif isinstance(value, tuple):
        for part in value:
            yield from references(part, kind)


def obligation_digest(
    kind: Any,
    formulas: Mapping[str, Formula],
    constants: Mapping[str, Printed],
    inputs: Mapping[str, Input],
) -> str:
    """Returns the digest of a bound obligation.

    Spacing inside expressions does not count and fields left at their default are absent, so that a new
    optional field keeps old evidence. Whatever formula or constant a text of it mentions is included.
    """
    plain = _fields(kind, formulas)
    words = set(_words(plain))
    used, todo = {}, sorted(words)
    known = known_formulas(formulas)
    while todo:
        name = todo.pop()
        if name in known and name not in used:
            body = canonical(parse_with(known[name].body, formulas))
            used[name] = {"parameters": list(known[name].parameters), "body": body}
            todo.extend(WORD.findall(body))  # a body names no constants: its own names are parameters
    return sha256_of(
        {
            "kind": kind.name,
            "fields": plain,
            "formulas": used,
            "constants": {name: str(value) for name, value in constants.items() if name in words},
            "inputs": {name: _plain(inputs[name], {}) for name in sorted(set(references(kind, InputName)))},
        }
    )


def reserved_digest(name: str, node: Table) -> str:
    """Returns the digest of an obligation whose kind is not here yet: its values as text, in any order."""
    return sha256_of({"kind": name, "fields": _texts(node.without("kind"))})


def _texts(node: Node) -> Any:
    if isinstance(node, Table):
        return {key.text: _texts(value) for key, value in node.entries}
    if isinstance(node, Listing):
        return [_texts(item) for item in node.items]
    return node.text if isinstance(node, Scalar) else None


def _plain(value: Any, formulas: Mapping[str, Formula]) -> Any:
    if isinstance(value, Expression):
        return canonical(parse_with(value, formulas))
    if isinstance(value, Condition):
        return " ".join(_SIGN.sub(r" \1 ", value).split())
    if isinstance(value, Printed | InputName | RunName):
        return str(value)
    if isinstance(value, Kind):
        return {"kind": value.name, "version": value.version, "fields": _fields(value, formulas)}
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, formulas)
    if isinstance(value, Mapping):
        return {str(key): _plain(part, formulas) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part, formulas) for part in value]
    if isinstance(value, float):
        return repr(value)
    return value


def _fields(value: Any, formulas: Mapping[str, Formula]) -> dict[str, Any]:
    return {
        item.name: _plain(getattr(value, item.name), formulas)
        for item in fields(value)
        if getattr(value, item.name) != _default(item)
    }


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from WORD.findall(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from WORD.findall(key)
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)
