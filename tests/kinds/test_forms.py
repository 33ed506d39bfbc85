# ruff: noqa: E501  (one case a line reads best)
"""The forms of kind ``symbolic``: what each says, what it must catch, and what it refuses to read."""

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

HEAD = """\
contract: forms
version: 1.0.0
let:
  rate(b, t, E): b * clip(t / E, 0.5, 2)
  ema(B, e, t):  B*e + (1 - B)*t
  jump(x):       x if x < 1 else x + 0.001
  bend(x):       x if x < 1 else 2*x - 1
  power(B, n):   B**n
criteria:
  A:
    claim: The form says what it says.
    kind: symbolic
"""
RATE = '{b: "> 0", t: ">= 0", E: "> 0"}'
EMA = '{B: ">= 0 and < 1", e: real, t: real}'
NTH = '{B: "> 0 and < 1", n: ">= 0", e: real, t: real, E: real}'


@pytest.fixture(scope="module")
def prover():
    with Prover() as running:
        yield running


def load(root, body):
    path = root / "contracts" / "forms.yaml"
    path.parent.mkdir(exist_ok=True)
    (root / "harness.toml").touch()
    path.write_text(HEAD + "".join(f"    {line}\n" for line in body.splitlines()))
    memo = Memo(None, "", lambda: 0)
    project = read_project(root, memo)
    return project, load_one(project, path), memo


def judge(root, body, prover):
    project, loaded, memo = load(root, body)
    sources = Sources(project, loaded.contract, memo)
    context = DischargeContext(sources, prover.prove, prover.prove_all)
    return discharge(loaded.contract.criteria[0].obligations[0], context)


HOLDS = {
    "monotone": f'given: {RATE}\nmonotone: [{{of: "rate(b, t, E)", along: t}}]',
    "falling": f'given: {RATE}\nmonotone: [{{of: "-rate(b, t, E)", along: t, direction: falling}}]',
    "strictly": 'given: {x: real}\nmonotone: [{of: "bend(x)", along: x, strictly: true}]',
    "lipschitz": f'given: {RATE}\nlipschitz: [{{of: "rate(b, t, E)", along: t, factor: b/E}}]',
    "contraction": f'given: {EMA}\ncontraction: [{{of: "ema(B, e, t)", along: e, factor: B}}]',
    "fixed": f'given: {EMA}\nfixed: [{{of: "ema(B, e, t)", along: e, at: t, only: true}}]',
    "invariant": f'given: {RATE}\ninvariant: [{{of: "rate(b, t, E)", scaling: [t, E]}}]',
    "degree": f'given: {RATE}\ninvariant: [{{of: "rate(b, t, E)", scaling: [b], degree: "1"}}]',
    "continuous": 'given: {x: real}\ncontinuous: [{of: "bend(x)", along: x, at: "1", factor: "2", within: "1"}]',
    "limit": 'given: {x: "> 0"}\nlimit: [{of: "1 - 3/x", along: x, to: infinity, equals: "1", factor: "3"}]',
    "limit at a place": 'given: {x: real}\nlimit: [{of: "bend(x)", along: x, to: "1", equals: "1", factor: "2"}]',
    "induction": f'given: {NTH}\ninduction:\n'
    '  - {over: n, states: {E: {start: e, next: "ema(B, E, t)"}}, holds: "E == B**n*e + (1 - B**n)*t"}',
}  # fmt: skip
FAILS = {
    "monotone": f'given: {RATE}\nmonotone: [{{of: "rate(b, t, E)", along: E}}]',
    "strictly": f'given: {RATE}\nmonotone: [{{of: "rate(b, t, E)", along: t, strictly: true}}]',
    "lipschitz": f'given: {RATE}\nlipschitz: [{{of: "rate(b, t, E)", along: t, factor: "b/(2*E)"}}]',
    "contraction by too much": f'given: {EMA}\ncontraction: [{{of: "ema(B, e, t)", along: e, factor: "B/2"}}]',
    "contraction with B = 1": (
        'given: {B: ">= 0 and <= 1", e: real, t: real}\n'
        'contraction: [{of: "ema(B, e, t)", along: e, factor: B}]'
    ),
    "fixed elsewhere": f'given: {EMA}\nfixed: [{{of: "ema(B, e, t)", along: e, at: "t + 1"}}]',
    "another fixed point": (
        'given: {B: ">= 0 and <= 1", e: real, t: real}\n'
        'fixed: [{of: "ema(B, e, t)", along: e, at: t, only: true}]'
    ),
    "invariant": f'given: {RATE}\ninvariant: [{{of: "rate(b, t, E)", scaling: [t]}}]',
    "degree": f'given: {RATE}\ninvariant: [{{of: "rate(b, t, E)", scaling: [b], degree: "2"}}]',
    "a jump": 'given: {x: real}\ncontinuous: [{of: "jump(x)", along: x, at: "1", factor: "2", within: "1"}]',
    "a slower limit": (
        'given: {x: "> 0"}\nlimit: [{of: "1 - 3/x", along: x, to: infinity, equals: "1", factor: "2"}]'
    ),
    "another limit": (
        'given: {x: "> 0"}\nlimit: [{of: "1 - 3/x", along: x, to: infinity, equals: "2", factor: "3"}]'
    ),
    "a false base": f'given: {NTH}\ninduction:\n'
    '  - {over: n, states: {E: {start: t, next: "ema(B, E, t)"}}, holds: "E == B**n*e + (1 - B**n)*t"}',
}  # fmt: skip


@pytest.mark.parametrize("body", HOLDS.values(), ids=HOLDS)
def test_what_holds_is_discharged_with_its_mutation_score(body, tmp_path, prover):
    verdict = judge(tmp_path, body, prover)
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    assert verdict.mutation.killed > 0
    assert {step.engine for step in verdict.proofs if step.said == "proved"} >= {"z3"}


@pytest.mark.parametrize("body", FAILS.values(), ids=FAILS)
def test_what_does_not_hold_is_falsified_at_a_point(body, tmp_path, prover):
    verdict = judge(tmp_path, body, prover)
    assert verdict.outcome is Outcome.FALSIFIED, verdict.detail
    assert verdict.witnesses[0].found.startswith("at ")


def test_a_step_that_fails_proves_nothing_and_refutes_nothing(tmp_path, prover):
    # True for every n, but not by itself: the claim has to be made stronger before it carries on.
    body = (
        'given: {n: ">= 0", E: real}\ninduction:\n'
        '  - {over: n, states: {E: {start: "power(2, 0)", next: "2*E - 1"}}, holds: "E >= 1/2"}'
    )
    verdict = judge(tmp_path, body, prover)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "step:" in verdict.detail


def test_a_chain_proves_what_one_question_cannot(tmp_path, prover):
    given = 'given: {x: ">= 1 and <= 2"}\nseconds: 3\n'
    deep = "bend(bend(bend(x))) >= 1"
    links = [
        '{name: y, stands_for: "bend(x)", hence: "y >= 1"}',
        '{name: z, stands_for: "bend(y)", hence: "z >= 1"}',
    ]
    verdict = judge(tmp_path, f'{given}prove: ["{deep}"]\nchain:\n  - {links[0]}\n  - {links[1]}', prover)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "in 3 links" in str([step.claim for step in verdict.proofs]) or len(verdict.proofs) >= 3


@pytest.mark.parametrize(
    ("links", "why"),
    [
        ('[{name: y, stands_for: "bend(x)", hence: "y >= 2"}]', "link 1 refuted"),
        ('[{name: y, stands_for: "bend(x)", hence: "y >= 0.5"}]', "the last step refuted"),
        ('[{hence: "x > 5"}]', "link 1 refuted"),
    ],
)
def test_a_link_that_does_not_hold_settles_nothing(links, why, tmp_path, prover):
    body = f'given: {{x: ">= 1 and <= 2"}}\nprove: ["bend(bend(x)) >= 1"]\nchain: {links}'
    verdict = judge(tmp_path, body, prover)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason is Reason.UNKNOWN
    assert why in verdict.detail


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f'given: {RATE}\nmonotone: [{{of: "rate(b, t, E)", along: q}}]', "q is not declared under given"),
        (f'given: {RATE}\nmonotone: [{{of: "rate(b, u, E)", along: t}}]', "u is not declared under given"),
        (f'given: {RATE}\nmonotone: [{{of: "rate(b, t)", along: t}}]', "takes 3 arguments, not 2"),
        (f'given: {RATE}\nlipschitz: [{{of: "rate(b, t, E)", along: t, factor: t}}]', "the factor may not change"),
        (f'given: {RATE}\nmonotone: [{{of: "rate(b, t, E) > 0", along: t}}]', "a number is needed here"),
        ('given: {x: real, x_2: real}\nmonotone: [{of: "bend(x)", along: x}]', "this form uses x_2 itself"),
        ('given: {x: real}\nlimit: [{of: "bend(x)", along: x, to: "1", equals: "1", factor: "2", power: 0}]',
         "the power of a rate must be positive"),
        ('given: {x: real}\nchain: [{hence: "x > 0"}]\nmonotone: [{of: "bend(x)", along: x}]', "a chain leads to"),
        ('given: {x: real}\nprove: ["bend(x) > 0"]\nchain: [{name: y, hence: "y > 0"}]', "belong together"),
        ('given: {x: real}\nprove: ["bend(x) > 0"]\nchain: [{name: x, stands_for: "bend(x)", hence: "x > 0"}]',
         "x is already a variable"),
        ("given: {x: real}", "at least one claim is needed"),
        ('given: {L: real}\nunits: {L: nets/token}\nprove: ["L > 0"]', "did you mean nat?"),
        ('given: {L: real, p: real}\nunits: {L: nats/token, p: bits/byte}\nprove: ["L == p"]', "unlike units"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_clear_error(body, message, tmp_path):
    with pytest.raises(InvalidContract) as caught:
        load(tmp_path, body)
    assert message in str(caught.value)
    assert "forms.yaml:" in str(caught.value)


BPB = "bpb == loss / log(2) * tokens / bytes"
ROWS = {
    "trace": 'log: log, rows: "{}"',
    "arithmetic": 'holds: ["{}"], numbers: {{bpb: 1.44, loss: 1.0, tokens: 10, bytes: 10}}',
}


@pytest.mark.parametrize("kind", ROWS)
def test_units_are_held_against_one_another_over_rows_and_published_numbers_too(kind, tmp_path):
    units = "units: {bpb: bits/byte, loss: nats/token, tokens: tokens, bytes: bytes}"
    head = HEAD.replace("criteria:", "inputs: {log: {file: log.jsonl}}\ncriteria:").replace("symbolic", kind)

    def read(claim):
        path = tmp_path / "contracts" / "forms.yaml"
        path.parent.mkdir(exist_ok=True)
        (tmp_path / "harness.toml").touch()
        body = ROWS[kind].format(claim).replace(", rows", "\n    rows").replace(", numbers", "\n    numbers")
        path.write_text(f"{head}    {body}\n    {units}\n")
        return load_one(read_project(tmp_path, Memo(None, "", lambda: 0)), path)

    read(BPB)
    with pytest.raises(InvalidContract, match="unlike units: bpb in bit/byte"):
        read(BPB.replace(" / log(2)", ""))


def test_a_metric_of_unlike_units_is_refused(tmp_path):
    (tmp_path / "harness.toml").touch()
    path = tmp_path / "contracts" / "forms.yaml"
    path.parent.mkdir()
    body = "contract: c\nlog: log.jsonl\ncriteria:\n  A:\n    claim: It falls.\n    metric: loss + bytes\n    falls_by: 1\n"
    path.write_text(f"{body}    units: {{loss: nats, bytes: bytes}}\n")
    with pytest.raises(InvalidContract, match="bytes in byte"):
        load_one(read_project(tmp_path, Memo(None, "", lambda: 0)), path)
