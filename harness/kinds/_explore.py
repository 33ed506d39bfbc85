"""Looks for a point where code fails: all of a small domain, else its corners and then Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from math import inf
from typing import Any, Literal

from harness.kinds._domain import Domain, Point, Values, corner_values
from harness.model.problem import InputError

CORNERS = 60
Score = Callable[[Point], float]
"""How near a point comes to failing: above 1 it fails."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explored:
    """What a search did: the smallest failing point it found, and whether it saw the whole domain."""

    failing: Point | None
    whole: bool


class _Stop(BaseException):
    """Ends Hypothesis at once, which takes every ``Exception`` for a failure of the test."""


class _Failing(AssertionError):
    """What Hypothesis is shown where a point fails."""


def explore(
    domain: Domain, score: Score, keeps: Callable[[Point], bool], *, examples: int, seed: int
) -> Explored:
    """Tries ``examples`` points and the corners, or every point where there are no more than that.

    The same seed tries the same points. Raises ``InputError`` where Hypothesis is not installed and what
    ``score`` raises.
    """
    if domain.size(examples + 1) <= examples:
        points = [point for point in domain.every(examples + 1) if keeps(point)]
        failing = next((point for point in points if score(point) > 1), None)
        return Explored(failing=failing, whole=True)
    first = [*domain.corners(CORNERS, seed), *domain.diagonals(CORNERS, seed)]
    failing = next((point for point in first if keeps(point) and score(point) > 1), None)
    smaller = _search(domain, score, keeps, examples=examples, seed=seed)
    return Explored(failing=smaller or failing, whole=False)


def _search(
    domain: Domain, score: Score, keeps: Callable[[Point], bool], *, examples: int, seed: int
) -> Point | None:
    """Has Hypothesis search and shrink; returns the last failing point, which is the smallest."""
    if find_spec("hypothesis") is None:
        message = "kind implementation needs hypothesis: pip install 'claims-harness[prove]'"
        raise InputError(message, reason="MISSING_INPUT")
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity

    failing: list[Point] = []
    broken: list[InputError] = []

    def attempt(point: Point) -> None:
        if not keeps(point):
            hypothesis.reject()
        try:
            found = score(point)
        except InputError as error:
            broken.append(error)
            raise _Stop from error
        if found > 1:
            failing.append(point)
            raise _Failing
        if found < inf:
            hypothesis.target(float(found), label="share of what is allowed")

    given: Any = hypothesis.given
    test = given(_points(domain))(attempt)
    settings = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    with suppress(_Failing, _Stop, hypothesis.errors.Unsatisfiable):
        seeded: Callable[[], None] = hypothesis.seed(seed)(settings(test))
        seeded()
    if broken and not failing:
        raise broken[0]
    return failing[-1] if failing else None


def _points(domain: Domain) -> Any:
    """Returns the strategy for whole points; a variable may repeat the value of one before it."""
    from hypothesis import strategies

    own = [_strategy(values, domain) for values in domain.values]

    @strategies.composite
    def point(draw: Any) -> Point:
        found: list[Fraction] = []
        for values, strategy in zip(domain.values, own, strict=True):
            value = draw(strategy)
            # Where two values are equal or neighbours, differences cancel and bounds are met exactly.
            if found and draw(strategies.integers(0, 7)) >= 6:
                near = draw(strategies.sampled_from(found))
                value = near if values.holds(near) and domain.form.holds(near) else value
            found.append(value)
        return tuple(one.typed(value) for one, value in zip(domain.values, found, strict=True))

    return point()


def _strategy(values: Values, domain: Domain) -> Any:
    from hypothesis import strategies

    corners = strategies.sampled_from(list(corner_values(values, domain.form)))
    if values.listed:
        return corners
    if values.integers:
        return strategies.integers(int(values.low), int(values.high)).map(Fraction) | corners
    widths: Mapping[str, Literal[16, 32, 64]] = {"float16": 16, "float64": 64}
    floats = strategies.floats(
        float(values.low),
        float(values.high),
        width=widths.get(domain.form.name, 32),
        allow_nan=False,
        allow_infinity=False,
    )
    # Rounding to bfloat16 can leave the domain only past its ends, which are bfloat16 themselves.
    rounded = floats.map(lambda value: domain.form.nearest(Fraction(value)))
    return rounded | corners
