"""The definitions of a foreign contract, each as a formula of ours with the values that it holds for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.drafting.dialect import Equation, Foreign
from harness.drafting.domains import Domain, read_domain
from harness.drafting.notation import NoFormula, parsed, pieces
from harness.model.contract import Formula
from harness.symbolic.tree import RESERVED, Apply, Name, is_truth, names, shown, walk

_DEFINES = re.compile(
    r"([A-Za-z_]\w*(?:_\{\w+\})?)\s*(?:[(\[]([^()\[\]]*)[)\]])?\s*=(?![=<>])\s*(.+)", re.DOTALL
)

_ROOT = re.compile(r"sqrt\(\s*sum(_\w+)?\s*\(?\s*\|\|[^|]+\|\|\s*(\^2|²)\s*\)?\s*\)")
_REMARK = re.compile(r"\s+\([^()]*[A-Za-z]{3}[^()]*\)\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Defined:
    """One definition: ``let`` formula, the name that it is written under, and where it holds.

    ``state`` is set where the right side uses the value of one step before; ``called`` where it was written
    with arguments.
    """

    formula: Formula
    written: str
    equation: str
    domain: Domain
    state: str = ""
    called: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """The definitions of one foreign contract by the names that they are written under.

    ``roots`` are names defined as the root of a sum of squared norms: they take every value from 0 on.
    """

    definitions: list[Defined] = field(default_factory=list)
    unread: dict[tuple[str, str], str] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)

    @property
    def formulas(self) -> dict[str, Formula]:
        """Every ``let`` formula by its own name."""
        return {one.formula.name: one.formula for one in self.definitions}

    def visible(self, home: str) -> dict[str, Defined]:
        """Returns what each written name means in the equation ``home``: its own definition first."""
        found: dict[str, Defined] = {}
        for one in self.definitions:
            if one.written not in found or one.equation == home:
                found[one.written] = one
        return found

    def several(self, name: str) -> list[Defined]:
        """Returns all the definitions of one written name."""
        return [one for one in self.definitions if one.written == name]


def read_book(foreign: Foreign) -> Book:
    """Reads every definition that is one; what is none is kept with the reason."""
    book = Book()
    found = [(equation, *part) for equation in foreign.equations for part in _definitions(equation)]
    written = [name for _, name, _, _ in found]
    for equation in foreign.equations:
        book.domains[equation.name] = read_domain(equation.domain)
    for equation, name, parameters, body in found:
        try:
            book.definitions.append(_defined(equation, name, parameters, body, written.count(name), book))
        except NoFormula as error:
            if _ROOT.fullmatch(body.strip()):
                book.roots.add(name)
            book.unread[equation.name, name] = str(error)
    return book


def definition_texts(equation: Equation) -> list[str]:
    """Returns the single formulas of an equation: one a line, or several with commas between."""
    lines = [line.strip() for line in re.sub(r"\n\s*([+*/-])", r" \1", equation.formula).splitlines()]
    parts: list[str] = []
    for line in (one for one in lines if one):
        split = pieces(line)
        parts += split if len(split) > 1 and all(_DEFINES.fullmatch(one) for one in split) else [line]
    return parts


def _definitions(equation: Equation) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for part in definition_texts(equation):
        match = _DEFINES.fullmatch(part)
        if match is None:
            continue
        try:
            left, _ = parsed(match[1], {})
        except NoFormula:
            continue
        if isinstance(left, Name):
            yield left.id, tuple(one.strip() for one in (match[2] or "").split(",") if one.strip()), match[3]


def _defined(
    equation: Equation, name: str, parameters: tuple[str, ...], body: str, count: int, book: Book
) -> Defined:
    try:
        node, norms = parsed(body, {})
    except NoFormula:
        node, norms = parsed(_REMARK.sub("", body), {})
    if is_truth(node):
        raise NoFormula("a condition, no quantity")
    if any(isinstance(part, Apply) and part.op == "sum" for part in walk(node)):
        raise NoFormula("a sum over an index")
    base = name.rpartition("_")[0] or name
    own = name if count == 1 and name not in RESERVED else equation.name
    if not parameters:  # a name of its own, for the value that it gives is written by the plain one
        own = f"{own}_next" if f"{base}_prev" in names(node) else f"{own}_of"
    if not re.fullmatch(r"[A-Za-z]\w*", own) or not all(re.fullmatch(r"[A-Za-z_]\w*", p) for p in parameters):
        raise NoFormula("a name that cannot stand in a formula")
    domain = book.domains[equation.name]
    domain = domain.with_(Domain(assume=[f"{norm} >= 0" for norm in sorted(norms)], free=set(norms)))
    order = (*parameters, *sorted(names(node) - set(parameters)))
    return Defined(
        formula=Formula(name=own, parameters=order, body=shown(node)),
        written=name,
        equation=equation.name,
        domain=domain,
        state=f"{base}_prev" if f"{base}_prev" in order else "",
        called=bool(parameters),
    )
