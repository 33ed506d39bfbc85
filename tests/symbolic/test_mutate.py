"""Planted slips: which there are, that they differ, and that a claim's score counts those it notices."""

from __future__ import annotations

import pytest
from asking import ask, formulas

from harness.kinds._score import formula_fates, mutation_score
from harness.symbolic.expand import parse_with
from harness.symbolic.mutate import of_formula, spread
from harness.symbolic.pool import ProverPool
from harness.symbolic.tree import canonical

TERN = formulas(tern="(x, h) 1 if x > h else (-1 if x < -h else 0)")


@pytest.fixture(scope="module")
def provers():
    with ProverPool(2) as running:
        yield running


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(x) x + 1", {"x", "1", "(x - 1)", "(x + 2)", "(x + (11/10))"}),
        ("(x) x - 2*x", {"x", "((2 * x) - x)", "(x + (2 * x))", "(x - 2)", "(x - x)", "(x - (2 / x))"}),
        ("(x) clip(x, 0, 1)", {"max(x, 0)", "min(x, 1)", "x", "clip(x, 1, 1)"}),
        (
            "(x) 1 if x < 0 else 2",
            {"(2 if (x < 0) else 1)", "(1 if (x <= 0) else 2)", "(1 if (x > 0) else 2)"},
        ),
        ("(x, y) min(x, y)", {"max(x, y)", "min(y)", "min(x)"}),
        ("(x) exp(-x)", {"(-x)", "exp(x)"}),
        ("(x, y) x**y", {"x", "(y ** x)"}),
        ("(x) cos(x)", {"sin(x)"}),
    ],
)
def test_constants_operators_bounds_strictness_arguments_and_terms_are_changed(body, expected):
    (formula,) = formulas(f=body)
    found = {mutant.body for mutant in of_formula(formula, {})}
    assert expected <= found
    assert canonical(parse_with(formula.body, {})) not in found


def test_every_mutant_is_a_formula_again_and_none_comes_twice():
    (formula,) = formulas(
        f="(a, b, c) a*clip(b/c, 1/2, 2) + (a if b < c and b > 0 else floor(c)) - exp(-b)**2"
    )
    mutants = list(of_formula(formula, {}))
    assert len({mutant.body for mutant in mutants}) == len(mutants) > 30
    for mutant in mutants:
        parse_with(mutant.body, {})
    assert any("0.5" in m.title or "1.1" in m.title for m in mutants)


def test_a_sample_of_the_mutants_is_spread_over_all_of_them():
    mutants = list(of_formula(formulas(f="(a) a+1+2+3+4+5+6+7+8+9")[0], {}))
    some = spread(mutants, 5)
    assert len(some) == 5
    assert mutants.index(some[-1]) > len(mutants) / 2


def test_idempotence_alone_notices_less_than_half_of_the_slips(provers):
    question = ask("tern(tern(x, h), h) == tern(x, h)", "h > 0", "h < 1", lets=TERN)
    score, _ = mutation_score([question], provers.prove_all)
    assert 0 < score.killed < score.generated / 2
    assert len(score.survivors) + score.killed + score.equivalent + score.unsettled == score.generated


def test_the_range_beside_it_notices_more(provers):
    alone = ask("tern(tern(x, h), h) == tern(x, h)", "h > 0", "h < 1", lets=TERN)
    both = [alone, ask("implies(x > h, tern(x, h) == 1)", "h > 0", "h < 1", lets=TERN)]
    one = formula_fates([alone], provers.prove_all)
    two = formula_fates(both, provers.prove_all)
    assert sum(f.word == "killed" for f in two) > sum(f.word == "killed" for f in one)


def test_a_mutant_that_changes_nothing_is_equivalent_by_proof(provers):
    lets = formulas(half="(x) min(x, x + 1)")
    fates = formula_fates([ask("half(x) == x", lets=lets)], provers.prove_all)
    words = {fate.mutant.body: fate.word for fate in fates}
    assert words["min(x)"] == "equivalent"
    assert words["max(x, (x + 1))"] == "killed"


def test_a_claim_without_a_formula_is_changed_itself(provers):
    score, _ = mutation_score([ask("log(x) <= x - 1", "x > 0")], provers.prove_all)
    assert score.killed > 0
    assert score.generated > score.killed


def test_what_no_prover_settles_is_not_noticed():
    def silent(questions):
        from harness.model.proof import Answer, Proof

        return tuple(Proof(answer=Answer.TIMED_OUT) for _ in questions)

    score, _ = mutation_score([ask("rate(b, t, E) <= 2*b", "b > 0")], silent)
    assert score.killed == 0
    assert score.unsettled == score.generated
