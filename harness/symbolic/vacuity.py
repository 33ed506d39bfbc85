"""Tells claims that say nothing: no variable, no formula at stake, or an assumption repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from harness.model.contract import Formula
from harness.symbolic.expand import expand
from harness.symbolic.polynomial import ordered, same, value_of
from harness.symbolic.tree import (
    COMPARISONS,
    Apply,
    Name,
    Node,
    Number,
    canonical,
    conjuncts,
    is_truth,
    names,
    rewrite,
    used_formulas,
)

_CALL = "call of "
_MIRROR = {">": "<", ">=": "<="}


def parts(claim: Node) -> tuple[Node, ...]:
    """Splits a claim into what is judged separately: conjuncts, also those behind an ``implies``."""
    found: list[Node] = []
    for part in conjuncts(claim):
        if isinstance(part, Apply) and part.op == "implies":
            found += [Apply("implies", (part.args[0], tail)) for tail in parts(part.args[1])]
        else:
            found.append(part)
    return tuple(found)


def split(part: Node) -> tuple[tuple[Node, ...], Node]:
    """Separates the guards of an ``implies`` chain from what it concludes."""
    guards: list[Node] = []
    while isinstance(part, Apply) and part.op == "implies":
        guards.append(part.args[0])
        part = part.args[1]
    return tuple(guards), part


def antecedents(node: Node, guards: tuple[Node, ...] = ()) -> Iterator[tuple[Node, ...]]:
    """Yields, for every ``implies`` in a tree, what must be possible together for it to speak."""
    if not isinstance(node, Apply):
        return
    if node.op == "implies":
        inner = (*guards, *conjuncts(node.args[0]))
        yield inner
        yield from antecedents(node.args[1], inner)
        return
    for arg in node.args:
        yield from antecedents(arg, guards)


def emptiness(part: Node, expanded: Node, given: tuple[Node, ...]) -> str:
    """Returns why a conjunct says nothing, judged by its form alone, or an empty text."""
    guards, conclusion = split(part)
    if not names(split(expanded)[1]):
        return "it mentions no variable"
    if _trivial(conclusion):
        return "both sides are the same text"
    if any(same(conclusion, link) for source in (*given, *guards) for link in conjuncts(source)):
        return "it repeats an assumption"
    return ""


def _trivial(node: Node) -> bool:
    """Tells whether a truth is settled by two sides that are the same text."""
    if not isinstance(node, Apply):
        return False
    if node.op in COMPARISONS:
        return same(*node.args)
    return node.op in ("not", "or") and any(_trivial(arg) for arg in node.args)


def repeats(expanded: Node, given: tuple[Node, ...]) -> bool:
    """Tells whether a conclusion is one of its assumptions once all formulas are expanded."""
    guards, conclusion = split(expanded)
    said = _turned(conclusion)
    return any(said == _turned(link) for source in (*given, *guards) for link in conjuncts(source))


def _turned(node: Node) -> str:
    """Prints a comparison in one direction: ``x > y`` as ``y < x``, the sides of an equality sorted."""
    if not (isinstance(node, Apply) and node.op in COMPARISONS):
        return ordered(node)
    left, right = (ordered(side) for side in node.args)
    if node.op in ("==", "!="):
        return f"{node.op} {sorted((left, right))}"
    return f"{right} {_MIRROR[node.op]} {left}" if node.op in _MIRROR else f"{left} {node.op} {right}"


def bare(written: Node, raw: Node, formulas: Mapping[str, Formula], symbols: dict[str, str]) -> Node:
    """Replaces every term by the number that it surely is, or by a symbol for its text; ``symbols`` grows.

    ``raw`` is the same truth with its formulas expanded: terms are alike if they are so written out.
    """
    if isinstance(raw, Apply) and is_truth(raw):
        sources = written.args if isinstance(written, Apply) and written.op == raw.op else raw.args
        args = (bare(*pair, formulas, symbols) for pair in zip(sources, raw.args, strict=True))
        return Apply(raw.op, tuple(args), raw.at)
    found = value_of(rewrite(written, lambda part: _folded(part, formulas)))
    return found or Name(symbols.setdefault(ordered(raw), f"term_{len(symbols)}_"))


def _folded(part: Node, formulas: Mapping[str, Formula]) -> Node:
    """Makes a number of a formula that no argument changes, and of a call divided by itself.

    Any other call counts as one variable: ``decay(T, T) == 0`` cancels only because of its arguments and
    is a claim about the formula.
    """
    if not isinstance(part, Apply):
        return part
    if is_call(part):
        fresh = tuple(Name(f"argument_{place}_") for place in range(len(part.args)))
        whole = expand(Apply(part.op, fresh), formulas) if part.op != "diff" else part
        return value_of(whole) or Name(f"{_CALL}{canonical(part)}")
    if part.op == "/" and any(name.startswith(_CALL) for name in names(part)) and same(*part.args):
        return Number(Fraction(1), "1")
    return part


def anonymous(node: Node, symbols: Mapping[str, str]) -> Node:
    """Replaces every formula call (a derivative of one counts whole) by the symbol for its text."""
    if not isinstance(node, Apply):
        return node
    if is_call(node):
        return Name(symbols[canonical(node)])
    return Apply(node.op, tuple(anonymous(arg, symbols) for arg in node.args), node.at)


def is_call(node: Node) -> bool:
    """Tells whether a node is a formula call or a derivative of something with one."""
    if not isinstance(node, Apply):
        return False
    return bool(used_formulas(Apply(node.op, ()))) or (node.op == "diff" and bool(used_formulas(node)))


def calls(node: Node) -> Iterator[Node]:
    """Yields the outermost formula calls of a tree."""
    if is_call(node):
        yield node
    elif isinstance(node, Apply):
        for arg in node.args:
            yield from calls(arg)
