"""A foreign contract made ours: what can be tried as obligations, all else UNTRIED with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.drafting.book import Book, definition_texts, read_book
from harness.drafting.closing import STEP, Closed, close, readable
from harness.drafting.dialect import Foreign, Said, read_foreign
from harness.drafting.named_tests import Code, Named, names_in
from harness.drafting.notation import NoFormula
from harness.model.contract import Formula
from harness.reading.contract import read_contract
from harness.symbolic.expand import reachable

_SHOWN = 300
_NOT_HERE = {
    "enforcement": "a rule that refers to tests of the foreign project",
    "kani_harnesses": "a model checker's harness: its source is not in the file",
    "gate": "a gate over tests of the foreign project",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What became of one statement: the claim to be tried, or the reason why nothing tries it."""

    id: str
    said: Said
    closed: Closed | None
    reason: str
    tests: tuple[Named, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """A contract made of a foreign one, with the counts that a report shows.

    ``formulas`` are equations, invariants, formal properties and predictions; ``parsed`` those that are
    formulas of our grammar, and ``tried`` those that provers are asked.
    """

    source: str
    name: str
    text: str
    entries: tuple[Entry, ...]
    formulas: int
    parsed: int
    tried: int
    definitions: int
    obligations: int
    dropped: tuple[str, ...]
    passed: tuple[str, ...]

    @property
    def untried(self) -> tuple[Entry, ...]:
        """The statements that nothing tries."""
        return tuple(one for one in self.entries if one.closed is None)

    @property
    def tests(self) -> tuple[Named, ...]:
        """Every test that the file names, once."""
        return tuple({test.name: test for one in self.entries for test in one.tests}.values())


def import_contract(data: bytes, shown: str, name: str, code: Code, root: Path) -> Imported:
    """Makes a contract of a foreign one; raises ``InvalidContract`` for hostile YAML or another format."""
    foreign = read_foreign(data, shown, name)
    book = read_book(foreign)
    own = frozenset(said.id for said in foreign.said)
    entries = tuple(_entries(foreign, book, code, own))
    formal = [said for said in foreign.said if said.formula and said.part != "equation"]
    parts = sum(len(definition_texts(equation)) for equation in foreign.equations)
    text = "\n".join(_lines(foreign, book, entries, shown))
    read_contract(text.encode(), f"the import of {shown}", root)
    return Imported(
        source=shown,
        name=foreign.name,
        text=text,
        entries=entries,
        formulas=parts + len(formal),
        parsed=len(book.definitions) + sum(readable(said, book) for said in formal),
        tried=sum(one.closed is not None for one in entries),
        definitions=len(book.definitions),
        obligations=sum(said.part == "proof_obligations" for said in foreign.said),
        dropped=foreign.dropped,
        passed=foreign.passed,
    )


def _entries(foreign: Foreign, book: Book, code: Code, own: frozenset[str]) -> Iterator[Entry]:
    taken: set[str] = set()
    for said in foreign.said:
        tests = tuple(code.find(name) for name in names_in(said.tests, own))
        closed, reason = None, ""
        try:
            closed = _closed(said, book)
        except NoFormula as error:
            reason = str(error)
        yield Entry(id=_id(said.id, taken), said=said, closed=closed, reason=reason, tests=tests)


def _closed(said: Said, book: Book) -> Closed:
    if said.part == "equation":
        known = {one.written for one in book.definitions if one.equation == said.home}
        broken = sorted(f"{name} ({why})" for (home, name), why in book.unread.items() if home == said.home)
        if known:
            ours = ", ".join(sorted(known))
            raise NoFormula(f"a definition, of {ours}: that code computes it, only that code can show")
        raise NoFormula("; ".join(broken) or "no definition that could be read")
    if said.part in _NOT_HERE:
        raise NoFormula(_NOT_HERE[said.part])
    if not said.formula:
        raise NoFormula("it gives no formula")
    return close(said, book)


def _id(text: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:60] or "S"
    found, number = plain, 2
    while found.lower() in taken:
        found, number = f"{plain}-{number}", number + 1
    taken.add(found.lower())
    return found


def _lines(foreign: Foreign, book: Book, entries: tuple[Entry, ...], shown: str) -> Iterator[str]:
    yield f"# Imported from {_line(shown)} by `harness import`. Words prove nothing."
    for dropped in foreign.dropped:
        yield f"# a status that it wrote down was dropped, status being computed: {_line(dropped)}"
    for passed in foreign.passed:
        yield f"# not read: {_line(passed)}"
    yield f"contract: {foreign.name}"
    yield f"version: {_quoted(foreign.version)}"
    used = _used(book, entries)
    if used:
        yield "let:"
        for formula in used:
            yield f"  {formula.name}({', '.join(formula.parameters)}): {_quoted(formula.body)}"
    yield "criteria:"
    for one in entries:
        yield f"  - id: {one.id}"
        yield f"    claim: {_quoted(_line(one.said.claim)[:_SHOWN] or one.id)}"
        if one.closed is None:
            yield f"    untried: {_quoted(reason_of(one))}"
            continue
        yield "    obligations:"
        yield f"      - {_obligation(one.closed)}"


def reason_of(one: Entry) -> str:
    """Says why nothing tries a statement, and where the tests that it names stand."""
    parts = [one.reason]
    parts += [f"names {test.name}, {f'at {test.place}' if test.place else 'not found'}" for test in one.tests]
    if one.said.part == "falsification_tests" and not one.tests:
        parts.append("its test is described in words")
    return _line("; ".join(parts))[: 2 * _SHOWN]


def _used(book: Book, entries: tuple[Entry, ...]) -> list[Formula]:
    """Returns the formulas that the claims call, directly or through others."""
    texts = [_calls(one.closed) for one in entries if one.closed]
    found = {name: formula for text in texts for name, formula in reachable(text, book.formulas).items()}
    return [formula for name, formula in sorted(found.items()) if name in book.formulas]


def _calls(closed: Closed) -> str:
    return closed.prove if closed.induction is None else closed.induction["next"]


def _obligation(closed: Closed) -> str:
    told: dict[str, object] = {"kind": "symbolic", "given": closed.given}
    if closed.assume:
        told["assume"] = list(closed.assume)
    if closed.induction is None:
        told["prove"] = [closed.prove]
    else:
        step = closed.induction
        states = {step["state"]: {"start": step["start"], "next": step["next"]}}
        told["induction"] = [{"over": STEP, "states": states, "holds": step["holds"]}]
    return json.dumps(told, ensure_ascii=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e\u00a0-\u2027\u202a-\ufffd]+", " ", " ".join(text.split()))
