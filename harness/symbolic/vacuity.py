"""Tells claims that say nothing: no variable, no formula at stake, or an assumption repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.symbolic.polynomial import same
from harness.symbolic.tree import COMPARISONS, Apply, Name, Node, canonical, conjuncts, names, used_formulas


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
