"""Writes a question as SMT-LIB 2.6 text: one text for every solver, kept in the evidence for anybody to run.

Terms are interned, and a shared one is named once by ``define-fun``, so that composed formulas stay short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

LOGIC = "QF_NRA"
MAX_TEXT = 2_000_000


class ScriptTooLongError(ValueError):
    """The question grew past what a solver should be handed."""


class Term:
    """One node of an SMT-LIB term; arithmetic and comparisons build further ones in the same script."""

    __slots__ = ("args", "number", "op", "script")

    def __init__(self, script: Script, op: str, args: tuple[Term, ...], number: int) -> None:
        self.script, self.op, self.args, self.number = script, op, args, number

    def __add__(self, other: Term) -> Term:
        return self.script.term("+", self, other)

    def __sub__(self, other: Term) -> Term:
        return self.script.term("-", self, other)

    def __mul__(self, other: Term) -> Term:
        return self.script.term("*", self, other)

    def __neg__(self) -> Term:
        return self.script.term("-", self)

    def compare(self, op: str, other: Term) -> Term:
        """Returns the comparison with another term; ``!=`` becomes ``distinct``."""
        return self.script.term({"==": "=", "!=": "distinct"}.get(op, op), self, other)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A term that is asserted, and the lemma it is an instance of, empty for the question's own."""

    term: Term
    lemma: str = ""


class Script:
    """A growing set of terms, printed as declarations, definitions and named assertions."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[int, ...]], Term] = {}
        self.symbols: dict[str, Term] = {}

    def term(self, op: str, *args: Term) -> Term:
        """Returns the one term of this operator and these arguments."""
        key = (op, tuple(arg.number for arg in args))
        if key not in self._known:
            self._known[key] = Term(self, op, args, len(self._known))
        return self._known[key]

    def real(self, name: str) -> Term:
        """Returns a real variable, declared at its first use."""
        self.symbols.setdefault(name, self.term(name))
        return self.symbols[name]

    def value(self, number: Fraction) -> Term:
        """Returns an exact number."""
        top = f"{abs(number.numerator)}.0"
        text = top if number.denominator == 1 else f"(/ {top} {number.denominator}.0)"
        return self.term(f"(- {text})" if number < 0 else text)

    def choose(self, condition: Term, then: Term, other: Term) -> Term:
        """Returns ``then`` where the condition holds, else ``other``."""
        return self.term("ite", condition, then, other)

    def negation(self, term: Term) -> Term:
        """Returns the truth that a truth is not."""
        return self.term("not", term)

    def every(self, terms: Sequence[Term]) -> Term:
        """Returns the conjunction."""
        return terms[0] if len(terms) == 1 else self.term("and", *terms) if terms else self.term("true")

    def some(self, *terms: Term) -> Term:
        """Returns the disjunction."""
        return terms[0] if len(terms) == 1 else self.term("or", *terms)

    def text(self, facts: Iterable[Fact], *, comment: str = "", logic: str = LOGIC) -> str:
        """Prints the declarations, the shared terms and the assertions; raises ``ScriptTooLongError``."""
        facts = tuple(facts)
        order, uses = _reached([fact.term for fact in facts])
        used = {term.number for term in order}
        lines = [f"; {line}" for line in comment.splitlines()]
        lines.append(f"(set-logic {logic})")
        lines += [
            f"(declare-fun {name} () Real)" for name, symbol in self.symbols.items() if symbol.number in used
        ]
        written: dict[int, str] = {}
        for term in order:
            whole = (
                f"({' '.join((term.op, *(written[arg.number] for arg in term.args)))})"
                if term.args
                else term.op
            )
            if term.args and uses[term.number] > 1:
                lines.append(f"(define-fun t{term.number} () {_sort(term)} {whole})")
                whole = f"t{term.number}"
            written[term.number] = whole
            if len(whole) > MAX_TEXT:
                raise ScriptTooLongError("the question is too long for a solver")
        for count, fact in enumerate(facts):
            name = f"lemma.{fact.lemma}.{count}" if fact.lemma else f"claim.{count}"
            lines.append(f"(assert (! {written[fact.term.number]} :named {name}))")
        return "\n".join(lines) + "\n"


def _reached(roots: Sequence[Term]) -> tuple[list[Term], Counter[int]]:
    """Lists the terms below some roots, arguments first, and counts how often each is mentioned."""
    uses: Counter[int] = Counter(root.number for root in roots)
    order: list[Term] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        term, ready = stack.pop()
        if ready:
            order.append(term)
        elif term.number not in seen:
            seen.add(term.number)
            uses.update(arg.number for arg in term.args)
            stack.append((term, True))
            stack.extend((arg, False) for arg in reversed(term.args))
    return order, uses


_TRUTHS = frozenset({"and", "or", "not", "=>", "=", "distinct", "<", "<=", ">", ">=", "true"})


def _sort(term: Term) -> str:
    while term.op == "ite":
        term = term.args[1]
    return "Bool" if term.op in _TRUTHS else "Real"
