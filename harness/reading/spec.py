"""Specs: Markdown with a front matter (``id``, ``version``) and clauses anchored in their headings.

A clause is a heading such as ``## Applied rate {#3.1 kinds="symbolic trace"}``; it reaches to the next
heading of the same or a higher level. Its digest covers that text with line ends normalised and
trailing space cut, so the anchors of other clauses and the version do not touch it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from harness.model.contract import SpecRef
from harness.model.problem import InvalidContract, Problem
from harness.model.spec import Clause, Spec
from harness.reading.binder import did_you_mean, line_numbers

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*\{#([^\s}]+)([^}]*)\}\s*\Z")
_ANY_HEADING = re.compile(r"(#{1,6})\s")
_KINDS = re.compile(r'\s*kinds="([^"]*)"\s*\Z')
_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)\Z")
ANCHOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def spec_path(root: Path, ref: SpecRef) -> Path:
    """Returns where a version of a spec lives under the project's root."""
    return root / "specs" / ref.id / f"{ref.version}.md"


def available_specs(root: Path) -> list[str]:
    """Lists every spec version under the project's root as ``id@version``."""
    return sorted(f"{path.parent.name}@{path.stem}" for path in (root / "specs").glob("*/*.md"))


def read_spec(data: bytes, file: str, ref: SpecRef, kinds: frozenset[str] | None = None) -> Spec:
    """Parses a spec and checks its front matter against ``ref``; raises ``InvalidContract``.

    With ``kinds``, a clause that requires any other is a problem too.
    """
    problems: list[Problem] = []

    def note(line: int, message: str, suggestion: str = "") -> None:
        problems.append(Problem(file=file, line=line, path="", message=message, suggestion=suggestion))

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        note(data[: error.start].count(b"\n") + 1, "not UTF-8 text")
        raise InvalidContract(problems) from None
    lines = _lines(text)
    start, matter = _front_matter(lines)
    for key, wanted in (("id", ref.id), ("version", ref.version)):
        if matter.get(key) != wanted:
            note(1, f"front matter says {key}: {matter.get(key)!r}, the file is {wanted!r}")
    clauses = _clauses(lines, start, note)
    if not clauses:
        note(1, "no clause is anchored", "anchor headings: ## Title {#1.1}")
    for clause in clauses.values():
        for name in clause.kinds:
            if kinds is not None and name not in kinds:
                note(clause.line, f"unknown kind {name!r}", did_you_mean(name, kinds))
    if problems:
        raise InvalidContract(problems)
    return Spec(id=ref.id, version=ref.version, path=file, clauses=clauses)


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _front_matter(lines: list[str]) -> tuple[int, dict[str, str]]:
    if not lines or lines[0].strip() != "---":
        return 0, {}
    matter: dict[str, str] = {}
    for index, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return index + 1, matter
        key, _, value = line.partition(":")
        matter[key.strip()] = value.strip().strip("\"'")
    return 0, {}


def _headings(lines: list[str], start: int) -> list[tuple[int, int, re.Match[str] | None]]:
    """Finds every heading outside code fences: line index, level, and its anchor if it has one."""
    headings: list[tuple[int, int, re.Match[str] | None]] = []
    fence = ""
    for index in range(start, len(lines)):
        fence = _fence_after(lines[index], fence)
        level = _ANY_HEADING.match(lines[index])
        if level and not fence:
            headings.append((index, len(level[1]), _HEADING.match(lines[index])))
    return headings


def _fence_after(line: str, fence: str) -> str:
    """Returns the fence that is open after a line: only one of its own sort, as long and bare, closes it."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return "" if match[1][0] == "`" and "`" in match[2] else match[1]
    return "" if match[1].startswith(fence) and not match[2].strip() else fence


def _clauses(lines: list[str], start: int, note: Callable[..., None]) -> dict[str, Clause]:
    headings = _headings(lines, start)
    found: dict[str, Clause] = {}
    lines_of: dict[str, list[int]] = {}
    for place, (index, _, match) in enumerate(headings):
        if match is None:
            continue
        end, children = _extent(headings, place, len(lines))
        clause = _clause(lines[index:end], match, index + 1, children, note)
        lines_of.setdefault(clause.anchor, []).append(index + 1)
        found[clause.anchor] = clause
    for anchor, used in lines_of.items():
        if len(used) > 1:
            note(used[1], f"anchor {anchor!r} is used on lines {line_numbers(used)}")
    return found


def _extent(
    headings: list[tuple[int, int, re.Match[str] | None]], place: int, last: int
) -> tuple[int, tuple[str, ...]]:
    """Finds where the clause at ``place`` ends and which anchored clauses lie directly inside it."""
    own, inner = headings[place][1], 99
    children: list[str] = []
    for index, level, match in headings[place + 1 :]:
        if level <= own:
            return index, tuple(children)
        if match and level <= inner:
            children.append(match[3])
            inner = level
    return last, tuple(children)


def _clause(
    body: list[str], match: re.Match[str], line: int, children: tuple[str, ...], note: Callable[..., None]
) -> Clause:
    kinds = _KINDS.match(match[4])
    if match[4].strip() and not kinds:
        note(line, f"cannot read {match[4].strip()!r} in the anchor", 'write {#3.1 kinds="trace"}')
    if not ANCHOR.match(match[3]):
        note(line, f"anchor {match[3]!r} may hold letters, digits, dot, dash and underscore")
    text = "\n".join(part.rstrip() for part in body).strip("\n")
    return Clause(
        anchor=match[3],
        title=match[2],
        digest=hashlib.sha256(text.encode()).hexdigest(),
        line=line,
        kinds=tuple(kinds[1].split()) if kinds else (),
        children=children,
    )


def missing_clause(spec: Spec, clause: str) -> str:
    """Words the suggestion for a clause that a spec does not have."""
    return did_you_mean(clause, spec.clauses)


def clause_text(text: str, anchor: str) -> str:
    """Returns the text of one clause for people to read; empty if the spec has no such anchor."""
    lines = _lines(text)
    headings = _headings(lines, _front_matter(lines)[0])
    for place, (index, _, match) in enumerate(headings):
        if match is not None and match[3] == anchor:
            end, _ = _extent(headings, place, len(lines))
            return "\n".join(lines[index:end]).strip()
    return ""
