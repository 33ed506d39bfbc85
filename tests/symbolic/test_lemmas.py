"""The facts given to the solvers are tried against enclosures of the real functions."""

from fractions import Fraction as F
from itertools import product
from random import Random

import pytest
import z3

from harness.symbolic import cvc5_engine, lemmas, z3_engine
from harness.symbolic.encoder import Encoder
from harness.symbolic.engine import Problem, Said
from harness.symbolic.exact import Undefined, evaluate
from harness.symbolic.grammar import parse
from harness.symbolic.lemmas import PAIRS, SINGLE, FalseLemmaError, Lemma, trust
from harness.symbolic.smt import Fact, Script

POINTS = [F(n, 4) for n in (-26, -13, -12, -7, -4, -1, 0, 1, 2, 4, 6, 7, 12, 13, 19, 26)]
# One slip of the pen each: what a lemma would be with a sign, a bound or a guard wrong.
FALSE = {
    "exp.tangent": "y >= 1 + 2*u",
    "exp.strict": "y > 1 + u",
    "exp.order": "(u >= v or y > w)",
    "log.tangent": "u <= 0 or y <= u - 2",
    "log.sign": "u <= 0 or ((y > 0 or u <= 1) and (u > 2 or y <= 0))",
    "log.order": "u <= 0 or v <= 0 or (u >= v or y > w)",
    "sqrt.order": "u < 0 or v < 0 or (u >= v or y > w)",
    "tanh.range": "y > -1/2 and y < 1",
    "tanh.tangent": "implies(u >= 0, y <= u/2)",
    "cos.parabola": "y >= 1 - u*u/4",
    "cos.right": "y >= 0",
    "sin.upper": "implies(u > 0, y > 0 and y < u)",
    "sin.lower": "implies(-pi < u and u < 0, y < 0 and y < u)",
    "exp.inverse": "v <= 0 or (y < v or u < w)",
    "cos.pythagoras": "implies(u == v, y*y + w*w == 2)",
}


@pytest.mark.parametrize("lemma", [*SINGLE, *PAIRS], ids=lambda lemma: lemma.name)
def test_every_lemma_has_a_source_and_holds_where_it_is_tried(lemma):
    assert lemma.source
    trust(lemma)


def crowd(lemma):
    """Two thousand points, small and large, near and far from one another."""
    random = Random(lemma.name)

    def one():
        return F(random.randint(-(10**4), 10**4), random.choice((10, 100, 1000, 10**4)))

    if len(lemma.functions) == 1:
        return [{"u": one()} for _ in range(2_000)]
    found = [{"u": one(), "v": one()} for _ in range(1_000)]
    return found + [{"u": p["u"], "v": p["u"] + F(random.randint(-9, 9), 1000)} for p in found]


@pytest.mark.parametrize("lemma", [*SINGLE, *PAIRS], ids=lambda lemma: lemma.name)
def test_every_lemma_holds_at_two_thousand_points(lemma):
    trust(lemma, crowd(lemma))


@pytest.mark.parametrize("text", ["implies(u > 7 and u < 24, y < 0)", "implies(u > 25 and u < 99, y == 0)",
                                  "implies(u > -0.24 and u < 0, y >= 1 + u + u*u/2)"])  # fmt: skip
def test_a_lemma_that_is_false_between_the_usual_points_is_caught(text):
    planted = Lemma(name="exp.planted", functions=("exp",), text=text, source="none")
    with pytest.raises(FalseLemmaError):
        trust(planted, crowd(planted))


@pytest.mark.parametrize("name", FALSE)
def test_a_slip_of_the_pen_in_a_lemma_is_caught(name):
    true = next(lemma for lemma in (*SINGLE, *PAIRS) if lemma.name == name)
    planted = Lemma(name=name, functions=true.functions, text=FALSE[name], source=true.source)
    with pytest.raises(FalseLemmaError, match=f"lemma {name} is false at"):
        trust(planted)


def test_nothing_is_proved_with_a_false_lemma(monkeypatch):
    planted = Lemma(name="exp.tangent", functions=("exp",), text="y >= 1 + 2*u", source="a typing error")
    monkeypatch.setattr(lemmas, "SINGLE", (planted,))
    lemmas.about.cache_clear()
    problem = Problem(assumptions=(), goal=parse("exp(x) >= 1 + 2*x"), variables=("x",), seconds=2)
    try:
        with pytest.raises(FalseLemmaError):
            z3_engine.prove(problem)
    finally:
        lemmas.about.cache_clear()


def contradicts(text, point, plant=None):
    """Tells whether z3 finds the true value of an expression impossible."""
    node = parse(text)
    try:
        true = evaluate(node, point, 100)
    except Undefined:
        return False
    encoder = Encoder(Script())
    written = encoder.number(node)
    pinned = [
        encoder.value(true.low).compare("<=", written),
        written.compare("<=", encoder.value(true.high)),
        *(encoder.number(parse(name)).compare("==", encoder.value(value)) for name, value in point.items()),
    ]
    if plant is not None:
        pinned.append(plant(encoder))
    solver = z3.Solver()
    solver.set("timeout", 1000)
    solver.from_string(encoder.script.text([*(Fact(term=term) for term in pinned), *encoder.background()]))
    return solver.check() == z3.unsat


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "cos", "sin"])
def test_facts_about_one_application_are_true(name):
    assert not [x for x in POINTS if contradicts(f"{name}(x)", {"x": x})]


@pytest.mark.parametrize(
    "text",
    ["exp(x) - exp(y)", "log(x) - log(y)", "sqrt(x) + sqrt(y)", "tanh(x) * tanh(y)", "cos(x) + sin(y)",
     "log(exp(x) + exp(y))", "exp(2*x - y)", "x ** y", "x ** -3 + y ** 1.5", "x / y", "floor(x) - floor(y)",
     "cos(pi*x) + sin(pi*y)", "log(3*x*y)", "log(x*exp(y))"],
)  # fmt: skip
def test_facts_about_two_applications_are_true(text):
    some = POINTS[::3]
    assert not [(x, y) for x, y in product(some, some) if contradicts(text, {"x": x, "y": y})]


def test_a_planted_false_fact_is_caught():
    def false_fact(encoder):
        (argument, value), *_ = encoder.applied["exp"]
        return value.compare(">=", encoder.value(F(1)) + encoder.value(F(2)) * argument)

    assert any(contradicts("exp(x)", {"x": x}, false_fact) for x in POINTS)


@pytest.mark.parametrize("engine", [z3_engine, cvc5_engine], ids=lambda engine: engine.NAME)
def test_outside_a_domain_nothing_is_known(engine):
    for claim in ("1 / x == 5", "sqrt(x) >= 0", "log(x) < 0", "pow(x, y) > 0"):
        pinned = (parse("x == 0") if "sqrt" not in claim else parse("x == -1"), parse("y == 1"))
        problem = Problem(assumptions=pinned, goal=parse(claim), variables=("x", "y"), seconds=2)
        assert engine.prove(problem).said is not Said.PROVED, claim
        opposite = Problem(assumptions=pinned, goal=parse(f"not ({claim})"), variables=("x", "y"), seconds=2)
        assert engine.prove(opposite).said is not Said.PROVED, claim
