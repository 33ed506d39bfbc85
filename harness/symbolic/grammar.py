"""Text to expression tree: a whitelist over Python's own ``ast``, with limits and a caret at the fault.

Nothing is executed and no name is resolved by Python; what is not listed here is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction

from harness.symbolic.tree import (
    CONSTANTS,
    FUNCTIONS,
    LOGIC,
    Apply,
    Name,
    Node,
    Number,
    Previous,
    is_truth,
    walk,
)

MAX_LENGTH = 4_000
MAX_DEPTH = 60
MAX_DIGITS = 60
MAX_BACK = 1_000
MAX_EXPONENT = 10_000
_LITERAL = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z")
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class ExpressionError(ValueError):
    """An expression outside the grammar; the message ends in the text with a caret under the place."""

    def __init__(self, message: str, text: str, at: int) -> None:
        self.message, self.at = message, at
        start = max(0, at - 60)
        shown = text[start : start + 100].replace("\n", " ")
        super().__init__(f"{message}\n      {shown}\n      {' ' * (at - start)}^")


def parse(text: str, *, formulas: frozenset[str] = frozenset()) -> Node:
    """Parses grammar text; ``formulas`` are the further names that may be called.

    Raises ``ExpressionError``.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", text[:100], 0)
    for position, character in enumerate(text):
        if not (character.isascii() and (character.isprintable() or character in "\n\t")):
            raise ExpressionError(f"character {character!r} is not plain ASCII", text, position)
        if character == "#":
            raise ExpressionError("a comment would hide the rest of the expression", text, position)
    flat = text.replace("\n", " ").replace("\t", " ")
    body = flat.strip()
    _limit_nesting(body)
    try:
        tree = ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = max(0, (getattr(error, "offset", 1) or 1) - 1)
        raise ExpressionError("not an expression", body, min(at, len(body))) from None
    return _Reader(body, formulas).read(tree, 0)


def _limit_nesting(text: str) -> None:
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH}", text, position)


class _Reader:
    """Turns one ``ast`` tree into ours, refusing every node type it does not know."""

    def __init__(self, text: str, formulas: frozenset[str]) -> None:
        self.text, self.formulas = text, formulas

    def fail(self, message: str, node: ast.expr) -> ExpressionError:
        return ExpressionError(message, self.text, node.col_offset)

    def read(self, node: ast.expr, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH}", node)
        reader: Callable[..., Node] | None = getattr(self, f"read_{type(node).__name__}", None)
        if reader is None:
            raise self.fail(f"{type(node).__name__} is not part of the grammar", node)
        return reader(node, depth + 1)

    def number(self, node: ast.expr, depth: int) -> Node:
        found = self.read(node, depth)
        if is_truth(found):
            raise self.fail("a number is needed here, this is true or false", node)
        return found

    def truth(self, node: ast.expr, depth: int) -> Node:
        found = self.read(node, depth)
        if not is_truth(found):
            raise self.fail("a condition is needed here, this is a number", node)
        return found

    def read_Constant(self, node: ast.Constant, depth: int) -> Node:
        literal = self.text[node.col_offset : node.end_col_offset]
        if not _LITERAL.match(literal):
            raise self.fail("only plain decimal numbers are allowed", node)
        if len(literal) > MAX_DIGITS:
            raise self.fail(f"a number of more than {MAX_DIGITS} digits", node)
        return Number(Fraction(literal), literal, node.col_offset)

    def read_Name(self, node: ast.Name, depth: int) -> Node:
        if node.id in FUNCTIONS or node.id in self.formulas or node.id in LOGIC:
            raise self.fail(f"{node.id} is a formula and needs its arguments", node)
        if node.id.startswith("__"):
            raise self.fail("names starting with two underscores are refused", node)
        return Name(node.id, node.col_offset)

    def read_Subscript(self, node: ast.Subscript, depth: int) -> Node:
        match node.value, node.slice:
            case ast.Name(id=name), ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(back))):
                if not isinstance(back, bool) and 1 <= back <= MAX_BACK and name not in CONSTANTS:
                    return Previous(name, back, node.col_offset)
        raise self.fail("only a previous row is allowed here: x[-1]", node)

    def read_UnaryOp(self, node: ast.UnaryOp, depth: int) -> Node:
        if isinstance(node.op, ast.Not):
            return Apply("not", (self.truth(node.operand, depth),), node.col_offset)
        if isinstance(node.op, ast.USub):
            return Apply("neg", (self.number(node.operand, depth),), node.col_offset)
        if isinstance(node.op, ast.UAdd):
            return self.number(node.operand, depth)
        raise self.fail("this operator is not part of the grammar", node)

    def read_BinOp(self, node: ast.BinOp, depth: int) -> Node:
        op = _BINARY.get(type(node.op))
        if op is None:
            raise self.fail("this operator is not part of the grammar", node)
        args = self.number(node.left, depth), self.number(node.right, depth)
        if op == "**":
            self._exponent(args[1], node.right)
        return Apply(op, args, node.col_offset)

    def _exponent(self, exponent: Node, node: ast.expr) -> None:
        """Refuses a constant exponent that no evaluation could afford, and towers of constants."""
        parts = list(walk(exponent))
        if any(isinstance(part, Name | Previous) for part in parts):
            return
        tower = any(isinstance(part, Apply) and part.op in ("**", "pow") for part in parts)
        large = any(isinstance(part, Number) and part.value > MAX_EXPONENT for part in parts)
        if tower or large:
            raise self.fail(f"an exponent past {MAX_EXPONENT}", node)

    def read_Compare(self, node: ast.Compare, depth: int) -> Node:
        sides = [self.number(side, depth) for side in (node.left, *node.comparators)]
        links: list[Node] = []
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            if type(op) not in _COMPARE:
                raise self.fail("this comparison is not part of the grammar", node)
            links.append(Apply(_COMPARE[type(op)], (left, right), node.col_offset))
        return links[0] if len(links) == 1 else Apply("and", tuple(links), node.col_offset)

    def read_BoolOp(self, node: ast.BoolOp, depth: int) -> Node:
        op = "and" if isinstance(node.op, ast.And) else "or"
        return Apply(op, tuple(self.truth(value, depth) for value in node.values), node.col_offset)

    def read_IfExp(self, node: ast.IfExp, depth: int) -> Node:
        condition = self.truth(node.test, depth)
        then, other = self.read(node.body, depth), self.read(node.orelse, depth)
        if is_truth(then) != is_truth(other):
            raise self.fail("both branches must be numbers or both conditions", node)
        return Apply("if", (then, condition, other), node.col_offset)

    def read_Call(self, node: ast.Call, depth: int) -> Node:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.fail("only plain calls with positional arguments are allowed", node)
        name = node.func.id
        if name not in FUNCTIONS:
            if name not in self.formulas:
                raise self.fail(f"unknown function {name}", node)
            return Apply(name, tuple(self.number(a, depth) for a in node.args), node.col_offset)
        low, high = FUNCTIONS[name]
        if not low <= len(node.args) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise self.fail(f"{name} takes {wanted} arguments, not {len(node.args)}", node)
        reads = self.truth if name == "implies" else self.number
        args = tuple(reads(arg, depth) for arg in node.args)
        if name == "pow":
            self._exponent(args[1], node.args[1])
        if name == "diff" and not isinstance(args[1], Name):
            raise self.fail("diff takes an expression and the name of a variable", node)
        return Apply(name, args, node.col_offset)
