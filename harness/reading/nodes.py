"""YAML text to a small tree that keeps lines and the exact text of every scalar.

Tags, anchors, aliases, duplicate keys, several documents and non-scalar keys are refused: contract text
is data. Scalars follow the YAML 1.2 core schema, so ``no`` is a word and ``1e-3`` a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.problem import InvalidContract, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40


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


Node = Scalar | Listing | Table


def read_nodes(data: bytes, file: str) -> Node:
    """Parses one YAML document; raises ``InvalidContract`` with every structural problem found."""
    if len(data) > MAX_BYTES:
        raise _invalid(file, 1, f"larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(file, data[: error.start].count(b"\n") + 1, "not UTF-8 text") from None
    return _Composer(file).compose(text)


def _invalid(file: str, line: int, message: str, suggestion: str = "") -> InvalidContract:
    return InvalidContract([Problem(file=file, line=line, path="", message=message, suggestion=suggestion)])


class _Composer:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def compose(self, text: str) -> Node:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = iter(list(yaml.parse(text, Loader=loader)))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise _invalid(self.file, line, f"not valid YAML: {problem}") from None
        next(events)  # the stream's start
        if isinstance(next(events), yaml.StreamEndEvent):
            raise _invalid(self.file, 1, "empty: a contract names itself and at least one criterion")
        node = self.node(next(events), events, "", 0)
        next(events)
        if not isinstance(next(events), yaml.StreamEndEvent):
            self.note(1, "", "several YAML documents in one file", "keep one contract per file")
        if self.problems:
            raise InvalidContract(self.problems)
        return node

    def note(self, line: int, path: str, message: str, suggestion: str = "") -> None:
        self.problems.append(
            Problem(file=self.file, line=line, path=path, message=message, suggestion=suggestion)
        )

    def node(self, event: object, events: Iterator[object], path: str, depth: int) -> Node:
        import yaml

        line: int = event.start_mark.line + 1  # type: ignore[attr-defined]
        if depth > MAX_DEPTH:
            raise _invalid(self.file, line, f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.AliasEvent):
            self.note(line, path, "YAML aliases are refused", "write the value out")
            return Scalar("", line)
        if getattr(event, "anchor", None) is not None:
            self.note(line, path, "YAML anchors are refused", "write the value out where it is used")
        if getattr(event, "tag", None) is not None:
            self.note(line, path, f"YAML tag {event.tag!r} is refused", "contract text is data")  # type: ignore[attr-defined]
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self.node(inner, events, f"{path}[{len(items)}]", depth + 1))
            return Listing(tuple(items), line)
        return self.table(events, line, path, depth)

    def table(self, events: Iterator[object], line: int, path: str, depth: int) -> Table:
        import yaml

        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, int] = {}
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self.node(inner, events, path, depth + 1)
            if not isinstance(key, Scalar):
                self.note(key.line, path, "a key must be a plain word")
                key = Scalar("?", key.line)
            inside = f"{path}.{key.text}" if path else key.text
            value = self.node(next(events), events, inside, depth + 1)
            if key.text in seen:
                self.note(
                    key.line, inside, f"duplicate key, first on line {seen[key.text]}", "keep one of the two"
                )
                continue
            seen[key.text] = key.line
            entries.append((key, value))
        return Table(tuple(entries), line)
