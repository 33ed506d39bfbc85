"""Formulas as other dialects write them, brought into our grammar; text that is no formula is refused."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.contract import Formula
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import Node

LONGEST = 600
_SIGNS = str.maketrans({
    "²": "^2", "³": "^3", "⁴": "^4", "≤": "<=", "≥": ">=", "≠": "!=", "·": "*", "×": "*", "−": "-",
    "π": "pi", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta",
    "θ": "theta", "λ": "lambda", "μ": "mu", "σ": "sigma", "τ": "tau", "∞": "inf", "→": "=>", "⟹": "=>",
    "⇒": "=>",
})  # fmt: skip
_NOT_CLOSED = (
    (re.compile(r"\b(sum|prod|mean|argmin|argmax|softmax)\b|[Σ∑Π∏]|\bsum_"), "a sum or mean over an index"),
    (re.compile(r"\)_\w|\]_\w"), "a component of a vector"),
    (re.compile(r"->|\binf\b|\binfinity\b"), "a limit"),
    (re.compile(r"[≈~∈∀∃]|\.\.\."), "a sign that has no exact meaning here"),
)
_WORDS = {"AND": "and", "OR": "or", "NOT": "not"}
_LOGIC = frozenset({"and", "or", "not", "if", "else"})
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class NoFormula(ValueError):
    """Text that is no formula of our grammar; the message says why, in a few words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """Grammar text made of foreign notation; ``norms`` are the names that stand for norms, never negative."""

    text: str
    norms: frozenset[str] = frozenset()


def written(text: str) -> Written:
    """Brings foreign notation into our grammar's; raises ``NoFormula`` for what cannot be meant there.

    ``^`` is a power, ``||x||`` becomes a name of its own, ``|x|`` an absolute value, ``x_{t-1}`` the name
    ``x_prev``, ``x[h]`` a call, ``2(x)`` a product, and one ``=`` an equation. Nothing is evaluated.
    """
    text = " ".join(text.split()).translate(_SIGNS)
    if len(text) > LONGEST:
        raise NoFormula(f"longer than {LONGEST} characters")
    for pattern, why in _NOT_CLOSED:
        if pattern.search(text):
            raise NoFormula(why)
    norms: set[str] = set()

    def norm(match: re.Match[str]) -> str:
        name = "norm_" + re.sub(r"\W+", "_", _subscripts(match[1])).strip("_")
        norms.add(name)
        return name

    text = re.sub(r"\|\|\s*([^|]+?)\s*\|\|", norm, text)
    text = _subscripts(re.sub(r"\|([^|]+)\|", r"abs(\1)", text))
    text = re.sub(rf"\b({_NAME})\[([^\[\]]*)\]", r"\1(\2)", text)
    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)\(", r"\1*(", text).replace("^", "**")
    text = re.sub(r"(?<![<>=!:])=(?![=>])", "==", text)
    return Written(text=re.sub(rf"(?<![\d.]){_NAME}", _word, text), norms=frozenset(norms))


def _word(match: re.Match[str]) -> str:
    word = _WORDS.get(match[0], match[0])
    return f"{word}_" if keyword.iskeyword(word) and word not in _LOGIC else word


def _subscripts(text: str) -> str:
    """Makes plain names of subscripts in braces; one step back is ``_prev``, one ahead ``_next``."""

    def plain(match: re.Match[str]) -> str:
        inside = match[1].replace(" ", "")
        if re.fullmatch(r"\w+-1", inside):
            return "_prev"
        if re.fullmatch(r"\w+\+1", inside):
            return "_next"
        if re.fullmatch(r"\w+", inside):
            return f"_{inside}"
        raise NoFormula(f"the subscript {inside[:20]}")

    return re.sub(r"_\{([^{}]*)\}", plain, text)


def parsed(text: str, known: dict[str, Formula]) -> tuple[Node, frozenset[str]]:
    """Parses foreign text by our grammar; returns the tree and the names of norms; raises ``NoFormula``."""
    made = written(text)
    try:
        return parse_with(made.text, known), made.norms
    except ExpressionError as error:
        words = error.message == "not an expression" or error.message.startswith("character ")
        raise NoFormula("words, no formula" if words else error.message) from None


_CONDITION = re.compile(r"\s(?:for all|for any|for every|for each|for|when|if|where|with)\s", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:for all|for any|for every|for|when|if)\s+(.+?)(?::\s+|,\s+then\s+)(.+)", re.IGNORECASE
)
_REMARK = re.compile(r"\s+\((?=[^()]*[A-Za-z]{3})[^()]*(?:\([^()]*\)[^()]*)*\)\s*$")


def parted(text: str) -> Iterator[tuple[str, str]]:
    """Yields the ways to read a sentence as a claim and the condition it is made under, the whole first."""
    text = " ".join(text.split()).translate(_SIGNS).strip().rstrip(".")
    plain = _REMARK.sub("", text)
    for whole in dict.fromkeys((text, plain)):
        yield whole, ""
        if match := _BEFORE.fullmatch(whole):
            yield match[2], match[1]
        for sign in (" implies ", " => "):
            before, found, after = whole.partition(sign)
            if found:
                yield after, before
        for match in _CONDITION.finditer(whole):
            yield whole[: match.start()], whole[match.end() :]


def pieces(text: str) -> list[str]:
    """Splits at commas, semicolons and ``and`` that stand outside of brackets."""
    found, depth, start = [], 0, 0
    for match in re.finditer(r"[(\[{]|[)\]}]|,|;|\s(?:and|AND)\s", text):
        sign = match[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth <= 0:
            found.append(text[start : match.start()])
            start = match.end()
    found.append(text[start:])
    return [piece.strip() for piece in found if piece.strip()]
