"""Python source as trees without comments, spacing and docstrings, and where two of them differ."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.model.problem import InputError

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
MAX_TEXT = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One statement without what is inside it, as ``ast.unparse`` writes it, with its depth and line."""

    depth: int
    text: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One stretch of statements that differs; the line is where it stands, or would stand."""

    left_line: int
    left: str
    right_line: int
    right: str


def parse(source: bytes, name: str) -> ast.Module:
    """Parses a module; raises ``InputError`` naming the file, and the line where there is one."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise InputError(f"{name}:{error.lineno}: not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{name}: not Python: {error or type(error).__name__}") from error


def find(tree: ast.Module, dotted: str, name: str) -> ast.AST:
    """Returns a function or class by its dotted name, the last where it is defined twice."""
    at: ast.AST = tree
    for step in dotted.split("."):
        named = [
            node
            for node in ast.iter_child_nodes(at)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == step
        ]
        if not named:
            raise InputError(f"{name} defines no {dotted}", reason="MISSING_INPUT")
        again = next((line for line, bound in _bound(at) if bound == step and line > named[-1].lineno), None)
        if again is not None:
            told = f"{name}:{again} binds {step} again: its definition may not be what runs"
            raise InputError(told, reason="ILL_POSED")
        at = named[-1]
    patched = next(
        (
            line
            for line, text in _patched(tree)
            if f"{dotted}.".startswith(f"{text}.") or text.startswith(f"{dotted}.__")
        ),
        None,
    )
    if patched is not None:
        raise InputError(f"{name}:{patched} sets {dotted} from outside its definition", reason="ILL_POSED")
    return at


def _bound(scope: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields line and name of what the statements of a scope bind, in blocks too, but not in functions."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for each in node.names:
                yield node.lineno, (each.asname or each.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.lineno, node.id
        elif not isinstance(node, ast.Lambda):
            yield from _bound(node)


def _patched(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and dotted name of attributes that statements outside functions set, ``setattr`` too."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                yield node.lineno, ast.unparse(node)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr" and len(node.args) == 3:
                word = node.args[1]
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield node.lineno, f"{ast.unparse(node.args[0])}.{word.value}"
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting.append(node)


def lines(node: ast.AST, depth: int = 0) -> Iterator[Line]:
    """Yields the statements of a tree in order, docstrings left out."""
    if isinstance(node, ast.match_case):
        guard = f" if {ast.unparse(node.guard)}" if node.guard is not None else ""
        yield Line(depth=depth, text=f"case {ast.unparse(node.pattern)}{guard}:", line=node.pattern.lineno)
    elif isinstance(node, ast.stmt | ast.excepthandler):
        yield Line(depth=depth, text=_header(node), line=node.lineno)
    for block in _BLOCKS:
        inner = getattr(node, block, None)
        if isinstance(inner, list):
            if block in ("orelse", "finalbody") and inner:
                yield Line(depth=depth, text=f"{block}:", line=inner[0].lineno)
            for part in _undocumented(node, block, inner):
                yield from lines(part, depth + 1)


def _undocumented(node: ast.AST, block: str, inner: Sequence[ast.AST]) -> Sequence[ast.AST]:
    documented = block == "body" and isinstance(node, _DOCUMENTED)
    told = documented and ast.get_docstring(node, clean=False) is not None  # type: ignore[arg-type]
    return inner[1:] if told else inner


def _header(node: ast.AST) -> str:
    """Writes a statement with nothing in its blocks."""
    kept = {name: getattr(node, name) for name in node._fields if name not in _BLOCKS and hasattr(node, name)}
    blocks: dict[str, list[ast.AST]] = {
        name: [] for name in _BLOCKS if isinstance(getattr(node, name, None), list)
    }
    if not blocks:
        return ast.unparse(node)
    return ast.unparse(ast.fix_missing_locations(type(node)(**kept, **blocks))).strip()


def differences(left: ast.AST, right: ast.AST) -> Iterator[Difference]:
    """Yields where two trees differ; none if they are the same but for comments, spacing and docstrings."""
    old, new = list(lines(left)), list(lines(right))
    before, after = ([(line.depth, line.text) for line in side] for side in (old, new))
    for tag, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Difference(
                left_line=_line(old, i),
                left=_text(old[i:j]),
                right_line=_line(new, k),
                right=_text(new[k:m]),
            )


def _line(side: Sequence[Line], index: int) -> int:
    return side[min(index, len(side) - 1)].line if side else 1


def _text(side: Sequence[Line]) -> str:
    whole = "; ".join(line.text for line in side) or "nothing"
    return whole if len(whole) <= MAX_TEXT else f"{whole[:MAX_TEXT]}…"
