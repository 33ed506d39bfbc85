"""The facts given to z3 are tried against enclosures of the real functions: none may contradict them."""

from fractions import Fraction as F
from itertools import product

import pytest
import z3

from harness.symbolic import z3_engine
from harness.symbolic.engine import Problem, Said
from harness.symbolic.exact import Undefined, evaluate
from harness.symbolic.grammar import parse
from harness.symbolic.z3_engine import Encoder

POINTS = [F(n, 4) for n in (-26, -13, -12, -7, -4, -1, 0, 1, 2, 4, 6, 7, 12, 13, 19, 26)]


def contradicts(text, point, plant=None):
    """Tells whether z3 finds the true value of an expression impossible."""
    node = parse(text)
    try:
        true = evaluate(node, point, 100)
    except Undefined:
        return False
    encoder, solver = Encoder(z3), z3.Solver()
    solver.set("timeout", 1000)
    written = encoder.number(node)
    solver.add(encoder.value(true.low) <= written, written <= encoder.value(true.high))
    solver.add(*(z3.Real(f"v.{name}") == encoder.value(value) for name, value in point.items()))
    solver.add(*encoder.background())
    if plant is not None:
        solver.add(plant(encoder))
    return solver.check() == z3.unsat


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "cos", "sin"])
def test_facts_about_one_application_are_true(name):
    assert not [x for x in POINTS if contradicts(f"{name}(x)", {"x": x})]


@pytest.mark.parametrize(
    "text",
    ["exp(x) - exp(y)", "log(x) - log(y)", "sqrt(x) + sqrt(y)", "tanh(x) * tanh(y)", "cos(x) + sin(y)",
     "log(exp(x) + exp(y))", "exp(2*x - y)", "x ** y", "x ** -3 + y ** 1.5", "x / y", "floor(x) - floor(y)",
     "cos(pi*x) + sin(pi*y)"],
)  # fmt: skip
def test_facts_about_two_applications_are_true(text):
    some = POINTS[::3]
    assert not [(x, y) for x, y in product(some, some) if contradicts(text, {"x": x, "y": y})]


def test_a_planted_false_fact_is_caught():
    def false_fact(encoder):
        (argument, value), *_ = encoder.applied["exp"]
        return value >= 1 + 2 * argument

    assert any(contradicts("exp(x)", {"x": x}, false_fact) for x in POINTS)


def test_outside_a_domain_nothing_is_known():
    for claim in ("1 / x == 5", "sqrt(x) >= 0", "log(x) < 0", "pow(x, y) > 0"):
        pinned = (parse("x == 0") if "sqrt" not in claim else parse("x == -1"), parse("y == 1"))
        problem = Problem(assumptions=pinned, goal=parse(claim), variables=("x", "y"), seconds=2)
        assert z3_engine.prove(problem).said is not Said.PROVED, claim
        opposite = Problem(assumptions=pinned, goal=parse(f"not ({claim})"), variables=("x", "y"), seconds=2)
        assert z3_engine.prove(opposite).said is not Said.PROVED, claim
