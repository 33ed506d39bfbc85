"""Contracts of another dialect as they are written: equations, obligations, tests; every line kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.model.problem import InvalidContract, Problem
from harness.reading.nodes import Listing, Node, Scalar, Table, read_nodes

STATUS = re.compile(
    r"(?:\w+_)?(?:status|verdict|outcome|discharged|verified|proved)(?:_by|_at|_on)?|"
    r"result|passed|verification_summary",
    re.IGNORECASE,
)
"""Keys under which other dialects write down what only evidence can say."""
_READ = frozenset(
    "metadata equations proof_obligations falsification_tests kernel_structure enforcement kani_harnesses "
    "qa_gate simd_dispatch invariants".split()
)
_NAMES = frozenset({"equations.", "enforcement.", "simd_dispatch."})
"""Sections whose keys are names that their author chose."""
_TEST_KEYS = ("test", "check", "harness", "command", "test_file", "test_name", "test_locations")
_MARKS = ("equations", "proof_obligations", "falsification_tests", "kani_harnesses")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One statement of a foreign file: what it claims, the formula if it gives one, the tests that it names.

    ``home`` is the equation that it belongs to, ``given`` what the description of its test fixes.
    """

    id: str
    part: str
    claim: str
    formula: str
    line: int
    home: str = ""
    given: str = ""
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Equation:
    """An equation as written, with the values that it is said to hold for."""

    name: str
    formula: str
    domain: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """One foreign contract; ``dropped`` are statuses that it wrote down, ``passed`` what was not read."""

    name: str
    version: str
    equations: tuple[Equation, ...]
    said: tuple[Said, ...]
    dropped: tuple[str, ...]
    passed: tuple[str, ...]


def read_foreign(data: bytes, file: str, name: str) -> Foreign:
    """Reads a contract of another dialect; raises ``InvalidContract`` for hostile YAML and for no contract.

    Tags, anchors, aliases, repeated keys and endless nesting are refused as in a contract of ours.
    """
    node = read_nodes(data, file)
    if not isinstance(node, Table) or not any(node.get(key) for key in _MARKS):
        message = f"no contract of a dialect that can be read: none of {', '.join(_MARKS)}"
        raise InvalidContract([Problem(file=file, line=node.line, path="", message=message)])
    about = node.get("metadata")
    equations = tuple(_equations(node.get("equations")))
    said = (
        *_of_equations(node.get("equations")),
        *_each(node, "proof_obligations", "PO", "property", "formal"),
        *_each(node, "falsification_tests", "FT", "rule", "prediction"),
        *_of_phases(node.get("kernel_structure")),
        *_each(node, "enforcement", "EN", "description", ""),
        *_each(node, "kani_harnesses", "KH", "property", ""),
        *_of_gate(node.get("qa_gate")),
        *_invariants(node.get("invariants"), "", "INV"),
    )
    return Foreign(
        name=re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "imported",
        version=_text(about, "version") or "1",
        equations=equations,
        said=said,
        dropped=tuple(_statuses(node, "")),
        passed=tuple(
            f"line {key.line}: section {key.text[:60]}" for key, _ in node.entries
            if key.text not in _READ and not STATUS.fullmatch(key.text)
        ),
    )  # fmt: skip


def _text(node: Node | None, key: str) -> str:
    found = node.get(key) if isinstance(node, Table) else None
    return found.text.strip() if isinstance(found, Scalar) else ""


def _items(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yields the entries of a table, or of a list, with their names if they have any."""
    if isinstance(node, Table):
        yield from ((key.text, value) for key, value in node.entries)
    elif isinstance(node, Listing):
        yield from ((_text(item, "id") or _text(item, "name"), item) for item in node.items)


def _equations(node: Node | None) -> Iterator[Equation]:
    for number, (name, item) in enumerate(_items(node), start=1):
        formula = item.text if isinstance(item, Scalar) else _text(item, "formula")
        yield Equation(
            name=name or f"equation_{number}", formula=formula, domain=_text(item, "domain"), line=item.line
        )


def _of_equations(node: Node | None) -> Iterator[Said]:
    for number, (named, item) in enumerate(_items(node), start=1):
        name = named or f"equation_{number}"
        formula = item.text if isinstance(item, Scalar) else _text(item, "formula")
        yield Said(
            id=f"EQ-{name}", part="equation", claim=formula, formula=formula, line=item.line, home=name
        )
        for key in ("invariants", "preconditions", "postconditions"):
            listed = item.get(key) if isinstance(item, Table) else None
            yield from _invariants(listed, name, f"EQ-{name}-{key[:3]}")


def _invariants(node: Node | None, home: str, prefix: str) -> Iterator[Said]:
    for number, item in enumerate(node.items if isinstance(node, Listing) else (), start=1):
        text = item.text if isinstance(item, Scalar) else _text(item, "formal") or _text(item, "description")
        if text:
            yield Said(id=f"{prefix}-{number}", part="invariant", claim=text, formula=text,
                       line=item.line, home=home)  # fmt: skip


def _each(node: Table, section: str, prefix: str, claim: str, formula: str) -> Iterator[Said]:
    for number, (named, item) in enumerate(_items(node.get(section)), start=1):
        formal = _text(item, formula) if formula else ""
        yield Said(
            id=f"{prefix}-{named}" if section == "enforcement" else named or f"{prefix}-{number}",
            part=section,
            claim=_joined(_text(item, claim) or _text(item, "description"), formal) or named or section,
            formula=formal,
            line=item.line,
            home=_text(item, "applies_to"),
            given=_given(_text(item, "test")) if section == "falsification_tests" else "",
            tests=tuple(_named_tests(item)),
        )


def _joined(title: str, formal: str) -> str:
    return f"{title}: {formal}" if title and formal else title or formal


def _of_phases(node: Node | None) -> Iterator[Said]:
    phases = node.get("phases") if isinstance(node, Table) else None
    for number, (named, item) in enumerate(_items(phases), start=1):
        text = _text(item, "invariant")
        if text:
            yield Said(id=f"PH-{named or number}", part="phase", claim=text, formula=text, line=item.line)


def _of_gate(node: Node | None) -> Iterator[Said]:
    if not isinstance(node, Table):
        return
    listed = node.get("required_tests")
    named = tuple(one.text for one in _scalars(listed)) if listed else ()
    claim = (
        _text(node, "pass_criteria") or _text(node, "description") or _text(node, "name") or "quality gate"
    )
    yield Said(
        id=_text(node, "id") or "GATE", part="gate", claim=claim, formula="", line=node.line, tests=named
    )


def _given(text: str) -> str:
    found = re.search(r"^\s*Given:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _named_tests(item: Node) -> Iterator[str]:
    for key in _TEST_KEYS:
        found = item.get(key) if isinstance(item, Table) else None
        yield from (one.text for one in _scalars(found))


def _scalars(node: Node | None) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Listing):
        for item in node.items:
            yield from _scalars(item)


def _statuses(node: Node, path: str) -> Iterator[str]:
    """Yields every place where something like a status is written down."""
    parts: Sequence[tuple[str, Node]] = ()
    if isinstance(node, Table):
        parts = [(key.text, value) for key, value in node.entries]
    elif isinstance(node, Listing):
        parts = [("", value) for value in node.items]
    for name, value in parts:
        if name and STATUS.fullmatch(name) and path not in _NAMES:
            shown = f": {value.text[:40]}" if isinstance(value, Scalar) and "\n" not in value.text else ""
            yield f"line {value.line}: {path}{name[:60]}{shown}"
        else:
            yield from _statuses(value, f"{path}{name[:60]}." if name else path)
