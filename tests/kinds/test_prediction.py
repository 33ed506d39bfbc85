"""Named outcomes: they part all numbers or the question is refused, and the verdict names what came about."""

import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.kinds._outcomes import drawn, flaws
from harness.symbolic.exact import settle

HEAD = "inputs: {log: {file: log.jsonl}}\ncriteria:\n  BAND:\n    claim: The corpus was too small.\n"
BANDS = '{budget: "< 8.911", corpus: ">= 9.5 and <= 9.7", neither: otherwise}'
TRAIN = (
    "import json, os\nwith open(os.environ['HARNESS_OUTPUT'] + '/trace.jsonl', 'w') as out:\n"
    "    out.writelines(json.dumps({'step': n, 'loss': x}) + '\\n' for n, x in enumerate([11.2, 9.7507]))\n"
)
RUN = f"""
inputs: {{log: {{run: mine, output: trace}}}}
runs: {{mine: {{command: ["{sys.executable}", train.py], code: [train.py], device: cpu}}}}
criteria:
  BAND: {{claim: It was., predicts: loss, at: min, expects: corpus, locked: true, outcomes: {BANDS}}}
"""


def predict(bench, losses, outcomes=BANDS, expects="corpus", more=""):
    bench.log([{"step": step, "loss": loss} for step, loss in enumerate(losses)])
    told = f"    predicts: loss\n    at: min\n    outcomes: {outcomes}\n    expects: {expects}\n{more}"
    bench.contract(HEAD + told)
    return bench("check")


@pytest.mark.parametrize(
    ("best", "expects", "outcome", "came"),
    [
        (9.7507, "corpus", "FALSIFIED", "came about: neither"),
        (9.7507, "budget", "FALSIFIED", "came about: neither"),
        (9.7507, "neither", "DISCHARGED", "came about: neither"),
        (9.6123, "corpus", "DISCHARGED", "came about: corpus"),
        (8.9109, "budget", "DISCHARGED", "came about: budget"),
        (8.9110, "budget", "INCONCLUSIVE", "between budget and neither"),
        (9.4999, "corpus", "FALSIFIED", "came about: neither"),
    ],
)
def test_the_verdict_names_the_outcome_that_came_about(bench, best, expects, outcome, came):
    predict(bench, [11.25, best, 9.8064], expects=expects)
    found = bench.verdict("BAND")
    assert (found["outcome"], came in found["detail"]) == (outcome, True), found
    assert len(found["proofs"]) > 0, "that the outcomes exclude each other is proved for anybody to repeat"


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        (
            '{budget: "< 9", corpus: ">= 9 and <= 9.7", neither: "> 9.6"}',
            "corpus and neither overlap at value = 9.",
        ),
        ('{budget: "<= 9", corpus: ">= 9"}', "budget and corpus overlap at value = 9"),
        ('{budget: "< 9", corpus: "> 9"}', "no outcome holds at value = 9"),
        ('{budget: "< 8.911", corpus: ">= 9.5"}', "no outcome holds at value = 8.911"),
        ('{budget: "< 9 and > 9", corpus: otherwise}', "budget can never come about"),
        ('{budget: "< 9", corpus: ">= 9", neither: otherwise}', "neither can never come about"),
        ('{corpus: ">= 9"}', "2 to 12 outcomes"),
        ("{corpus: otherwise, neither: otherwise}", "one outcome at most"),
        ('{budget: "< 9", neither: otherwise}', "'corpus' is none of the outcomes"),
        ('{corpus: "loss > 9", neither: otherwise}', "loss is neither value nor a constant"),
        ('{corpus: "value + 1", neither: otherwise}', "a condition is needed"),
        ('{corpus: "value[-1] > 9", neither: otherwise}', "it has no rows"),
        ('{corpus: "__import__(1) > 9", neither: otherwise}', "outcome corpus"),
    ],
)
def test_outcomes_that_do_not_part_all_numbers_are_refused_unread(bench, outcomes, why):
    said = predict(bench, [11.25, 9.6123], outcomes)
    assert (said.code, why in said.err) == (4, True), said.err
    assert not bench.evidence()


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        (
            '{corpus: "abs(value - 9.6) <= 0.1", neither: "abs(value - 9.6) >= 0.1"}',
            "corpus and neither overlap",
        ),
        ('{corpus: "abs(value - 9.6) < 0.1", neither: "abs(value - 9.6) > 0.1"}', "no outcome holds"),
        ('{corpus: "exp(value) > 0", neither: otherwise}', "neither can never come about"),
    ],
)
def test_what_only_a_prover_sees_is_inconclusive_with_the_point(bench, outcomes, why):
    assert predict(bench, [11.25, 9.6123], outcomes).code == 1
    found = bench.verdict("BAND")
    assert (found["outcome"], found["reason"]) == ("INCONCLUSIVE", "ill-posed"), found
    assert why in found["detail"]
    assert found["witnesses"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=4, unique=True), st.booleans(), st.integers(-7, 7))
def test_consecutive_bands_part_all_numbers_and_a_shifted_one_does_not(edges, closed, probe):
    edges = sorted(edges)
    low, high = ("<=", ">") if closed else ("<", ">=")
    bands = {"b0": f"{low} {edges[0]}"}
    for place, (a, b) in enumerate(pairwise(edges), start=1):
        bands[f"b{place}"] = f"{high} {a} and {low} {b}"
    bands["last"] = f"{high} {edges[-1]}"
    _, trees = drawn(bands, {}, {})
    assert list(flaws(trees)) == []
    assert sum(settle(tree, {"value": probe}) for tree in trees.values()) == 1
    _, shifted = drawn(bands | {"last": f"{high} {edges[-1] + 1}"}, {}, {})
    assert [flaw.point for flaw in flaws(shifted)]


def test_two_logs_may_come_out_differently(bench):
    for name, best in (("a", 9.6123), ("b", 9.7507)):
        bench.log([{"step": 0, "loss": 11.25}, {"step": 1, "loss": best}], f"logs/{name}.jsonl")
    bench.contract(
        'inputs: {log: {files: "logs/*.jsonl"}}\n'
        f"criteria: {{BAND: {{claim: C., predicts: loss, at: min, expects: corpus, outcomes: {BANDS}}}}}\n"
    )
    assert bench("check").code == 1
    found = bench.verdict("BAND")
    assert "logs/a.jsonl: corpus; logs/b.jsonl: neither" in found["detail"]
    assert [w["where"] for w in found["witnesses"]] == ["logs/b.jsonl"]


def test_a_locked_prediction_wants_its_lock_before_the_run(bench):
    bench.write("train.py", TRAIN)
    bench.contract(RUN)
    for command in ("run", "check"):
        said = bench(command, "--allow-code")
        assert "must be locked before there is a result: harness lock" in said.out + said.err, said
    assert not list(bench.root.glob(".harness/runs/*/record.json")), "nothing was trained"
    assert bench("lock").code == 0
    bench("check", "--allow-code")
    assert bench.verdict("BAND")["outcome"] == "FALSIFIED"


def test_a_run_made_before_the_lock_predicts_nothing(bench):
    bench.write("train.py", TRAIN)
    bench.contract(RUN.replace("locked: true", "locked: false"))
    bench("run", "--allow-code")
    bench.contract(RUN)
    bench("lock")
    assert bench("check", "--allow-code").code == 1
    found = bench.verdict("BAND")
    assert (found["outcome"], found["reason"]) == ("INCONCLUSIVE", "not locked before"), found
    assert "was locked after its run" in found["detail"]


def test_data_that_another_criterion_judged_before_the_lock_predict_nothing(bench):
    bench.log([{"step": 0, "loss": 11.25}, {"step": 1, "loss": 9.6123}])
    seen = "inputs: {log: {file: log.jsonl}}\ncriteria: {FINITE: {claim: F., metric: loss, finite: true}}\n"
    bench.contract(seen, "other")
    bench("check")
    predict(bench, [11.25, 9.6123], more="    locked: true\n")
    bench("lock")
    bench("check")
    assert "was locked after its data were judged" in bench.verdict("BAND")["detail"]
    bench.log([{"step": 0, "loss": 11.5}, {"step": 1, "loss": 9.6124}])
    bench("check", "demo")
    assert bench.verdict("BAND")["outcome"] == "INCONCLUSIVE", "whoever has the file can write it anew"
    assert "was locked after a file of the same name was judged" in bench.verdict("BAND")["detail"]
