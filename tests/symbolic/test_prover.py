from fractions import Fraction

import pytest
from asking import LETS, ask, formulas

from harness.model.proof import Answer
from harness.symbolic.engine import Engine, EngineAnswer, EngineDisagreement, Said
from harness.symbolic.exact import settle
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.prover import answer
from harness.symbolic.tree import shown

RATE = ("b > 0", "t >= 0", "E > 0")
GAP = "abs(ema(B, e, t) - ema(B, f, t))"

PROVED = [
    ("b/2 <= rate(b, t, E) and rate(b, t, E) <= 2*b", *RATE),
    ("rate(b, E, E) == b", "b > 0", "E > 0"),
    ("implies(E/2 < t and t < 2*E, diff(rate(b, t, E), t) == b/E)", *RATE),
    (f"{GAP} == B * abs(e - f)", "B >= 0", "B < 1"),
    ("implies(x != 0, x / x == 1)",),
    ("(1 if x == 0 else x / x) == 1",),
    ("x == 0 or 1 / x != 0",),
    ("sqrt(x)**2 == x", "x >= 0"),
    ("exp(x) > 0",),
    ("cos(x)**2 + sin(x)**2 == 1",),
    ("square(x) < 1 / y**2", "x < 1 / y", "y > 0", "x >= 0"),
]
REFUTED = [
    ("wide(b, t, E) <= 2*b", *RATE),
    (f"{GAP} == B * abs(e - f)",),
    (f"{GAP} < abs(e - f)", "B > 0", "e != f"),
    ("exp(x) > 1", "x >= 0"),
    ("x != 0 and x / x == 1",),
    ("implies(E/2 < t and t < 5*E/2, diff(rate(b, t, E), t) == b/E)", *RATE),
]
VACUOUS = [
    ("0.5 <= 1 and 1 <= 2",),
    ("one(m) == one(m)",),
    ("one(m) - one(m) == 0",),
    ("rate(b, t, E) <= 2*b and 1 <= 2", *RATE),
    ("rate(b, t, E) <= 2*b", "b > 0", "b < 0"),
    ("square(x) >= 0", "x**2 < 0"),
    ("implies(square(x) < 0, one(x) > 0)",),
    ("implies(x > 3, one(x) > 0)", "x < 2"),
    ("one(m) > 0", "one(m) > 0"),
    ("m > 0 or one(m) > 0", "m > 1"),
    ("not (x != x)",),
    ("square(0) == 0",),
    ("diff(square(x), x) == diff(square(x), x)",),
]
ILL_POSED = [
    ("x / x == 1",),
    ("0 * (1 / x) == 0",),
    ("sqrt(x)**2 == x",),
    ("exp(log(x)) == x",),
    ("pow(square(x), y) > 0", "y > 0"),
    ("diff(abs(x), x)**2 == 1",),
    ("implies(E/2 <= t and t <= 2*E, diff(rate(b, t, E), t) == b/E)", *RATE),
    ("slope(2 * x, y) == y",),
    ("x >",),
    ("x > zzz",),
    ("x[-1] > 0",),
    ("sum(x) > 0",),
    ("x + 1",),
]


@pytest.mark.parametrize("case", PROVED, ids=lambda case: case[0])
def test_a_true_claim_is_proved_by_a_named_engine(case):
    proof = answer(ask(*case))
    assert proof.answer is Answer.PROVED, proof.detail
    assert proof.engines
    assert not proof.counterexample


@pytest.mark.parametrize("case", REFUTED, ids=lambda case: case[0])
def test_a_false_claim_is_refuted_at_a_point_that_replays(case):
    proof = answer(ask(*case))
    assert proof.answer is Answer.REFUTED, proof.detail
    point = {name: Fraction(text) for name, text in proof.counterexample}
    lets = {let.name: let for let in LETS}
    for text in case[1:]:
        assert settle(expand(parse_with(text, lets), lets), point) is True
    if "diff" not in case[0]:
        assert settle(expand(parse_with(case[0], lets), lets), point) is False
    assert "is false: left" in proof.detail


@pytest.mark.parametrize("case", VACUOUS, ids=lambda case: " | ".join(case))
def test_a_claim_that_says_nothing_is_vacuous(case):
    assert answer(ask(*case)).answer is Answer.VACUOUS


TRIVIAL = formulas(same="(t) t", still="(t) t + 1 - t", decay="(b, s, T) b*(1 - s/T)", drop="(s, T) T - s")


@pytest.mark.parametrize(
    "case",
    [
        ("x > 5 or x <= 5",),
        ("not (x > 5 and x < 4)",),
        ("x - x == 0",),
        ("0 * x <= 1",),
        ("implies(x > 5, x > 4)",),
        ("still(u) == 1",),
        ("same(u) == u",),
        ("same(u) / same(u) == 1", "u > 0"),
        ("u == 3", "same(u) == 3"),
        ("3 == u", "same(u) == 3"),
        ("u < 3", "3 > same(u)"),
    ],
    ids=" | ".join,
)
def test_a_claim_that_holds_of_anything_is_vacuous(case):
    proof = answer(ask(*case, lets=(*LETS, *TRIVIAL)))
    assert proof.answer is Answer.VACUOUS, proof.detail


@pytest.mark.parametrize(
    "case",
    [
        ("x * x >= 0",),
        ("rate(b, E, E) == b", "b > 0", "E > 0"),
        ("abs(ema(B, e, t) - ema(B, f, t)) == B * abs(e - f)", "B >= 0"),
        ("ema(B, e, e) == e",),
        ("decay(b, T, T) == 0", "T > 0"),
        ("drop(T, T) == 0",),
        ("x < z", "x < y", "y < z"),
    ],
    ids=" | ".join,
)
def test_an_identity_that_needs_its_formula_is_proved(case):
    proof = answer(ask(*case, lets=(*LETS, *TRIVIAL)))
    assert proof.answer is Answer.PROVED, proof.detail


@pytest.mark.parametrize("case", ILL_POSED, ids=lambda case: case[0])
def test_a_claim_without_a_value_somewhere_is_ill_posed(case):
    proof = answer(ask(*case))
    assert proof.answer is Answer.ILL_POSED, proof.detail


def test_both_engines_are_recorded_where_both_prove():
    proof = answer(ask("log(exp(x)) == x"))
    assert proof.engines == ("z3", "cvc5")
    assert proof.times == 2


def test_one_vacuous_conjunct_is_named():
    assert "1 <= 2 says nothing" in answer(ask("rate(b, t, E) <= 2*b and 1 <= 2", *RATE)).detail


def engines(*said):
    return tuple(Engine(name=f"{one.__name__}{n}", package="none", prove=one) for n, one in enumerate(said))


def liar(problem):
    return EngineAnswer(engine="liar", said=Said.PROVED)


def silent(problem):
    return EngineAnswer(engine="silent", said=Said.UNKNOWN, note="shrug")


def test_an_engine_that_proves_a_falsehood_is_an_alarm():
    with pytest.raises(EngineDisagreement, match="liar proves"):
        answer(ask("square(x) > 0"), engines=engines(liar))


def test_what_only_one_engine_proves_is_searched_further():
    # The search meets x = 69 at its 230th point: later than it looks before it asks for a proof.
    claim = "((x * x) + 4761) > (138 * x)"

    def fooled(problem):
        return EngineAnswer(
            engine="fooled", said=Said.PROVED if shown(problem.goal) == claim else Said.UNKNOWN
        )

    with pytest.raises(EngineDisagreement, match="fooled proves"):
        answer(ask(claim), engines=engines(fooled, silent))


def test_a_model_that_contradicts_another_engines_proof_is_an_alarm():
    # Only an engine finds this point: the search has no reason to try it.
    claim = "square(x) != 1234567.89 ** 2"

    def finder(problem):
        found = Fraction("1234567.89")
        return EngineAnswer(engine="finder", said=Said.MODEL, point=(("x", found),))

    with pytest.raises(EngineDisagreement, match="liar"):
        answer(ask(claim), engines=engines(finder, liar))


def test_a_model_that_does_not_replay_refutes_nothing():
    def dreamer(problem):
        return EngineAnswer(engine="dreamer", said=Said.MODEL, point=(("x", Fraction(1)),))

    proof = answer(ask("square(x) >= 0"), engines=engines(dreamer))
    assert proof.answer is Answer.UNKNOWN


def test_what_no_engine_knows_is_unknown_and_says_what_each_said():
    proof = answer(ask("square(x) + 1 > 0"), engines=engines(silent, silent))
    assert proof.answer is Answer.UNKNOWN
    assert "silent does not know (shrug)" in proof.detail


def test_the_same_question_gets_the_same_counterexample():
    first, second = (answer(ask("wide(b, t, E) <= 2*b", *RATE)) for _ in range(2))
    assert first == second
