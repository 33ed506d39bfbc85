"""The SMT-LIB text of a question: what a stranger runs again is what was asked."""

from __future__ import annotations

import cvc5
import pytest
import z3
from asking import ask, formulas

from harness.symbolic import cvc5_engine, z3_engine
from harness.symbolic.engine import Problem, Said
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import parse
from harness.symbolic.prover import answer
from harness.symbolic.query import query
from harness.symbolic.tree import canonical

CLAIMS = [
    ("ema(B, e, t) <= max(e, t)", "B >= 0", "B <= 1"),
    ("exp(x) * exp(y) == exp(x + y)",),
    ("log(x) <= x - 1", "x > 0"),
    ("cos(x)**2 + sin(x)**2 == 1",),
    ("x / y * y == x", "y != 0"),
    ("floor(x) <= x",),
    ("square(square(square(x))) >= 0",),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[0])
def test_the_kept_queries_are_unsatisfiable_for_whoever_runs_them_again(claim):
    proof = answer(ask(*claim))
    kept = [(step.engine, text) for step in proof.steps if step.said == "proved" for text in step.queries]
    assert {engine for engine, _ in kept} >= {"z3", "cvc5"}
    for engine, text in kept:
        assert "; claim" in text
        if engine == "z3":
            solver = z3.Solver()
            solver.from_string(text)
            assert solver.check() == z3.unsat
        else:
            solver = cvc5.Solver()
            parser = cvc5.InputParser(solver)
            parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "kept")
            while not (command := parser.nextCommand()).isNull():
                command.invoke(solver, parser.getSymbolManager())
            assert solver.checkSat().isUnsat()


def test_a_step_names_its_engine_version_time_and_lemmas():
    steps = answer(ask("log(x) <= x - 1", "x > 0")).steps
    first = next(step for step in steps if step.engine == "z3")
    assert first.version.startswith("5.")
    assert 0 < first.seconds < 5
    assert "log.tangent" in first.lemmas
    assert all(lemma.split(".")[0] in ("log", "pi") for lemma in first.lemmas)


def test_shared_parts_are_written_once():
    lets = {f.name: f for f in formulas(twice="(x) x/(1 + x*x)")}
    deep = "twice(" * 6 + "x" + ")" * 6
    tree = expand(parse_with(f"{deep} >= 0", lets), lets)
    assert len(canonical(tree)) > 5_000
    assert len(query(_problem(tree), tree).text) < 4_000


def _problem(goal):
    return Problem(assumptions=(), goal=goal, variables=("x",), seconds=1)


def test_cvc5_proves_by_functions_of_its_own_before_it_needs_our_lemmas():
    claim = parse("exp(x) > 0")
    found = cvc5_engine.prove(Problem(assumptions=(), goal=claim, variables=("x",), seconds=5))
    assert found.said is Said.PROVED
    assert not [lemma for lemma in found.lemmas if lemma.startswith("exp")]
    assert found.note == "by its own functions"


def test_a_polynomial_that_would_swallow_minutes_is_left_to_others():
    deep = "x"
    for _ in range(4):
        deep = f"({deep})**5 + ({deep})"
    found = cvc5_engine.prove(
        Problem(assumptions=(), goal=parse(f"{deep} == {deep} + 0"), variables=("x",), seconds=1)
    )
    assert found.said is Said.UNSUPPORTED
    assert "degree" in found.note


@pytest.mark.parametrize("engine", [z3_engine, cvc5_engine], ids=lambda engine: engine.NAME)
def test_a_false_claim_comes_back_with_a_point(engine):
    found = engine.prove(
        Problem(assumptions=(parse("x > 3"),), goal=parse("x * x < 16"), variables=("x",), seconds=2)
    )
    assert found.said is Said.MODEL
    assert dict(found.point)["x"] > 3
