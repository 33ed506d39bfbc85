"""Looks for points that satisfy some conditions: edges first, exact fractions only, one seed for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from random import Random

from harness.symbolic.exact import Undecided, Undefined, evaluate, settle, show
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
    walk,
)
from harness.symbolic.vacuity import split

Point = dict[str, Fraction]
_PLAIN = tuple(
    Fraction(text)
    for text in "0 1 -1 2 -2 1/2 -1/2 3 1/3 -3 5 10 -10 1/10 1/100 1000 7/4 100 1/1000 20".split()
)
_SHARES = tuple(Fraction(text) for text in "0 1 1/2 1/1000 999/1000 1/3 3/4 1/10 9/10 1/1000000".split())
_STEPS = tuple(Fraction(text) for text in "0 1 1/2 1/1000 2 10 1/10 100 5 1/1000000 1000".split())
_LEVELS = tuple(Fraction(text) for text in "1 0 2 1/2 -1".split())
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_ROUNDS = 3
_NEAR = 64


def written(point: Point) -> tuple[tuple[str, str], ...]:
    """Writes a point as pairs of text."""
    return tuple((name, str(value)) for name, value in point.items())


def placed(point: Point) -> str:
    """Writes a point as ``x = 1/2, y = 0``."""
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def sides(claim: Node, tree: Node, point: Point) -> str:
    """Names the failing comparison of a claim, ``tree`` being it expanded, with the values of both sides."""
    _, conclusion = split(tree)
    text = canonical(split(claim)[1])
    if isinstance(conclusion, Apply) and len(conclusion.args) == 2 and not is_truth(conclusion.args[0]):
        left, right = (show(side, point) for side in conclusion.args)
        return f"{text} is false: left {left}, right {right}"
    return f"{text} is false"


def satisfies(conditions: Sequence[Node], point: Point) -> bool:
    """Tells whether every condition surely holds at a point."""
    for condition in conditions:
        try:
            if settle(condition, point) is not True:
                return False
        except (Undefined, Undecided):
            return False
    return True


def candidates(
    variables: Sequence[str], conditions: Sequence[Node], hints: Sequence[Node], tries: int
) -> Iterator[Point]:
    """Yields points moved towards the conditions; whether they satisfy them is for the caller to test.

    ``hints`` are further trees whose constants and comparisons mark interesting places.
    """
    # Not a secret: the same question must always be searched in the same way.
    random = Random(f"{sorted(variables)}")  # noqa: S311
    constants = _constants([*conditions, *hints])
    bounds = [bound for condition in conditions for bound in _bounds(condition)]
    extra = [bound for hint in hints for part in walk(hint) for bound in _bounds(part)]
    for number in range(tries):
        point = {name: _start(random, constants) for name in variables}
        levelled = number % 8 == 2 or number < len(_LEVELS)
        if levelled:
            level = _LEVELS[number % len(_LEVELS)]
            _level(random, point, level, changes=0 if number < len(_LEVELS) else random.randint(1, 2))
        elif number % 4 == 3:
            _align(random, point, constants)
        mixed = extra and not levelled and number % 2 == 0
        active = [*bounds, *random.sample(extra, min(2, len(extra)))] if mixed else bounds
        for _ in range(_ROUNDS):
            _repair(random, point, active, 0.0 if levelled else 0.3)
        yield point


def witnesses(
    variables: Sequence[str], conditions: Sequence[Node], hints: Sequence[Node], tries: int
) -> Iterator[Point]:
    """Yields the candidates that satisfy every condition exactly."""
    for point in candidates(variables, conditions, hints, tries):
        if satisfies(conditions, point):
            yield point


def _constants(trees: Sequence[Node]) -> tuple[Fraction, ...]:
    found = {part.value for tree in trees for part in walk(tree) if isinstance(part, Number)}
    return tuple(sorted(found))


def _start(random: Random, constants: tuple[Fraction, ...]) -> Fraction:
    choice = random.random()
    if choice < 0.25 and constants:
        return random.choice(constants) * random.choice((1, -1, 1))
    if choice < 0.85:
        return random.choice(_PLAIN)
    return Fraction(random.randint(-1000, 1000), random.choice((1, 7, 64)))


def _level(random: Random, point: Point, level: Fraction, *, changes: int) -> None:
    """Sets all variables to one value and then changes a few: equations in many unknowns hold there."""
    for name in point:
        point[name] = level
    for name in random.sample(sorted(point), min(changes, len(point))):
        point[name] = random.choice(_PLAIN)


def _align(random: Random, point: Point, constants: tuple[Fraction, ...]) -> None:
    """Sets one variable to a simple multiple of another: ratios are where bends and ties lie."""
    if len(point) > 1:
        moved, anchor = random.sample(sorted(point), 2)
        factor = random.choice((*constants, Fraction(1), Fraction(1), Fraction(-1)))
        point[moved] = point[anchor] * factor


Bound = tuple[str, str, Node]


def _bounds(condition: Node) -> Iterator[Bound]:
    """Reads conditions of the form ``name op expression``, from either side."""
    for part in conjuncts(condition):
        if not isinstance(part, Apply) or part.op not in COMPARISONS or part.op not in _TURNED:
            continue
        left, right = part.args
        if isinstance(left, Name) and left.id not in names(right) and left.id != "pi":
            yield left.id, part.op, right
        if isinstance(right, Name) and right.id not in names(left) and right.id != "pi":
            yield right.id, _TURNED[part.op], left


def _repair(random: Random, point: Point, bounds: Sequence[Bound], restless: float) -> None:
    """Moves variables that are out of their bounds, and some others, between them and often to an edge."""
    limits: dict[str, dict[str, Fraction]] = {}
    for name, op, bound in bounds:
        value = _value(bound, point)
        if value is None or name not in point:
            continue
        known = limits.setdefault(name, {})
        if op == "==":
            point[name] = value
            continue
        side = "low" if op in (">", ">=") else "high"
        pick = max if side == "low" else min
        known[side] = pick(known.get(side, value), value)
        limits[name] = known
    for name, known in limits.items():
        if not _inside(point[name], known) or random.random() < restless:
            point[name] = _between(random, known, point[name])


def _inside(value: Fraction, known: dict[str, Fraction]) -> bool:
    low, high = known.get("low"), known.get("high")
    return (low is None or low < value) and (high is None or value < high)


def _between(random: Random, known: dict[str, Fraction], now: Fraction) -> Fraction:
    low, high = known.get("low"), known.get("high")
    if low is not None and high is not None:
        share = random.choice(_SHARES) if random.random() < 0.7 else Fraction(random.randint(0, _NEAR), _NEAR)
        return low + (high - low) * share
    if low is not None:
        return low + random.choice(_STEPS)
    return high - random.choice(_STEPS) if high is not None else now


def _value(node: Node, point: Point) -> Fraction | None:
    try:
        found = evaluate(node, point, 64)
    except (Undefined, Undecided, KeyError):
        return None
    if found.exact:
        return found.low
    middle = (found.low + found.high) / 2
    return middle if found.largest < 10**12 else None
