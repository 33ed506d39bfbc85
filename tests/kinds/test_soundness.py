# ruff: noqa: E501  (one case a line reads best)
"""Ways in which a false or empty closed claim once came out DISCHARGED, or a true one FALSIFIED."""

from __future__ import annotations

import pytest

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.load import load_one
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason
from harness.symbolic.worker import Prover

LETS = """\
let:
  pw(x, y): y**0.3 - x**0.3
  g(x): x + 1
  id(x): x
  hill(x): 0 - (x - 5)**2
  jump(x): 0 if x <= 0 else 1
  decoy(x): (0 if x <= 0 else 1) + 0*x/(x + 7)
  twice(x): 2*x
  mm(x): min(1, 1 + x*x)
  mq(x): x/x
  truthy(x): x > 0
"""


@pytest.fixture(scope="module")
def prover():
    with Prover() as running:
        yield running


def judge(root, body, prover, where=""):
    (root / "harness.toml").touch()
    path = root / "contracts" / "c.yaml"
    path.parent.mkdir(exist_ok=True)
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    path.write_text(
        f"contract: c\n{where}{LETS}criteria:\n  A:\n    claim: It is said.\n    kind: symbolic\n{lines}"
    )
    memo = Memo(None, "", lambda: 0)
    project = read_project(root, memo)
    loaded = load_one(project, path)
    context = DischargeContext(Sources(project, loaded.contract, memo), prover.prove, prover.prove_all)
    return discharge(loaded.contract.criteria[0].obligations[0], context)


FALSE = {
    "two powers of which one was freed": 'given: {x: ">= 1 and <= 2", y: ">= 3 and <= 4"}\nprove: ["pw(x, y) - 0.3 <= 10*((x*x - 1.9)**2 + (y*y - 13.1)**2)"]',
    "two powers of a natural claim": 'given: {N: ">= 1 and <= 100", D: ">= 1 and <= 100"}\nprove: ["406*N**(-0.34) - 410*D**(-0.28) <= 200"]',
    "a link that reaches under a derivative": 'given: {x: real}\nprove: ["implies(x**3 >= 7.31 and x**3 <= 7.310001, diff((x*x)*g(x), x) == x*x)"]\nchain: [{name: m, stands_for: "x*x", hence: "m >= 0"}]',
    "a pinned variable": 'given: {m: "== 1"}\nprove: ["0.5 <= m and m <= 2"]',
    "a pinned variable between bounds": 'given: {m: ">= 1 and <= 1"}\nprove: ["0.5 <= m and m <= 2"]',
    "an assumed variable": 'given: {m: real}\nassume: ["m == 1"]\nprove: ["0.5 <= m and m <= 2"]',
    "a formula that is one": 'given: {x: real}\nprove: ["0.5 <= mm(x) and mm(x) <= 2"]',
    "a quotient that is one": 'given: {x: "> 0"}\nprove: ["0.5 <= mq(x) and mq(x) <= 2"]',
    "a neighbourhood of nothing behind a sound claim": 'given: {x: real}\nprove: ["g(x) > x"]\ncontinuous: [{of: "jump(x)", along: x, at: "0", factor: "100", within: "0"}]',
    "a place outside the domain behind a sound claim": 'given: {x: ">= 1"}\nprove: ["g(x) > x"]\ncontinuous: [{of: "jump(x)", along: x, at: "0", factor: "100", within: "1"}]',
    "a limit at a place outside the domain": 'given: {x: ">= 1"}\nprove: ["g(x) > x"]\nlimit: [{of: "jump(x)", along: x, to: "0", equals: "7", factor: "100"}]',
    "a decoy whose mutants are no claims": 'given: {x: ">= -1"}\ncontinuous: [{of: "decoy(x)", along: x, at: "0", factor: "100", within: "0"}]',
    "a contraction of one point behind a sound claim": 'given: {x: "== 1", y: real}\nprove: ["g(y) > y"]\ncontraction: [{of: "twice(x)", along: x, factor: "0"}]',
}  # fmt: skip


@pytest.mark.parametrize("body", FALSE.values(), ids=FALSE)
def test_what_is_false_or_empty_is_not_discharged(body, tmp_path, prover):
    verdict = judge(tmp_path, body + "\nseconds: 5", prover)
    assert verdict.outcome in (Outcome.FALSIFIED, Outcome.INCONCLUSIVE), verdict.detail


REFUSED = {
    "a copy called like a constant": ("where: {x_2: 5}\n", 'given: {x: real}\nmonotone: [{of: "hill(x)", along: x}]', "this form uses x_2 itself"),
    "a scale called like a constant": ("where: {scale_: 1}\n", 'given: {x: real}\ninvariant: [{of: "g(x)", scaling: [x]}]', "this form uses scale_ itself"),
    "steps that start late": ("", 'given: {n: ">= 5", E: real}\ninduction: [{over: n, states: {E: {start: 0, next: "g(E)"}}, holds: "E == n + min(n, 5)"}]', "the steps start at 0"),
    "steps that start between": ("", 'given: {n: ">= 0.5", E: real}\ninduction: [{over: n, states: {E: {start: 0, next: "g(E)"}}, holds: "E == n + (3 if n > 0 else 0)"}]', "the steps start at 0"),
    "a state that is assumed": ("", 'given: {n: ">= 0", E: ">= 100"}\ninduction: [{over: n, states: {E: {start: 0, next: "g(E)"}}, holds: "E == n + min(n, 5)"}]', "E is what the steps make it"),
    "a state that is assumed beside": ("", 'given: {n: ">= 0", E: real}\nassume: ["E >= 100"]\ninduction: [{over: n, states: {E: {start: 0, next: "g(E)"}}, holds: "E == n + min(n, 5)"}]', "E moves by itself"),
    "a factor tied to what moves": ("", 'given: {x: real, k: "> 0"}\nassume: ["k*abs(x) >= 1"]\ncontinuous: [{of: "jump(x)", along: x, at: "0", factor: k, within: "1"}]', "x moves by itself"),
    "an infinity that is bounded": ("", 'given: {x: ">= 1 and <= 10"}\nlimit: [{of: "twice(x)", along: x, to: infinity, equals: "0", factor: "200"}]', "x is bounded above"),
    "a derivative of what moves": ("", 'given: {x: real, y: real}\nfixed: [{of: "diff(id(x)*y, x)", along: x, at: y}]', "may not stand under diff"),
    "a name under a derivative in a link": ("", 'given: {x: real}\nprove: ["g(x) > x"]\nchain: [{name: m, stands_for: "x*x", hence: "diff(m*x, x) == m"}]', ""),
    "brackets that close another expression": ("", 'given: {x: real}\nlimit: [{of: "g(x)) * 0 + (0", along: x, to: infinity, equals: "0", factor: "1"}]', "not an expression"),
    "a condition used as a number": ("", 'given: {x: real}\nprove: ["truthy(x) + 1 >= 1"]', "is a condition"),
}  # fmt: skip


@pytest.mark.parametrize(("where", "body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_would_say_less_than_it_seems_is_refused_or_left_open(where, body, message, tmp_path, prover):
    if not message:
        assert judge(tmp_path, body, prover, where).outcome is Outcome.INCONCLUSIVE
        return
    with pytest.raises(InvalidContract) as caught:
        judge(tmp_path, body, prover, where)
    assert message in str(caught.value)


TRUE = {
    "a copy keeps what is assumed": 'given: {t: ">= 0", m: "> 0"}\nassume: ["t <= m"]\nmonotone: [{of: "min(g(t), m + 1)", along: t, strictly: true}]',
    "a copy keeps what another variable is given": 'given: {x: real, y: ">= x"}\nmonotone: [{of: "min(g(x), y + 1)", along: x, strictly: true}]',
    "what is scaled stays in its domain": 'given: {x: ">= 0 and <= 1"}\ninvariant: [{of: "clip(id(x), 0, 1)", scaling: [x], degree: "1"}]',
    "a formula without mutants": 'given: {x: real}\nprove: ["id(x) <= x + 1"]',
    "a limit at the open edge of its domain": 'given: {x: "> 0"}\nlimit: [{of: "twice(x)", along: x, to: "0", equals: "0", factor: "2"}]',
}  # fmt: skip


@pytest.mark.parametrize("body", TRUE.values(), ids=TRUE)
def test_what_is_true_is_discharged(body, tmp_path, prover):
    verdict = judge(tmp_path, body, prover)
    assert verdict.outcome is Outcome.DISCHARGED, (verdict.detail, verdict.witnesses)


def test_a_refutation_stands_whatever_becomes_of_the_engines_afterwards(tmp_path, prover):
    body = 'given: {x: ">= -65"}\nprove: ["exp(x) > 0.0000000000000000000000000001"]\nseconds: 4'
    assert judge(tmp_path, body, prover).outcome is Outcome.FALSIFIED


def test_a_vacuous_form_says_which(tmp_path, prover):
    verdict = judge(tmp_path, FALSE["a pinned variable"], prover)
    assert verdict.reason is Reason.VACUOUS
    assert "the assumptions fix every variable in it" in verdict.detail
