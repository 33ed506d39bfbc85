"""What interventions came to, concept by concept: the own direction beside random ones of equal norm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed
from harness.statistics import directions

COLUMNS = ("concept", "direction", "dose", "norm", "effect")
RANDOM = "random"
ROUNDING = 1e-3
"""How far, relative, two norms may lie apart that are meant to be equal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One concept: its effect by dose with 0 where nothing is added, and at the largest dose its null.

    ``rival`` is the largest effect of another concept's direction there, ``unequal`` tells of norms that
    differ.
    """

    where: str
    course: tuple[tuple[float, float], ...]
    value: float
    p: float
    randoms: int
    null: tuple[float, float, float]
    rival: float
    rival_name: str
    unequal: str


Rows = Mapping[tuple[str, float], tuple[float, float]]


def effects(frame: Frame) -> list[Effect]:
    """Returns every concept of a log that its own direction steers.

    Raises ``InputError`` for a column that is not there, a number that is none, an intervention that stands
    there twice, and a concept without random directions or without two doses above 0.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(f"{frame.source}: no column {missing[0]!r}", "MISSING_INPUT")
    concepts: dict[str, dict[tuple[str, float], tuple[float, float]]] = {}
    columns = [frame.columns[name] for name in COLUMNS]
    for place, concept, direction, dose, norm, effect in zip(frame.places, *columns, strict=True):
        rows = concepts.setdefault(str(concept), {})
        key = (str(direction), _number(dose, place))
        if key in rows:
            raise InputError(
                f"{place}: {concept} by {direction} at this dose stands there twice", "ILL_POSED"
            )
        rows[key] = (_number(norm, place), _number(effect, place))
    return [_effect(f"{frame.source}:{name}", name, rows) for name, rows in concepts.items()]


def _number(cell: Cell, place: str) -> float:
    if not isinstance(cell, Printed) or not cell.finite:
        raise InputError(f"{place}: {cell} is no finite number")
    return float(cell)


def _effect(where: str, name: str, rows: Rows) -> Effect:
    import numpy as np

    course = sorted((dose, effect) for (direction, dose), (_, effect) in rows.items() if direction == name)
    if sum(dose > 0 for dose, _ in course) < 2:
        raise InputError(f"{where}: its own direction was not added at two doses above 0", "TOO_FEW")
    top, value = course[-1]
    there = {direction: found for (direction, dose), found in rows.items() if dose == top}
    null = [effect for direction, (_, effect) in there.items() if direction.startswith(RANDOM)]
    if not null:
        raise InputError(f"{where}: no random direction at dose {top:g}", "TOO_FEW")
    rivals = {d: effect for d, (_, effect) in there.items() if d != name and not d.startswith(RANDOM)}
    rival = max(rivals, key=lambda one: rivals[one], default="none")
    low, middle, high = (float(one) for one in np.quantile(null, [0.01, 0.5, 0.99]))
    return Effect(
        where=where,
        course=tuple(sorted([(0.0, 0.0), *course])),
        value=value,
        p=directions.chance(value, null, above=True),
        randoms=len(null),
        null=(low, middle, high),
        rival=rivals.get(rival, float("-inf")),
        rival_name=rival,
        unequal=_unequal(name, rows),
    )


def _unequal(name: str, rows: Rows) -> str:
    """Names the first direction whose norm at a dose is another than that of the concept's own."""
    own = {dose: norm for (direction, dose), (norm, _) in rows.items() if direction == name}
    for (direction, dose), (norm, _) in rows.items():
        if dose in own and abs(norm - own[dose]) > ROUNDING * own[dose]:
            return f"norm {norm:.4g} of {direction} and {own[dose]:.4g} of its own at dose {dose:g}"
    return ""
