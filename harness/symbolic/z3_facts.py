"""True statements about exp, log, sqrt, tanh, cos and sin that z3 may use; each guarded by its domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

Pairs = list[tuple[Any, Any]]


def facts_about(z3: Any, name: str, u: Any, y: Any, pi: Any) -> list[Any]:
    """Returns what is known of ``y = name(u)`` by itself."""
    match name:
        case "sqrt":
            return [z3.Or(u < 0, z3.And(y >= 0, y * y == u))]
        case "exp":
            return [y > 0, y >= 1 + u, z3.Implies(u == 0, y == 1), z3.Implies(u != 0, y > 1 + u)]
        case "log":
            inside = z3.And(y <= u - 1, u * y >= u - 1, z3.Implies(u != 1, y < u - 1), (u > 1) == (y > 0))
            return [z3.Or(u <= 0, inside)]
        case "tanh":
            return [y > -1, y < 1, (u > 0) == (y > 0), (u < 0) == (y < 0), z3.Implies(u >= 0, y <= u)]
        case "cos":
            return _cosine(z3, u, y, pi)
        case "sin":
            return _sine(z3, u, y, pi)
    raise ValueError(f"no facts about {name}")


def _cosine(z3: Any, u: Any, y: Any, pi: Any) -> list[Any]:
    return [
        y >= -1,
        y <= 1,
        2 * y >= 2 - u * u,
        z3.Implies(u == 0, y == 1),
        z3.Implies(z3.Or(u == pi, u == -pi), y == -1),
        z3.Implies(z3.And(-pi <= 2 * u, 2 * u <= pi), y >= 0),
        z3.Implies(z3.And(pi <= 2 * u, 2 * u <= 3 * pi), y <= 0),
    ]


def _sine(z3: Any, u: Any, y: Any, pi: Any) -> list[Any]:
    return [
        y >= -1,
        y <= 1,
        z3.Implies(z3.Or(u == 0, u == pi, u == -pi), y == 0),
        z3.Implies(z3.And(u > 0, u < pi), z3.And(y > 0, y < u)),
        z3.Implies(z3.And(-pi < u, u < 0), z3.And(y < 0, y > u)),
        z3.Implies(z3.And(pi < u, u < 2 * pi), y < 0),
    ]


def pair_facts(z3: Any, applied: Mapping[str, Pairs]) -> Iterator[Any]:
    """Yields what is known of two applications together: order, inverses, and sin² + cos² = 1."""
    for name, domain in (("exp", None), ("tanh", None), ("log", 0), ("sqrt", -1)):
        for (u, y), (v, w) in combinations(applied.get(name, ()), 2):
            outside = [] if domain is None else [u <= 0, v <= 0] if domain == 0 else [u < 0, v < 0]
            yield z3.Or(*outside, z3.And((u < v) == (y < w), (u == v) == (y == w)))
    for name in ("cos", "sin"):
        for (u, y), (v, w) in combinations(applied.get(name, ()), 2):
            yield z3.Implies(u == v, y == w)
    for u, y in applied.get("exp", ()):
        for v, w in applied.get("log", ()):
            yield z3.Or(v <= 0, z3.And((y < v) == (u < w), (y == v) == (u == w)))
    for u, y in applied.get("cos", ()):
        for v, w in applied.get("sin", ()):
            yield z3.Implies(u == v, y * y + w * w == 1)
