"""Replaces calls of shared formulas by their bodies, within limits on depth and size."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from harness.model.contract import Formula
from harness.symbolic.grammar import ExpressionError, parse
from harness.symbolic.library import LIBRARY
from harness.symbolic.tree import Apply, Name, Node, Previous, is_truth, names, rewrite, used_formulas, walk

MAX_NODES = 5_000
MAX_LEVELS = 16
MAX_DEEP = 200


def known_formulas(formulas: Mapping[str, Formula]) -> dict[str, Formula]:
    """Returns the library with the contract's own formulas over it."""
    return {**LIBRARY, **formulas}


def parse_with(text: str, formulas: Mapping[str, Formula]) -> Node:
    """Parses text that may call the library and the given formulas; raises ``ExpressionError``."""
    return parse(text, formulas=frozenset(known_formulas(formulas)))


def reachable(text: str, formulas: Mapping[str, Formula]) -> dict[str, Formula]:
    """Returns the formulas that ``text`` uses, directly or through others; raises ``ExpressionError``."""
    known, found, todo = known_formulas(formulas), {}, [text]
    while todo:
        for name in used_formulas(parse_with(todo.pop(), formulas)):
            if name not in found:
                found[name] = known[name]
                todo.append(known[name].body)
    return dict(sorted(found.items()))


def expand(node: Node, formulas: Mapping[str, Formula]) -> Node:
    """Inlines every formula call, so that only operators and functions of the grammar remain.

    A previous-row name given as an argument stays one. Raises ``ExpressionError`` for a wrong number of
    arguments, a body with free names, recursion, or a tree that grows past its limit.
    """
    try:
        return _inlined(node, formulas, 0, {})
    except RecursionError:
        raise ExpressionError("nests too deeply once its formulas are expanded", "", 0) from None


def bounded(tree: Node, when: str) -> Node:
    """Returns the tree if it is within the limits on size and depth, else raises ``ExpressionError``."""
    if sum(1 for _ in islice(walk(tree), MAX_NODES + 1)) > MAX_NODES:
        raise ExpressionError(f"grows past {MAX_NODES} terms once {when}", "", 0)
    layer, depth = [tree], 0
    while layer:
        layer, depth = [arg for part in layer if isinstance(part, Apply) for arg in part.args], depth + 1
    if depth > MAX_DEEP:
        raise ExpressionError(f"nests deeper than {MAX_DEEP} once {when}", "", 0)
    return tree


def _inlined(node: Node, formulas: Mapping[str, Formula], level: int, bodies: dict[str, Node]) -> Node:
    """Inlines what a tree calls; ``bodies`` keeps the expanded body of every formula met so far."""
    known = known_formulas(formulas)

    def inline(part: Node) -> Node:
        if not isinstance(part, Apply) or part.op not in known:
            return part
        formula = known[part.op]
        if level >= MAX_LEVELS:
            raise ExpressionError(f"formula {formula.name} nests or recurses too deeply", formula.body, 0)
        if len(part.args) != len(formula.parameters):
            text = f"{formula.name}({', '.join(formula.parameters)})"
            raise ExpressionError(
                f"{formula.name} takes {len(formula.parameters)} arguments, not {len(part.args)}", text, 0
            )
        if formula.name not in bodies:
            written = parse_with(formula.body, formulas)
            bodies[formula.name] = _inlined(written, formulas, level + 1, bodies)
        body = bodies[formula.name]
        if is_truth(body):
            raise ExpressionError(f"{formula.name} is a condition; formulas are numbers", formula.body, 0)
        free = sorted(names(body) - set(formula.parameters))
        if free:
            raise ExpressionError(f"{free[0]} is not a parameter of {formula.name}", formula.body, 0)
        bound = dict(zip(formula.parameters, part.args, strict=True))
        _keep_derivatives(body, bound, formula)
        return rewrite(body, lambda leaf: _substitute(leaf, bound, formula))

    return bounded(rewrite(node, inline), "its formulas are expanded")


def _substitute(leaf: Node, bound: Mapping[str, Node], formula: Formula) -> Node:
    if isinstance(leaf, Previous):
        raise ExpressionError(f"formula {formula.name} may not name a previous row", formula.body, 0)
    return bound.get(leaf.id, leaf) if isinstance(leaf, Name) else leaf


def _keep_derivatives(body: Node, bound: Mapping[str, Node], formula: Formula) -> None:
    """Refuses a call that would change what ``diff`` in the body means.

    ``diff(f, x)`` for a parameter x keeps its meaning only where x is bound to a variable of the caller
    that no other argument mentions.
    """
    for part in walk(body):
        if not isinstance(part, Apply) or part.op != "diff" or not isinstance(part.args[1], Name):
            continue
        variable = part.args[1].id
        argument = bound.get(variable, part.args[1])
        others = frozenset[str]().union(*(names(arg) for name, arg in bound.items() if name != variable))
        if not isinstance(argument, Name) or argument.id in others:
            message = f"{formula.name} differentiates by {variable}: give it a variable of its own there"
            raise ExpressionError(message, formula.body, part.at)
