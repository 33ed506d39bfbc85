"""The facts about exp, log, sqrt, tanh, cos and sin that the solvers may use, each named and with its source.

A lemma is text of our own grammar, so that it can be tried as well as used: ``y`` stands for the function
at ``u``, in a pair ``w`` for the second function at ``v``. Each is guarded by its domain, so that it is true
of the real functions however they are continued outside. Sources: elementary calculus, as in NIST's Digital
Library of Mathematical Functions (DLMF), chapter 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from harness.symbolic.exact import Undefined, settle
from harness.symbolic.grammar import parse
from harness.symbolic.tree import Apply, Name, Node, rewrite

_GRID = tuple(
    Fraction(n, 4) for n in (-400, -26, -13, -12, -7, -4, -1, 0, 1, 2, 3, 4, 6, 7, 12, 13, 19, 26, 400)
)
_SPARSE = tuple(Fraction(n, 8) for n in (-60, -26, -8, -7, -2, 0, 1, 2, 8, 9, 12, 26, 60, 130))


class FalseLemmaError(ValueError):
    """A lemma that fails at a point where it was tried: nothing that rests on it can be believed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lemma:
    """One fact about a function at ``u``, or about two functions at ``u`` and ``v``."""

    name: str
    functions: tuple[str, ...]
    text: str
    source: str


@cache
def tree(lemma: Lemma) -> Node:
    """Returns a lemma as a tree over u, y, v and w."""
    return parse(lemma.text)


def _lemma(name: str, text: str, source: str, *more: str) -> Lemma:
    return Lemma(name=name, functions=(name.split(".")[0], *more), text=text, source=source)


SINGLE = (
    _lemma("sqrt.square", "u < 0 or (y >= 0 and y*y == u)", "the definition of the root"),
    _lemma("exp.positive", "y > 0", "DLMF 4.2(iii)"),
    _lemma("exp.tangent", "y >= 1 + u", "convexity: the tangent at 0, DLMF 4.5.7"),
    _lemma("exp.zero", "implies(u == 0, y == 1)", "DLMF 4.2(iii)"),
    _lemma("exp.strict", "implies(u != 0, y > 1 + u)", "strict convexity, DLMF 4.5.7"),
    _lemma("log.tangent", "u <= 0 or y <= u - 1", "concavity: the tangent at 1, DLMF 4.5.3"),
    _lemma("log.reciprocal", "u <= 0 or u * y >= u - 1", "log.tangent at 1/u, DLMF 4.5.1"),
    _lemma("log.strict", "u <= 0 or implies(u != 1, y < u - 1)", "strict concavity, DLMF 4.5.3"),
    _lemma("log.sign", "u <= 0 or ((y > 0 or u <= 1) and (u > 1 or y <= 0))", "log rises through 0 at 1"),
    _lemma("tanh.range", "y > -1 and y < 1", "DLMF 4.28.4: a quotient below 1"),
    _lemma(
        "tanh.sign",
        "(u <= 0 or y > 0) and (u >= 0 or y < 0) and implies(u == 0, y == 0)",
        "tanh is odd and rises",
    ),
    _lemma("tanh.tangent", "implies(u >= 0, y <= u) and implies(u <= 0, y >= u)", "its slope is at most 1"),
    _lemma("cos.range", "y >= -1 and y <= 1", "the unit circle"),
    _lemma("cos.parabola", "2 * y >= 2 - u * u", "1 - cos u = 2 sin(u/2)**2 <= u**2 / 2"),
    _lemma("cos.zero", "implies(u == 0, y == 1)", "the unit circle"),
    _lemma("cos.half_turn", "implies(u == pi or u == -pi, y == -1)", "the unit circle"),
    _lemma("cos.right", "implies(-pi <= 2*u and 2*u <= pi, y >= 0)", "the unit circle"),
    _lemma("cos.left", "implies(pi <= 2*u and 2*u <= 3*pi, y <= 0)", "the unit circle"),
    _lemma("sin.range", "y >= -1 and y <= 1", "the unit circle"),
    _lemma("sin.zeros", "implies(u == 0 or u == pi or u == -pi, y == 0)", "the unit circle"),
    _lemma(
        "sin.upper",
        "implies(u > 0 and u < pi, y > 0 and y < u)",
        "the arc is longer than its chord, DLMF 4.18.1",
    ),
    _lemma("sin.lower", "implies(-pi < u and u < 0, y < 0 and y > u)", "sin.upper, for sin is odd"),
    _lemma("sin.third", "implies(pi < u and u < 2*pi, y < 0)", "the unit circle"),
)
_ORDER = (
    "((u >= v) or (y < w)) and ((u < v) or (y >= w)) and ((u != v) or (y == w)) and ((u == v) or (y != w))"
)
PAIRS = (
    _lemma("exp.order", _ORDER, "exp rises strictly", "exp"),
    _lemma("tanh.order", _ORDER, "tanh rises strictly", "tanh"),
    _lemma("log.order", f"u <= 0 or v <= 0 or ({_ORDER})", "log rises strictly", "log"),
    _lemma("sqrt.order", f"u < 0 or v < 0 or ({_ORDER})", "the root rises strictly", "sqrt"),
    _lemma("cos.same", "implies(u == v, y == w)", "a function", "cos"),
    _lemma("sin.same", "implies(u == v, y == w)", "a function", "sin"),
    _lemma(
        "exp.inverse",
        "v <= 0 or ((y >= v or u < w) and (y < v or u >= w) and (y != v or u == w) and (y == v or u != w))",
        "log is the inverse of exp: exp(u) < v exactly where u < log(v)",
        "log",
    ),
    _lemma("cos.pythagoras", "implies(u == v, y*y + w*w == 1)", "the unit circle", "sin"),
)  # fmt: skip


@cache
def about(function: str) -> tuple[Lemma, ...]:
    """Returns the lemmas about one application; raises ``FalseLemmaError`` if one fails when tried."""
    found = tuple(lemma for lemma in SINGLE if lemma.functions == (function,))
    for lemma in found:
        trust(lemma)
    return found


@cache
def between(first: str, second: str) -> tuple[Lemma, ...]:
    """Returns the lemmas about two applications; raises ``FalseLemmaError`` if one fails when tried."""
    found = tuple(lemma for lemma in PAIRS if lemma.functions == (first, second))
    for lemma in found:
        trust(lemma)
    return found


def trust(lemma: Lemma, points: Iterable[Mapping[str, Fraction]] = ()) -> None:
    """Tries a lemma in proven enclosures of the real functions, before anything may rest on it.

    Not a proof, the source is; but a slip of the pen fails here and not in somebody's verdict. Raises
    ``FalseLemmaError`` with the point.
    """
    for point in (*points, *_points(lemma)):
        try:
            held = settle(instance(lemma), point)
        except Undefined:
            continue
        if held is False:
            at = ", ".join(f"{name} = {value}" for name, value in point.items())
            raise FalseLemmaError(f"lemma {lemma.name} is false at {at}: {lemma.text}")


def instance(lemma: Lemma) -> Node:
    """Writes a lemma about the functions themselves: ``y`` becomes ``exp(u)``.

    Where a function has no value the guard must speak first, as it does in every text above.
    """
    terms = {"y": Apply(lemma.functions[0], (Name("u"),)), "w": Apply(lemma.functions[-1], (Name("v"),))}
    return rewrite(tree(lemma), lambda leaf: terms.get(leaf.id, leaf) if isinstance(leaf, Name) else leaf)


def _points(lemma: Lemma) -> Iterator[dict[str, Fraction]]:
    if len(lemma.functions) == 1:
        yield from ({"u": value} for value in _GRID)
    else:
        yield from ({"u": first, "v": second} for first in _SPARSE for second in _SPARSE)
