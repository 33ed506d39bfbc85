"""The schedules of transformers are formulas of the library, and not one step beside them."""

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.outcome import Outcome
from harness.model.proof import Answer, Proof
from harness.reading.contract import read_contract
from harness.runs.bench import Bench as CodeBench


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(root=tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def code(project):
    with CodeBench(project.root) as bench:
        yield bench


CASES = {
    "cosine": (
        "get_cosine_schedule_with_warmup",
        "num_warmup_steps: 10, num_training_steps: 60",
        "warmup_cosine({t}, lr, num_warmup_steps, num_training_steps)",
    ),
    "linear": (
        "get_linear_schedule_with_warmup",
        "num_warmup_steps: 10, num_training_steps: 60",
        "lr * (t / num_warmup_steps if t < num_warmup_steps else (num_training_steps - {t}) / 50)",
    ),
    "inverse root": (
        "get_inverse_sqrt_schedule",
        "num_warmup_steps: 10",
        "inverse_sqrt({t}, lr, num_warmup_steps)",
    ),
}


@pytest.mark.parametrize(("t", "outcome"), [("t", Outcome.DISCHARGED), ("(t + 1)", Outcome.FALSIFIED)])
@pytest.mark.parametrize("case", CASES)
def test_a_schedule_of_transformers_is_its_formula_and_not_one_step_beside_it(
    project, code, case, t, outcome
):
    name, arguments, formula = CASES[case]
    contract = read_contract(
        f"""\
contract: demo
inputs: {{transformers: {{library: transformers}}, torch: {{library: torch}}}}
criteria:
  A:
    claim: The schedule is its formula.
    kind: implementation
    code: [transformers, torch]
    scheduler: "transformers.optimization:{name}"
    arguments: {{{arguments}}}
    lr: 0.002
    steps: 60
    formula: "{formula.format(t=t)}"
""".encode(),
        "contracts/demo.yaml",
        project.root,
    )
    ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
    sources = Sources(project, contract, Memo(None, "", lambda: 0))
    context = DischargeContext(sources, lambda _: Proof(answer=Answer.UNKNOWN), bench=code)
    verdict = discharge(obligation, context)
    assert verdict.outcome is outcome, f"{verdict.reason} {verdict.detail} {verdict.witnesses}"
    if outcome is Outcome.DISCHARGED:
        assert (verdict.denominator.judged, verdict.denominator.total) == (61, 61)
        assert verdict.mutation.killed >= 0.6 * verdict.mutation.generated, verdict.mutation
