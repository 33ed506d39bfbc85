"""Tells claims that cannot vary: their variables are pinned, or both their sides are fixed numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from harness.symbolic.exact import Undecided, Undefined, evaluate
from harness.symbolic.tree import Apply, Name, Node, Number, names

Follows = Callable[[Node], bool]


def stillness(conclusion: Node, some: Sequence[Mapping[str, Fraction]], follows: Follows) -> str:
    """Returns why a conclusion says nothing of its variables, or an empty text.

    ``some`` are points that the assumptions allow, ``follows`` asks a prover. An equation may say of a term
    that it never changes; an inequality of two such terms compares two numbers.
    """
    spoken = sorted(names(conclusion))
    if spoken and all(_stays(Name(name), some, follows) for name in spoken):
        return "the assumptions fix every variable in it"
    compared = isinstance(conclusion, Apply) and conclusion.op in ("<", "<=", ">", ">=", "!=")
    if isinstance(conclusion, Apply) and compared and all(_stays(a, some, follows) for a in conclusion.args):
        return "both its sides are numbers that never change"
    return ""


def _stays(node: Node, some: Sequence[Mapping[str, Fraction]], follows: Follows) -> bool:
    """Tells whether a number is proved to be the same at every point that the assumptions allow."""
    values: set[Fraction] = set()
    for point in some:
        try:
            found = evaluate(node, point)
        except (Undefined, Undecided):
            return False
        if not found.exact:
            return False
        values.add(found.low)
        if len(values) > 1:
            return False
    return any(follows(Apply("==", (node, Number(value, str(value))))) for value in values)
