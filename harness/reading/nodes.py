"""YAML text to a small tree that keeps lines and the exact text of every scalar.

Tags, anchors, aliases, duplicate keys, several documents and non-scalar keys are refused: contract text
is data. Scalars follow the YAML 1.2 core schema, so ``no`` is a word and ``1e-3`` a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.model.problem import InvalidContract, Problem

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 40
MAX_PATH = 200
MAX_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar as written; ``plain`` is False when it was quoted."""

    text: str
    line: int
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping in written order."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int

    def get(self, key: str) -> Node | None:
        """Returns the value under ``key``, or None."""
        return next((value for name, value in self.entries if name.text == key), None)

    def without(self, *keys: str) -> Table:
        """Returns a copy that lacks the given keys."""
        return Table(tuple(entry for entry in self.entries if entry[0].text not in keys), self.line)


@dataclass(frozen=True, slots=True)
class Refused:
    """Stands where the text was refused: that problem is noted, and nothing more is said of the place."""

    line: int


Node = Scalar | Listing | Table | Refused
NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def is_null(node: Node) -> bool:
    """Tells whether nothing was given."""
    return isinstance(node, Scalar) and node.plain and node.text in NULLS


def read_nodes(data: bytes, file: str) -> Node:
    """Parses one YAML document; raises ``InvalidContract`` with every structural problem found."""
    node, problems = parse_nodes(data, file)
    if problems:
        raise InvalidContract(problems)
    return node


def parse_nodes(data: bytes, file: str) -> tuple[Node, list[Problem]]:
    """Parses one YAML document; returns what can be read on, and every structural problem found.

    Raises ``InvalidContract`` where nothing can be read: no UTF-8, no YAML, empty, too large, too deep.
    """
    composer = _Composer(file)
    if len(data) > MAX_BYTES:
        raise composer.invalid(1, f"larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise composer.invalid(data[: error.start].count(b"\n") + 1, "not UTF-8 text") from None
    return composer.compose(text), composer.problems


def printable(text: str, length: int) -> str:
    """Cuts text to a length that a message can hold and drops what would steer a terminal."""
    if len(text) <= length and text.isprintable():
        return text
    safe = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text[:length])
    return safe if len(text) <= length else f"{safe}…"


class _Composer:
    """Turns the parser's events into nodes, one by one, so that a limit ends the reading early."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0

    def compose(self, text: str) -> Node:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self.document(iter(yaml.parse(text, Loader=loader)))
        except yaml.reader.ReaderError as error:
            line = text.encode()[: error.position].count(b"\n") + 1
            raise self.invalid(line, f"not valid YAML: {error.reason}") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self.invalid(line, f"not valid YAML: {error.problem or error.context}") from None

    def document(self, events: Iterator[Any]) -> Node:
        import yaml

        next(events)  # the stream's start
        if isinstance(next(events), yaml.StreamEndEvent):
            raise self.invalid(1, "empty: a contract names itself and at least one criterion")
        node = self.node(next(events), events, "", 0)
        next(events)
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            line = after.start_mark.line + 1
            self.note(line, "", "several YAML documents in one file", "keep one contract per file")
        return node

    def note(self, line: int, path: str, message: str, suggestion: str = "") -> None:
        path = printable(path, MAX_PATH)
        self.problems.append(
            Problem(file=self.file, line=line, path=path, message=message, suggestion=suggestion)
        )

    def invalid(self, line: int, message: str) -> InvalidContract:
        """Notes a problem after which nothing can be read, and returns all there are as an exception."""
        self.note(line, "", message)
        return InvalidContract(self.problems)

    def node(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Node:
        import yaml

        line: int = event.start_mark.line + 1
        self.count += 1
        if depth > MAX_DEPTH:
            raise self.invalid(line, f"nested deeper than {MAX_DEPTH}")
        if self.count > MAX_NODES:
            raise self.invalid(line, f"more than {MAX_NODES} values")
        if isinstance(event, yaml.AliasEvent):
            self.note(line, path, "YAML aliases are refused", "write the value out")
            return Refused(line)
        if event.anchor is not None:
            self.note(line, path, "YAML anchors are refused", "write the value out where it is used")
        node = self.value(event, events, path, depth)
        if event.tag is None:
            return node
        self.note(line, path, f"YAML tag {event.tag[:80]!r} is refused", "contract text is data")
        return Refused(line)

    def value(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Node:
        import yaml

        line: int = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self.node(inner, events, f"{path}[{len(items)}]", depth + 1))
            return Listing(tuple(items), line)
        return self.table(events, line, path, depth)

    def table(self, events: Iterator[Any], line: int, path: str, depth: int) -> Table:
        import yaml

        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, int] = {}
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self.node(inner, events, path, depth + 1)
            if isinstance(key, Listing | Table):
                self.note(key.line, path, "a key must be a plain word")
            word = key.text if isinstance(key, Scalar) else "?"
            inside = f"{path}.{word[:60]}" if path else word[:60]
            value = self.node(next(events), events, inside, depth + 1)
            if not isinstance(key, Scalar):
                continue
            if word in seen:
                self.note(
                    key.line, inside, f"duplicate key, first on line {seen[word]}", "keep one of the two"
                )
                continue
            seen[word] = key.line
            entries.append((key, value))
        return Table(tuple(entries), line)
