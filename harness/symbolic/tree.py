"""The expression tree: four node types, canonical text, and the walks that everything else uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGIC = frozenset({"and", "or", "not", "implies"})
ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "neg"})
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "abs": (1, 1),
    "min": (1, 8),
    "max": (1, 8),
    "clip": (3, 3),
    "floor": (1, 1),
    "exp": (1, 1),
    "log": (1, 1),
    "sqrt": (1, 1),
    "tanh": (1, 1),
    "cos": (1, 1),
    "sin": (1, 1),
    "pow": (2, 2),
    "diff": (2, 2),
    "sum": (1, 1),
    "finite": (1, 1),
    "implies": (2, 2),
}
"""Every function of the grammar with its least and largest number of arguments."""
CONSTANTS = frozenset({"pi"})
TRUTH = COMPARISONS | LOGIC | {"finite"}
RESERVED = frozenset(FUNCTIONS) | CONSTANTS | {"and", "or", "not", "if", "else"}


@dataclass(frozen=True, slots=True)
class Number:
    """An exact decimal literal."""

    value: Fraction
    text: str = field(compare=False)
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, column, constant or parameter."""

    id: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Previous:
    """The value of a column ``back`` selected rows earlier: ``x[-1]``."""

    id: str
    back: int
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator, a function of the grammar, a branch (``if``: then, condition, else), or a formula."""

    op: str
    args: tuple[Node, ...]
    at: int = field(default=0, compare=False)


Node = Number | Name | Previous | Apply


def is_truth(node: Node) -> bool:
    """Tells whether a node is true or false rather than a number."""
    if isinstance(node, Apply):
        return node.op in TRUTH or (node.op == "if" and is_truth(node.args[0]))
    return False


def walk(node: Node) -> Iterator[Node]:
    """Yields the node and everything below it, parents first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, Apply):
            stack.extend(reversed(current.args))


def names(node: Node) -> frozenset[str]:
    """Returns the variable names a tree mentions, previous rows included, constants like pi not."""
    return frozenset(
        part.id for part in walk(node) if isinstance(part, Name | Previous) and part.id not in CONSTANTS
    )


def used_formulas(node: Node) -> frozenset[str]:
    """Returns the names of the formulas that a tree calls directly."""
    known = FUNCTIONS.keys() | ARITHMETIC | COMPARISONS | LOGIC | {"if"}
    return frozenset(part.op for part in walk(node) if isinstance(part, Apply) and part.op not in known)


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """Rebuilds a tree from the leaves up, passing every rebuilt node through ``change``."""
    if isinstance(node, Apply):
        node = Apply(node.op, tuple(rewrite(arg, change) for arg in node.args), node.at)
    return change(node)


def shared(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Rebuilds trees so that equal parts of them are one object, in time linear in their size."""
    known: dict[object, Node] = {}

    def one(node: Node) -> Node:
        key = (node.op, *(id(arg) for arg in node.args)) if isinstance(node, Apply) else node
        return known.setdefault(key, node)

    return tuple(rewrite(node, one) for node in nodes)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Splits a claim at its top-level ``and``."""
    if isinstance(node, Apply) and node.op == "and":
        return tuple(part for arg in node.args for part in conjuncts(arg))
    return (node,)


def shown(node: Node) -> str:
    """Prints a tree with its numbers as they were written, without the outermost brackets."""
    text = canonical(rewrite(node, lambda leaf: Name(leaf.text) if isinstance(leaf, Number) else leaf))
    bracketed = isinstance(node, Apply) and text.startswith("(") and node.op != "neg"
    return text[1:-1] if bracketed else text


def canonical(node: Node) -> str:
    """Prints a tree in one fixed form, fully bracketed, whatever the spacing it was read from."""
    if isinstance(node, Number):
        top, bottom = node.value.numerator, node.value.denominator
        return str(top) if bottom == 1 else f"({top}/{bottom})"
    if isinstance(node, Name):
        return node.id
    if isinstance(node, Previous):
        return f"{node.id}[-{node.back}]"
    args = [canonical(arg) for arg in node.args]
    if node.op == "neg":
        return f"(-{args[0]})"
    if node.op == "not":
        return f"(not {args[0]})"
    if node.op == "if":
        return f"({args[0]} if {args[1]} else {args[2]})"
    if node.op in ARITHMETIC | COMPARISONS | {"and", "or"}:
        return "(" + f" {node.op} ".join(args) + ")"
    return f"{node.op}({', '.join(args)})"
