"""Arithmetic written in a sentence: tokens, and the expression before or after an equals sign."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.audit import ranges
from harness.audit.judge import readings
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document

_PIECE = re.compile(
    r"(?P<rel>≈|~=|==|=|<=|>=|≤|≥|<|>)|(?P<arrow>->|=>|→|⇒)|(?P<op>[+*×/^÷-])|(?P<open>\()|(?P<close>\))"
    r"|(?P<stop>[,;:|!?—–•·\[\]{}]|\.(?=\s|$))|(?P<word>[^\W\d][\w.'%-]*)"
)
_STOPS = (
    "at",
    "and",
    "or",
    "to",
    "vs",
    "for",
    "with",
    "when",
    "where",
    "if",
    "on",
    "by",
    "from",
    "is",
    "are",
    "than",
)
"""Words that end the noun of a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A piece of a sentence: ``kind`` is number, rel, arrow, op, open, close, stop or word."""

    kind: str
    text: str
    start: int
    end: int
    number: Number | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """What an expression comes to, in each reading of its prefixes.

    ``size`` counts the operators, ``exact`` says that only whole counts were added and multiplied,
    ``more`` that an operand is a lower bound, ``named`` that a function or a power was applied.
    """

    readings: tuple[Range, ...]
    dimension: str = ""
    size: int = 0
    exact: bool = True
    more: bool = False
    about: bool = False
    named: bool = False


def tokens(document: Document, start: int, end: int) -> list[Token]:
    """Splits ``[start, end)`` of a document into tokens."""
    text = document.text
    found: list[Token] = []
    position = start
    for number in (*document.within(start, end), None):
        stop = number.start if number else end
        for match in _PIECE.finditer(text, position, stop):
            kind = match.lastgroup or ""
            found.append(Token(kind=kind, text=match[0], start=match.start(), end=match.end()))
        if number:
            found.append(
                Token(kind="number", text=number.text, start=number.start, end=number.end, number=number)
            )
            position = number.end
    found = [one for one in found if not (one.kind == "rel" and one.text == "≈" and _marks(one, found))]
    return [_times(one, found[index + 1 :]) if index else one for index, one in enumerate(found)]


def _times(one: Token, rest: Sequence[Token]) -> Token:
    """Takes a lone letter x before a number (``4 shared x 3 loops``) for the sign of a product."""
    if one.kind == "word" and one.text in ("x", "X") and rest and rest[0].number:
        return Token(kind="op", text="×", start=one.start, end=one.end)
    return one


def _marks(one: Token, found: Sequence[Token]) -> bool:
    """Tells a mark of approximation that stands directly after another relation (``= ≈5``)."""
    index = found.index(one)
    return index > 0 and found[index - 1].kind == "rel"


LONGEST = 80
"""Tokens that one side of an equation may have."""


class Unparsed(Exception):
    """These tokens are no arithmetic."""


class Parser:
    """Recursive descent over tokens; words after a number are its noun, words elsewhere stop it."""

    def __init__(self, given: Sequence[Token], *, constants: bool) -> None:
        self.given = given
        self.constants = constants
        self.at = 0

    def _peek(self) -> Token | None:
        return self.given[self.at] if self.at < len(self.given) else None

    def _take(self, kind: str, among: str = "") -> Token | None:
        token = self._peek()
        if token and token.kind == kind and (not among or token.text in among):
            self.at += 1
            return token
        return None

    def sum(self) -> Value:
        """Parses terms joined by + and -."""
        value = self.product()
        while token := self._take("op", "+-"):
            self._name()
            other = self.product()
            value = _combined(token.text, value, other)
        return value

    def _name(self) -> None:
        """Passes up to two words that name the next term: ``code 61,204 bytes + model 15,748,330 bytes``."""
        ahead = self.given[self.at : self.at + 3]
        words = list(itertools.takewhile(lambda token: token.kind == "word", ahead))
        named = any(word.text.lower() in (*ranges.FUNCTIONS, *_STOPS) for word in words)
        if words and not named and len(words) < len(ahead) and ahead[len(words)].kind == "number":
            self.at += len(words)

    def product(self) -> Value:
        """Parses factors joined by × and /, or by ``at`` (N evaluations at 5 s each)."""
        value = self.factor()
        while True:
            token = self._take("op", "*×/÷") or self._at_each()
            if token is None:
                return value
            value = _combined(
                {"×": "*", "÷": "/", "at": "*"}.get(token.text, token.text), value, self.factor()
            )

    def _at_each(self) -> Token | None:
        token, rest = self._peek(), self.given[self.at + 1 : self.at + 3]
        if (
            token
            and token.text in ("at", "@")
            and len(rest) == 2
            and rest[0].number
            and rest[1].text in ("each", "per")
        ):
            self.at += 1
            return token
        return None

    def factor(self) -> Value:
        """Parses a number, a bracket or a function of one, perhaps raised to a power."""
        value = self.atom()
        if self._take("op", "^"):
            value = replace(_combined("^", value, self.atom()), named=True)
        return value

    def atom(self) -> Value:
        """Parses a number with its noun, a bracket, or a named function."""
        if token := self._take("number"):
            assert token.number is not None
            self._noun()
            return _leaf(token.number, constants=self.constants)
        if self._take("open"):
            value = self.sum()
            if not self._take("close"):
                raise Unparsed
            return value
        token = self._peek()
        if token and token.kind == "word" and token.text.lower() in ranges.FUNCTIONS:
            self.at += 1
            inner = self.atom()
            images = tuple(ranges.apply(token.text.lower(), one) for one in inner.readings)
            return Value(readings=images, size=inner.size + 1, exact=False, more=inner.more, named=True)
        raise Unparsed

    def _noun(self) -> None:
        """Passes the words that belong to a number: ``5 real examples``, ``tokens/step``, ``per story``."""
        count = 0
        while (token := self._peek()) and count < 4:
            following = self.given[self.at + 1] if self.at + 1 < len(self.given) else None
            if token.kind == "word" and token.text.lower() not in (*ranges.FUNCTIONS, *_STOPS):
                self.at += 1
                count += 1
            elif token.text == "/" and following and following.kind == "word":
                self.at += 2
                count += 1
            else:
                return


def _leaf(number: Number, *, constants: bool) -> Value:
    dimension = number.dimension if number.dimension in ("bytes", "seconds") else ""
    return Value(
        readings=(point(number.value),) if constants else readings(number),
        dimension=dimension,
        exact=number.counts,
        more=number.more,
        about=number.about,
    )


def _combined(operator: str, one: Value, other: Value) -> Value:
    dimension = one.dimension or other.dimension
    if operator in "+-" and one.dimension != other.dimension:
        raise Unparsed
    if operator in "*^" and one.dimension and other.dimension:
        raise Unparsed
    if operator == "/":
        if other.dimension and one.dimension != other.dimension:
            raise Unparsed
        dimension = "" if other.dimension else one.dimension
    pairs = _paired(one.readings, other.readings)
    return Value(
        readings=tuple(_apply(operator, a, b) for a, b in pairs),
        dimension=dimension,
        size=one.size + other.size + 1,
        exact=one.exact and other.exact and operator != "/",
        more=one.more or other.more,
        about=one.about or other.about,
        named=one.named or other.named,
    )


def _paired(one: Sequence[Range], other: Sequence[Range]) -> list[tuple[Range, Range]]:
    if len(one) == len(other):
        return list(zip(one, other, strict=True))
    return [(a, b) for a in one for b in other]


def _apply(operator: str, a: Range, b: Range) -> Range:
    if operator == "^":
        return ranges.power(a, b)
    if operator == "+":
        return a + b
    if operator == "-":
        return a - b
    return a * b if operator == "*" else a / b


def before(given: Sequence[Token], index: int, *, constants: bool = False) -> tuple[Value, int] | None:
    """Parses the longest expression that ends right before token ``index``: it and its first token.

    ``constants`` takes its numbers for exact: in a formula with a named function they are.
    """
    first = index
    depth = 0
    while first > max(0, index - LONGEST):
        token = given[first - 1]
        depth += (token.kind == "close") - (token.kind == "open")
        if token.kind in ("rel", "arrow", "stop") or depth < 0:
            break
        first -= 1
    for start in range(first, index):
        if start and start > first and given[start - 1].kind in ("op", "close"):
            continue
        if given[start].kind == "word" and given[start].text.lower() not in ranges.FUNCTIONS:
            continue
        parser = Parser(given[start:index], constants=constants)
        try:
            value = parser.sum()
        except (Unparsed, Undefined):
            continue
        if parser.at == index - start and value.named and not constants:
            return before(given, index, constants=True)
        if parser.at == index - start and not _continued(given, start, first):
            return value, start
    return None


def _continued(given: Sequence[Token], start: int, first: int) -> bool:
    """Tells whether an operator before the words in front joins something unknown to the expression."""
    at = start - 1
    while at >= first and given[at].kind == "word":
        at -= 1
    return at >= first and given[at].kind == "op" and given[at].text not in "-"


def after(given: Sequence[Token], index: int, *, constants: bool = False) -> tuple[Value, int] | None:
    """Parses the expression that starts at token ``index``: it and the token after it.

    None when an operator goes on to something that is no number.
    """
    parser = Parser(given[index : index + LONGEST], constants=constants)
    try:
        value = parser.sum()
    except (Unparsed, Undefined):
        return None
    if value.named and not constants:
        return after(given, index, constants=True)
    return value, index + parser.at
