from pathlib import Path

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.kinds._closed import bind, condition_text
from harness.kinds.symbolic import Symbolic
from harness.model.kind import Scope
from harness.model.problem import InvalidContract
from harness.model.proof import Answer, Proof
from harness.model.values import Expression, Printed
from harness.model.verdict import Basis, Outcome, Reason
from harness.reading.contract import read_contract
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.worker import Prover

LET = """\
let:
  rate(b, t, E): b * clip(t / E, 0.5, 2)
  ema(B, e, t): B*e + (1 - B)*t
where: {limit: 2.0e0, shift: -3}
"""


@pytest.fixture(scope="module")
def prover():
    with Prover() as running:
        yield running


def judge(root: Path, body: str, prove):
    contract = read_contract(f"contract: example\n{body}".encode(), "contracts/example.yaml", root)
    memo = Memo(None, "", lambda: 0)
    context = DischargeContext(Sources(read_project(root, memo), contract, memo), prove=prove)
    ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
    return discharge(obligation, context)


def body(fields: str) -> str:
    obligation = f"      - {{kind: symbolic, {fields}}}\n"
    return f"{LET}criteria:\n  - id: A\n    claim: It holds.\n    obligations:\n{obligation}"


@pytest.mark.full  # test_conformance tries every kind's examples
@pytest.mark.parametrize("example", Symbolic.EXAMPLES, ids=lambda example: example.title)
def test_every_example_gets_the_outcome_it_promises(example, tmp_path, prover):
    verdict = judge(tmp_path, example.contract, prover.prove)
    assert verdict.outcome is example.outcome, verdict.detail
    assert verdict.basis is Basis.PROVED


def test_the_examples_cover_every_outcome_of_the_kind():
    assert {example.outcome for example in Symbolic.EXAMPLES} >= {
        Outcome.DISCHARGED,
        Outcome.FALSIFIED,
        Outcome.INCONCLUSIVE,
    }


def test_a_discharge_counts_its_claims_and_names_the_engines(tmp_path, prover):
    verdict = judge(
        tmp_path,
        body('given: {b: "> 0", E: "> 0"}, prove: ["rate(b, E, E) == b", "rate(b, E, E) > 0"]'),
        prover.prove,
    )
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "2 of 2 claims proved"
    assert "z3" in verdict.detail


def test_a_witness_names_the_claim_the_point_and_both_sides(tmp_path, prover):
    verdict = judge(
        tmp_path, body('given: {B: real, e: real, f: real, t: real}, prove: ["ema(B, e, t) <= max(e, t)"]'),
        prover.prove,
    )  # fmt: skip
    assert verdict.outcome is Outcome.FALSIFIED
    (witness,) = verdict.witnesses
    assert "ema(B, e, t) <= max(e, t)" in witness.where
    assert "B = " in witness.found
    assert "left" in witness.found
    assert "right" in witness.found


def test_one_refuted_claim_wins_over_a_vacuous_one(tmp_path, prover):
    verdict = judge(tmp_path, body('given: {b: real}, prove: ["1 < 2", "rate(b, 1, 1) > b"]'), prover.prove)
    assert verdict.outcome is Outcome.FALSIFIED


def test_constants_stand_for_their_exact_value(tmp_path, prover):
    fields = 'given: {b: "> 0", t: ">= 0", E: "> shift + 3"}, prove: ["rate(b, t, E) <= limit * b"]'
    assert judge(tmp_path, body(fields), prover.prove).outcome is Outcome.DISCHARGED
    assert bind(" x + shift*(shift)", {"shift": Printed("-3")}, {}) == "x + (-3)*((-3))"


def test_assume_relates_variables(tmp_path, prover):
    fields = 'given: {x: real, y: real}, assume: ["x < y"], prove: ["x - y < 0"]'
    assert judge(tmp_path, body(fields), prover.prove).outcome is Outcome.DISCHARGED
    free = 'given: {x: real, y: real}, prove: ["x - y < 0"]'
    assert judge(tmp_path, body(free), prover.prove).outcome is Outcome.FALSIFIED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer.VACUOUS, Reason.VACUOUS),
        (Answer.ILL_POSED, Reason.ILL_POSED),
        (Answer.UNKNOWN, Reason.UNKNOWN),
        (Answer.TIMED_OUT, Reason.TIMED_OUT),
    ],
)
def test_what_is_not_proved_is_not_discharged(answer, reason, tmp_path):
    answers = iter([Proof(answer=Answer.PROVED, engines=("z3",)), Proof(answer=answer, detail="because")])
    verdict = judge(tmp_path, body('given: {x: real}, prove: ["x > 1", "x > 2"]'), lambda q: next(answers))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason is reason
    assert str(verdict.denominator) == "1 of 2 claims proved"
    assert "because" in verdict.detail


def test_an_engine_alarm_is_an_error(tmp_path):
    def alarm(question):
        from harness.symbolic.engine import EngineDisagreement

        raise EngineDisagreement("z3 proves what is false")

    verdict = judge(tmp_path, body('given: {x: real}, prove: ["x > 1"]'), alarm)
    assert verdict.outcome is Outcome.ERROR


def faults(**fields):
    scope = Scope(formulas={}, constants={"steps": Printed("400")}, inputs=frozenset())
    fields = {"given": {"alpha": "real"}, "prove": (Expression("alpha > 0"),), **fields}
    return list(Symbolic(**fields).faults(scope))


def test_a_sound_obligation_has_no_faults():
    assert faults() == []
    assert faults(given={"alpha": ">= 0 and < steps or == -1"}) == []


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"prove": ()}, "prove", "at least one claim"),
        ({"prove": (Expression("alpha >"),)}, "prove[0]", "not an expression"),
        ({"prove": (Expression("alpha + 1"),)}, "prove[0]", "true or false"),
        ({"prove": (Expression("alpha[-1] > 0"),)}, "prove[0]", "no rows"),
        ({"prove": (Expression("finite(alpha)"),)}, "prove[0]", "logged rows"),
        ({"prove": (Expression("alpah > 0"),)}, "prove[0]", "alpah is not declared"),
        ({"assume": (Expression("beta > 0"),)}, "assume[0]", "beta is not declared"),
        ({"given": {"alpha": "0 < 1"}}, "given.alpha", "starts with a comparison"),
        ({"given": {"alpha": ">= 0 and"}}, "given.alpha", "starts with a comparison"),
        ({"given": {"alpha": "> 0 # < 1"}}, "given.alpha", "comment"),
        ({"given": {"alpha": "> beta"}}, "given.alpha", "beta is not declared"),
        ({"given": {"alpha": "real", "exp": "real"}}, "given.exp", "cannot be a variable"),
        ({"given": {"alpha": "real", "steps": "> 0"}}, "given.steps", "already a constant"),
        ({"seconds": 0.0}, "seconds", "above 0"),
        ({"seconds": float("nan")}, "seconds", "above 0"),
    ],
)
def test_faults_are_found_without_any_prover(fields, field, message):
    found = faults(**fields)
    assert any(fault.field == field and message in fault.message for fault in found), found


def test_a_near_miss_gets_a_suggestion():
    (fault,) = faults(prove=(Expression("alpah > 0"),))
    assert "alpha" in fault.suggestion


def test_a_condition_is_written_out_for_its_variable():
    assert condition_text("x", ">= 0 and < 1") == "x >= 0 and x < 1"
    parse_with(condition_text("x", "<-1 or > 2*y"), {})
    with pytest.raises(ExpressionError):
        condition_text("x", "positive")


def test_a_contract_with_an_undeclared_name_is_invalid(tmp_path):
    with pytest.raises(InvalidContract, match="zeta"):
        judge(tmp_path, body('given: {x: real}, prove: ["zeta > 1"]'), None)


def test_a_claim_that_says_nothing_is_told_in_one_sentence(tmp_path, prover):
    body = """
criteria:
  - id: A
    claim: It holds.
    obligations:
      - {kind: symbolic, prove: ["0.5 <= 1 and 1 <= 2"]}
"""
    verdict = judge(tmp_path, body, prover.prove)
    assert (verdict.reason, verdict.detail) == (
        Reason.VACUOUS,
        "0.5 <= 1 says nothing: it mentions no variable",
    )
