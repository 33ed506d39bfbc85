"""MLPerf events in chunks: whole chunks by a decoder in C, and line by line what that one refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from harness.logs._json import NotStrict, decode
from harness.model.events import Chunk, Text
from harness.model.problem import InputError
from harness.model.values import Printed

TOKEN = b":::MLLOG "
"""With its blank: the field's own checker takes no other line for an event."""
OWN = ("value", "time_ms")
"""The cells of an event that do not stand in its metadata."""
NAMES = (b'"key"', b'"value"')
"""What every event says once, and not twice, so that nobody can read it as another one."""
SIZE = 2**18
MAX_LINE = 16 * 2**20

Decode = Callable[[bytes], list[Any]]


def events(name: str, path: Path, cells: Sequence[str]) -> Iterator[Chunk]:
    """Yields the events of a file; their cells are ``value``, ``time_ms`` and the metadata asked for.

    Of a line with two tokens, which two processes wrote at once, the last event counts, and such lines are
    remarked; so are lines without any. An event cut off at the end is left out and noted. Raises
    ``InputError`` with the line of an event that is no strict JSON, or has no key, value, metadata, or time
    that is a number, or says its key or value twice. Of other names given twice the last may count.
    """
    asked = tuple(cell for cell in cells if cell not in OWN)
    fast, line, passed, joined = decoder(asked), 1, 0, 0
    with path.open("rb") as handle:
        for block in _blocks(handle, name):
            found = None if fast is None else _whole(block, asked, fast, line)
            if found is None:
                found, others, twice = _by_line(name, block, line)
                passed, joined = passed + others, joined + twice
                line += block.count(b"\n")
            else:
                line += len(found.lines)
            yield found
    said = [f"{name}: {passed} lines are no events"] if passed else []
    said += [f"{name}: {joined} lines hold two events, of which the last counts"] if joined else []
    yield Chunk(keys=(), lines=(), pick=lambda _, __: [], remarks=tuple(said))


def _blocks(handle: BinaryIO, name: str) -> Iterator[bytes]:
    """Yields whole lines, about ``SIZE`` bytes of them at a time, and last what has no line end."""
    while block := handle.read(SIZE):
        rest = handle.readline(MAX_LINE + 1)
        if len(rest) > MAX_LINE:
            raise InputError(f"{name}: a line of more than {MAX_LINE} bytes")
        yield block + rest


@cache
def decoder(asked: tuple[str, ...]) -> Decode | None:
    """Returns what decodes a JSON list of whole events, or None where msgspec is not installed.

    Only the asked cells are built, ``cell0`` being the first, and raw text keeps their digits.
    """
    try:
        import msgspec
    except ImportError:
        return None
    fields = [
        (f"cell{at}", msgspec.Raw, msgspec.field(name=name, default=msgspec.Raw()))
        for at, name in enumerate(asked)
    ]
    metadata = msgspec.defstruct("Metadata", fields, gc=False)
    own = [("key", str), ("time_ms", int | float), ("value", msgspec.Raw), ("metadata", metadata)]
    event: Any = msgspec.defstruct("Event", own, gc=False)  # nothing refers back: no cycles to look for
    decoded: Decode = msgspec.json.Decoder(list[event]).decode
    return decoded


def _whole(block: bytes, asked: tuple[str, ...], fast: Decode, line: int) -> Chunk | None:
    """Returns the events of lines that are each one event and nothing else; None for any others."""
    if not (block.startswith(TOKEN + b"{") and block.endswith(b"}\n") and block.isascii()):
        return None
    inner = block.replace(b"\n" + TOKEN, b",")
    lines = 1 + (len(block) - len(inner)) // len(TOKEN)
    try:
        found = fast(b"".join((b"[", memoryview(inner)[len(TOKEN) : -1], b"]")))
    except ValueError:
        return None
    # A line end inside an event, two events in a line, or a name more often than events: some line is none.
    once = all(block.count(name) == len(found) for name in NAMES)
    if not once or inner.find(b"\n") != len(inner) - 1 or lines != len(found):
        return None
    at = {name: f"cell{number}" for number, name in enumerate(asked)}

    def pick(name: str, rows: Sequence[int]) -> list[Text]:
        if name == "value":
            return [bytes(found[row].value) for row in rows]
        if name == "time_ms":
            return [str(found[row].time_ms).encode() for row in rows]
        return [bytes(getattr(found[row].metadata, at[name])) or None for row in rows]

    return Chunk(keys=[event.key for event in found], lines=range(line, line + len(found)), pick=pick)


def _by_line(name: str, block: bytes, line: int) -> tuple[Chunk, int, int]:
    """Returns the events of any lines, and how many lines are none or hold two."""
    keys, lines, rows, notes, passed, joined = list[str](), list[int](), list[Any](), list[str](), 0, 0
    for number, whole in enumerate(block.removesuffix(b"\n").split(b"\n"), start=line):
        for part in whole.split(b"\r"):
            before, token, text = part.rpartition(TOKEN)
            joined += TOKEN in before
            if not token:
                passed += bool(part.strip())
                continue
            try:
                event = decode(text.decode("utf-8", "replace").strip())
                keys.append(_sound(event))
            except (json.JSONDecodeError, NotStrict) as error:
                if block.endswith(b"\n") or isinstance(error, NotStrict):
                    raise InputError(f"{name}:{number}: no event ({error})") from error
                notes.append(f"{name}:{number}: torn last event left out")
                continue
            lines.append(number)
            rows.append(event)

    def pick(cell: str, chosen: Sequence[int]) -> list[Text]:
        held = (rows[row] if cell in OWN else rows[row]["metadata"] for row in chosen)
        return [_text(inner[cell]) if cell in inner else None for inner in held]

    return Chunk(keys=keys, lines=lines, pick=pick, notes=tuple(notes)), passed, joined


def _sound(event: Any) -> str:
    """Returns the key of an event; raises ``NotStrict`` for one that lacks a part."""
    if not isinstance(event, dict) or not isinstance(event.get("key"), str):
        raise NotStrict("an event needs a key")
    if "value" not in event or not isinstance(event.get("metadata"), dict):
        raise NotStrict("an event needs a value and metadata")
    if not isinstance(event.get("time_ms"), Printed):
        raise NotStrict("an event needs a time_ms that is a number")
    return str(event["key"])


def _text(value: Any) -> bytes:
    return _json(value).encode()


def _json(value: Any) -> str:
    """Writes a value as JSON again, with the digits that it had."""
    if isinstance(value, Printed):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_json(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)
