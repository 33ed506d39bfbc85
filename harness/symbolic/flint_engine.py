"""Proves bounds over a box by branch and prune in ball arithmetic: no solver and no lemma of ours.

A box on which the claim holds by its enclosure, its mean value form, or along a slope of one sign down to a
face, is done; one that the assumptions exclude is pruned; any other is halved where it matters most. Source:
Neumaier, Interval Methods for Systems of Equations, 1990, chapters 2 and 5.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.symbolic.balls import Balls, NoValueError, Slopes, compared
from harness.symbolic.engine import EngineAnswer, Problem, Said
from harness.symbolic.exact import Undecided, Undefined, constant_value, settle
from harness.symbolic.tree import COMPARISONS, Apply, Name, Node, conjuncts, names, shared

NAME = "flint"
MAX_VARIABLES = 6
MAX_BOXES = 200_000
PRECISION = 64
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
Box = dict[str, tuple[Fraction, Fraction]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """A goal over boxes: what is assumed, and of the box's variables which are bounded by it."""

    flint: Any
    assumptions: tuple[Node, ...]
    goal: Node
    until: float


def prove(problem: Problem) -> EngineAnswer:
    """Proves a goal whose variables the assumptions hold in a closed box; others are not covered."""
    import flint

    goal, *premises = shared((problem.goal, *problem.assumptions))
    while isinstance(goal, Apply) and goal.op == "implies":
        premises.append(goal.args[0])
        goal = goal.args[1]
    links = tuple(link for premise in premises for link in conjuncts(premise))
    box = box_of(links, sorted(names(goal)))
    if box is None or len(box) > MAX_VARIABLES:
        return EngineAnswer(engine=NAME, said=Said.UNSUPPORTED, note="no closed box of few variables")
    if any(low > high for low, high in box.values()):
        return EngineAnswer(engine=NAME, said=Said.UNKNOWN, note="an empty box")
    flint.ctx.prec = PRECISION
    useful = tuple(link for link in links if names(link) <= set(box))
    until = time.monotonic() + problem.seconds
    boxes = 0
    for part in conjuncts(goal):
        task = _Task(flint=flint, assumptions=useful, goal=part, until=until)
        said, count = _cover(task, box)
        boxes += count
        if said is not Said.PROVED:
            return EngineAnswer(engine=NAME, said=said, note=f"after {boxes} boxes")
    return EngineAnswer(engine=NAME, said=Said.PROVED, note=f"{boxes} boxes")


def box_of(links: Sequence[Node], wanted: Sequence[str]) -> Box | None:
    """Reads the closed bounds of every wanted variable off the assumptions; None if one is unbounded."""
    low: dict[str, Fraction] = {}
    high: dict[str, Fraction] = {}
    for link in links:
        for name, op, bound in _bounds(link):
            if op in (">", ">=", "=="):
                low[name] = max(low.get(name, bound), bound)
            if op in ("<", "<=", "=="):
                high[name] = min(high.get(name, bound), bound)
    if not wanted or any(name not in low or name not in high for name in wanted):
        return None
    return {name: (low[name], high[name]) for name in wanted}


def _bounds(link: Node) -> Iterator[tuple[str, str, Fraction]]:
    if not isinstance(link, Apply) or link.op not in _TURNED:
        return
    left, right = link.args
    for op, one, other in ((link.op, left, right), (_TURNED[link.op], right, left)):
        bound = constant_value(other)
        if isinstance(one, Name) and one.id != "pi" and bound is not None:
            yield one.id, op, bound


def _cover(task: _Task, whole: Box) -> tuple[Said, int]:
    """Works through the boxes; all must be done."""
    stack, count = [whole], 0
    while stack:
        box = stack.pop()
        count += 1
        if count > MAX_BOXES or time.monotonic() > task.until:
            return Said.TIMED_OUT, count
        slopes = _judge(task, box)
        if slopes is None:
            continue
        halves = _halves(box, slopes)
        if halves is None:
            return Said.UNKNOWN, count
        stack.extend(halves)
    return Said.PROVED, count


def _judge(task: _Task, box: Box) -> Slopes | None:
    """Returns None if a box is done, else what is known of the slopes of the claim's difference."""
    balls = Balls(task.flint, _balls(task.flint, box))
    if any(_denied(balls, link) for link in task.assumptions):
        return None
    try:
        if balls.truth(task.goal):
            return None
        goal = task.goal
        if not isinstance(goal, Apply) or goal.op not in COMPARISONS:
            return {}
        found = balls.of(Apply("-", goal.args))
    except NoValueError:
        return {}
    if found.slopes is None:
        return {}
    if goal.op in ("<", "<=", ">", ">="):
        if _by_mean_value(task, box, found.slopes):
            return None
        face = _face(goal.op, box, found.slopes)
        if face != box and (_holds_at(task.goal, face) or _judge_face(task, face)):
            return None
    return found.slopes


def _judge_face(task: _Task, face: Box) -> bool:
    try:
        return Balls(task.flint, _balls(task.flint, face)).truth(task.goal) is True
    except NoValueError:
        return False


def _denied(balls: Balls, link: Node) -> bool:
    try:
        return balls.truth(link) is False
    except NoValueError:
        return False


def _balls(flint: Any, box: Mapping[str, tuple[Fraction, Fraction]]) -> dict[str, Any]:
    def ball(value: Fraction) -> Any:
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    return {
        name: ball(low) if low == high else ball(low).union(ball(high)) for name, (low, high) in box.items()
    }


def _by_mean_value(task: _Task, box: Box, slopes: Slopes) -> bool:
    """Encloses the difference by its value at the centre and the slopes over the box."""
    goal = task.goal
    if not isinstance(goal, Apply):
        return False
    centre = {name: ((low + high) / 2,) * 2 for name, (low, high) in box.items()}
    wide, narrow = _balls(task.flint, box), _balls(task.flint, centre)
    try:
        value = Balls(task.flint, narrow).of(Apply("-", goal.args)).value
    except NoValueError:
        return False
    for name, slope in slopes.items():
        value += slope * (wide[name] - narrow[name])
    return compared(goal.op, value, task.flint.arb(0)) is True


def _face(op: str, box: Box, slopes: Slopes) -> Box:
    """Moves every variable along whose axis the difference only rises or only falls to its worst end."""
    upper = op in ("<", "<=")
    face = dict(box)
    for name, (low, high) in box.items():
        slope = slopes.get(name)
        if slope is None or slope == 0:
            face[name] = (low, low)
        elif slope >= 0:
            face[name] = (high, high) if upper else (low, low)
        elif slope <= 0:
            face[name] = (low, low) if upper else (high, high)
    return face


def _holds_at(goal: Node, face: Box) -> bool:
    """Asks exact arithmetic where a face is one point: balls cannot tell that a bound is just met."""
    if any(low != high for low, high in face.values()):
        return False
    try:
        return settle(goal, {name: low for name, (low, _) in face.items()}) is True
    except (Undefined, Undecided):
        return False


def _halves(box: Box, slopes: Slopes) -> tuple[Box, Box] | None:
    """Cuts the side over which the difference may change most; None if no side is left to cut."""
    sides = {name: high - low for name, (low, high) in box.items() if high > low}
    if not sides:
        return None

    def weight(name: str) -> float:
        slope = slopes.get(name)
        return float(sides[name]) * (float(slope.abs_upper()) if slope is not None else 1.0)

    name = max(sides, key=weight) if slopes else max(sides, key=lambda n: sides[n])
    low, high = box[name]
    middle = (low + high) / 2
    return {**box, name: (low, middle)}, {**box, name: (middle, high)}
