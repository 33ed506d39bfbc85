# ruff: noqa: E501  (one case a line reads best)
"""Branch and prune in ball arithmetic: proves bounds over boxes and never a falsehood."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import flint
import pytest

from harness.symbolic.balls import Balls, NoValueError
from harness.symbolic.derive import eliminate
from harness.symbolic.engine import Problem, Said
from harness.symbolic.exact import Undecided, Undefined, evaluate
from harness.symbolic.flint_engine import prove
from harness.symbolic.grammar import parse


def ask(claim: str, *given: str, seconds: float = 2.0):
    variables = sorted({name for text in given for name in text.split() if name.isidentifier()})
    trees = tuple(parse(text) for text in given)
    return prove(
        Problem(assumptions=trees, goal=eliminate(parse(claim)), variables=tuple(variables), seconds=seconds)
    )


UNIT = ("x >= 0", "x <= 1")
BOTH = (*UNIT, "y >= 0", "y <= 1")
NS = "3.4445*x - 4.7750*x**3 + 2.0315*x**5"


@pytest.mark.parametrize(
    ("claim", "given"),
    [
        (f"0.68 <= {NS} and {NS} <= 1.21", ("x >= 0.68", "x <= 1.21")),
        ("x*(1 - x) <= 0.26", UNIT),
        ("x*(1 - x) <= 1/4 + 0.001", UNIT),
        ("exp(x) >= 1 + x/2", UNIT),
        ("cos(x) <= 1.001", UNIT),
        ("x**2 + y**2 <= 2", BOTH),
        ("sqrt(x + 1) >= 1", UNIT),
        ("log(1 + x) <= x + 0.01", UNIT),
        ("abs(x - y) <= 1", BOTH),
        ("min(x, y) <= max(x, y) + 0.01", BOTH),
        ("x + y >= x", (*BOTH, "x + y >= 0")),
        ("implies(x >= 0.5, x**2 >= 0.2)", UNIT),
        ("tanh(x) < 0.8", UNIT),
        ("(x if x < 0.5 else 1) <= 1.01", UNIT),
        ("x*y <= 0.3", (*BOTH, "x + y <= 1")),
    ],
)
def test_true_bounds_are_proved(claim, given):
    found = ask(claim, *given)
    assert found.said is Said.PROVED, found
    assert "boxes" in found.note


@pytest.mark.parametrize(
    ("claim", "given"),
    [
        (f"0.7 <= {NS} and {NS} <= 1.2", ("x >= 0.7", "x <= 1.2")),
        ("x*(1 - x) <= 0.2499999", UNIT),
        ("x < 1", UNIT),
        ("exp(x) > 1", UNIT),
        ("x*y <= 0.24", (*BOTH, "x + y <= 1")),
        ("floor(x) == 0", UNIT),
        ("1/x >= 1", UNIT),
    ],
)
def test_a_false_bound_is_never_proved(claim, given):
    assert ask(claim, *given, seconds=0.5).said is not Said.PROVED


def test_without_a_closed_box_it_says_that_it_does_not_cover_the_form():
    assert ask("x >= 0", "x >= 0").said is Said.UNSUPPORTED


def test_an_empty_box_proves_nothing():
    assert ask("x > 5", "x >= 2", "x <= 1").said is not Said.PROVED


TREES = ["x*y - x/(y + 3)", "exp(x) - log(2 + y)", "abs(x - y) * max(x, y, 0.3)", "clip(x*4, 0.5, 2) + sqrt(y + 2)",
         "cos(3*x) + sin(y)*tanh(x)", "(x + y)**3 - x**2", "(x if x < y else y*2)", "pow(2 + x, y)"]  # fmt: skip


def arb(value: Fraction):
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


@pytest.mark.parametrize("text", TREES)
def test_a_ball_holds_every_value_and_its_slope_every_change(text):
    random, tree, tried = Random(text), parse(text), 0
    for _ in range(60):
        box = {}
        for name in "xy":
            low = Fraction(random.randint(-8, 8), 8)
            box[name] = (low, low + Fraction(random.randint(0, 8), 16))
        shares = [Fraction(random.randint(0, 8), 8) for _ in range(4)]
        points = [{n: low + (high - low) * shares.pop() for n, (low, high) in box.items()} for _ in range(2)]
        balls = Balls(flint, {n: arb(low).union(arb(high)) for n, (low, high) in box.items()})
        try:
            found = balls.of(tree)
            values = [evaluate(tree, point) for point in points]
        except (NoValueError, Undefined, Undecided):
            continue
        tried += 1
        sides = [arb(value.low).union(arb(value.high)) for value in values]
        assert all(found.value.overlaps(side) for side in sides)
        if found.slopes is None:
            continue
        zero = flint.arb(0)
        reach = sum((found.slopes.get(n, zero) * arb(points[1][n] - points[0][n]) for n in "xy"), zero)
        assert reach.overlaps(sides[1] - sides[0])
    assert tried > 10


def test_powers_and_quotients_drawn_at_random_are_never_proved_below_their_largest_value():
    random = Random("powers")
    for _ in range(40):
        a, b = (Fraction(random.randint(1, 40), 10) for _ in "ab")
        p, q = (Fraction(random.randint(-12, 12), 10) for _ in "pq")
        text = f"{float(a)}*x**({float(p)}) - {float(b)}*y**({float(q)}) + exp(x/y)"
        tree = parse(text)
        grid = [(1 + Fraction(i, 8), 1 + Fraction(j, 4)) for i in range(9) for j in range(9)]
        values = [evaluate(tree, {"x": x, "y": y}).low for x, y in grid]
        limit = max(values) - Fraction(1, 1000)
        claim = f"{text} <= {float(limit):.6f}"
        box = ("x >= 1", "x <= 2", "y >= 1", "y <= 3")
        assert ask(claim, *box, seconds=0.1).said is not Said.PROVED, claim
