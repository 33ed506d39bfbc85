"""Asks sympy whether two sides are the same: identities and derivatives, built from trees, never text."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from types import FrameType
from typing import Any, NoReturn

from harness.symbolic.engine import EngineAnswer, Problem, Said
from harness.symbolic.tree import Apply, Name, Node, Number, conjuncts, walk

NAME = "sympy"
MAX_SIZE = 400
_FUNCTIONS = {"exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "cos": "cos", "sin": "sin"}


class _LateError(BaseException):
    """The alarm went off; not an ``Exception``, so that sympy's own handlers let it through."""


class _UnsupportedError(ValueError):
    """The tree holds a branch or a bend."""


def prove(problem: Problem) -> EngineAnswer:
    """Proves a goal all of whose conjuncts are equations with a difference that simplifies to zero."""
    goal = problem.raw_goal or problem.goal
    premises = list(problem.assumptions)
    while isinstance(goal, Apply) and goal.op == "implies":
        premises.append(goal.args[0])
        goal = goal.args[1]
    if not _covers(goal):
        return EngineAnswer(engine=NAME, said=Said.UNSUPPORTED)
    import sympy

    try:
        with _alarm(problem.seconds):
            reader = _Reader(sympy, _signs(premises))
            zero = all(reader.vanishes(part) for part in conjuncts(goal))
    except _LateError:
        return EngineAnswer(engine=NAME, said=Said.TIMED_OUT)
    except _UnsupportedError:
        return EngineAnswer(engine=NAME, said=Said.UNSUPPORTED)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        # sympy raises all of these, by its own accident, on expressions that it cannot handle.
        return EngineAnswer(engine=NAME, said=Said.UNKNOWN, note=f"{type(error).__name__}: {error}"[:200])
    return EngineAnswer(engine=NAME, said=Said.PROVED if zero else Said.UNKNOWN)


def _covers(goal: Node) -> bool:
    parts = list(walk(goal))
    bent = {"if", "min", "max", "clip", "abs", "floor", "defined", "sum", "finite"}
    return (
        len(parts) <= MAX_SIZE
        and all(isinstance(part, Apply) and part.op == "==" for part in conjuncts(goal))
        and not any(isinstance(part, Apply) and part.op in bent for part in parts)
    )


def _signs(premises: list[Node]) -> dict[str, dict[str, bool]]:
    """Reads off which variables the assumptions call positive, negative or not negative."""
    found: dict[str, dict[str, bool]] = {}
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    for part in (link for premise in premises for link in conjuncts(premise)):
        if not isinstance(part, Apply) or part.op not in turned:
            continue
        op, (left, right) = part.op, part.args
        if isinstance(left, Number):
            op, left, right = turned[op], right, left
        if isinstance(left, Name) and isinstance(right, Number):
            found.setdefault(left.id, {}).update(_sign(op, right.value))
    return found


def _sign(op: str, bound: Fraction) -> dict[str, bool]:
    if (op == ">" and bound >= 0) or (op == ">=" and bound > 0):
        return {"positive": True}
    if op == ">=" and bound == 0:
        return {"nonnegative": True}
    return {"negative": True} if op == "<" and bound <= 0 else {}


class _Reader:
    """Builds sympy expressions from our nodes."""

    def __init__(self, sympy: Any, signs: dict[str, dict[str, bool]]) -> None:
        self.sympy, self.signs = sympy, signs

    def vanishes(self, equation: Node) -> bool:
        """Tells whether the two sides of an equation differ by zero."""
        if not isinstance(equation, Apply):
            return False
        left, right = (self.read(arg) for arg in equation.args)
        difference = left - right
        steps = (self.sympy.expand, self.sympy.cancel, self.sympy.simplify, self._logs)
        return any(step(difference) == 0 for step in steps)

    def _logs(self, difference: Any) -> Any:
        return self.sympy.simplify(self.sympy.expand_log(self.sympy.powsimp(self.sympy.expand(difference))))

    def read(self, node: Node) -> Any:
        """Returns the sympy expression of a number-valued tree."""
        if isinstance(node, Number):
            return self.sympy.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, Name):
            if node.id == "pi":
                return self.sympy.pi
            return self.sympy.Symbol(f"v_{node.id}", real=True, **self.signs.get(node.id, {}))
        if not isinstance(node, Apply):
            raise _UnsupportedError
        return self._apply(node.op, [self.read(arg) for arg in node.args])

    def _apply(self, op: str, args: list[Any]) -> Any:
        match op, args:
            case "+", [a, b]:
                return a + b
            case "-", [a, b]:
                return a - b
            case "*", [a, b]:
                return a * b
            case "/", [a, b]:
                return a / b
            case "neg", [a]:
                return -a
            case (("**" | "pow"), [a, b]):
                return a**b
            case "diff", [a, b]:
                return self.sympy.diff(a, b)
            case _ if op in _FUNCTIONS:
                return getattr(self.sympy, _FUNCTIONS[op])(args[0])
        raise _UnsupportedError


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupts the block after some seconds where the platform can; else only the worker's limit holds."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable:
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _LateError

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(0.01, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
