"""What a line from code under trial must look like before it is taken for an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

GARBLED: Mapping[str, Any] = {"garbled": "gave no proper answer"}
_NUMBER = re.compile(r"-?0x[01](\.[0-9a-f]+)?p[+-][0-9]+\Z|nan\Z|-?inf\Z", re.ASCII)


def answered(line: bytes, request: Mapping[str, object]) -> Mapping[str, Any]:
    """Returns the answer to a request, which has a ``turn``; ``garbled`` says that the line is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return GARBLED
    if not isinstance(found, dict) or found.pop("turn", None) != request["turn"]:
        return GARBLED
    shapes = next((shapes for asked, shapes in _SHAPES.items() if asked in request), ())
    fits = found.keys() in (*shapes, {"died"}, {"garbled"}) and all(
        _FIELDS[key](value) for key, value in found.items()
    )
    return found if fits else GARBLED


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _steps(value: object) -> bool:
    """Tells whether this is a list of steps, each a list of numbers in hexadecimal."""
    steps = value if isinstance(value, list) else [None]
    return all(isinstance(step, list) and step and all(map(_number, step)) for step in steps)


def _number(value: object) -> bool:
    return isinstance(value, str) and _NUMBER.match(value) is not None


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, float | int) for one in value)


def _rows(value: object) -> bool:
    return isinstance(value, list) and all(map(_numbers, value))


def _settings(value: object) -> bool:
    """Tells whether this is a list of steps, each a list of mappings, or None where nothing is said."""
    steps = value if isinstance(value, list) else [None] * (value is not None)
    return all(isinstance(step, list) and all(isinstance(one, dict) for one in step) for step in steps)


def _parts(value: object) -> bool:
    """Tells whether this is a list of texts as symbols, with their sizes, lead and unknown ones."""
    parts = value if isinstance(value, list) else [None]
    return all(
        isinstance(part, list) and len(part) == 4 and _rows(part[:2]) and _numbers(part[2:]) for part in parts
    )


def _files(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "ready": lambda value: value is True,
    "outs": _steps,
    "again": _steps,
    "files": _files,
    "about": lambda value: _numbers(value) and isinstance(value, list) and len(value) == 3,
    "encoded": _parts,
    "settings": _settings,
    **dict.fromkeys(("logs", "first", "moved"), _rows),
    "finding": lambda value: isinstance(value, dict),
    "retaken": lambda value: isinstance(value, dict),
    "trial": lambda value: isinstance(value, dict),
    **dict.fromkeys(("noticed", "missed", "said", "nats"), _texts),
    **dict.fromkeys(("error", "reason", "wrong", "raised", "text", "died", "garbled"), _text),
}
_SHAPES: Mapping[str, tuple[set[str], ...]] = {
    "open": ({"ready"}, {"error", "reason"}),
    "values": ({"outs", "again"}, {"raised"}, {"wrong"}),
    "task": (
        {"finding", "noticed", "missed"},
        *({answer} for answer in ("said", "nats", "text", "about", "encoded", "moved", "trial")),
        {"logs", "first"},
        {"raised", "reason"},
    ),
    "retake": ({"retaken"}, {"raised", "reason"}),
    "settings": ({"settings"}, {"raised", "reason"}),
    "close": ({"files"},),
}
