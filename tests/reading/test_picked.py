"""The best of several is declared: in the claim, in the confidence that it is held to, and in the ledger."""

import json
import sys

import pytest

from harness.model.contract import BestOf
from harness.model.values import Printed
from harness.reading.picked import corrected, undeclared
from harness.registry import kinds

TRAIN = (
    "import json, os\nseed = json.load(open(os.environ['HARNESS_CONFIG']))['seed']\n"
    "with open(os.environ['HARNESS_OUTPUT'] + '/trace.jsonl', 'w') as out:\n"
    "    out.writelines(json.dumps({'step': n, 'loss': 9 - n * seed}) + '\\n' for n in range(4))\n"
)
BODY = """
inputs: {{trace: {{run: mine, output: trace}}}}
runs: {{mine: {{command: ["{python}", train.py], code: [train.py], device: cpu, seeds: {seeds}}}}}
criteria:
  FALL: {{claim: It falls., metric: loss, log: trace, at_most: 4{more}}}
"""


def contract(bench, seeds, more=""):
    bench.contract(BODY.format(python=sys.executable, seeds=seeds, more=more))


@pytest.mark.parametrize(
    ("claim", "declared", "why"),
    [
        ("The best of 5 seeds ends below 3.", None, "declare best_of: {seeds: 5}"),
        ("The best of five seeds ends below 3.", None, "declare best_of: {seeds: 5}"),
        ("The best of 5 seeds ends below 3.", BestOf(seeds=3), "best_of declares best of 3 seeds"),
        ("The best of 5 seeds ends below 3.", BestOf(runs=5), "declare best_of: {seeds: 5}"),
        ("The lowest loss over all runs is 2.9.", None, "declare best_of: {runs: N}"),
        ("Our best seed ends below 3.", None, "declare best_of: {seeds: N}"),
        ("A best-of-8 score of 0.7.", None, "declare best_of: {runs: 8}"),
        ("Accuracy at the best threshold is 0.8.", None, "declare best_of: {thresholds: N}"),
        ("The highest F1 among 20 thresholds.", BestOf(thresholds=20), ""),
        ("The best of 5 seeds ends below 3.", BestOf(seeds=5), ""),
        ("The best validation loss is 9.75.", None, ""),
        ("Every seed ends below 3.", None, ""),
        ("The runs do their best.", None, ""),
    ],
)
def test_a_claim_that_picks_must_say_of_how_many(claim, declared, why):
    found = list(undeclared(claim, declared))
    assert (why in found[0]) if why else not found, found


def test_an_undeclared_selection_is_a_fault_of_the_contract(bench):
    bench.log()
    bench.contract(
        "inputs: {log: {file: log.jsonl}}\n"
        "criteria: {A: {claim: The best of 3 seeds falls., metric: loss, falls_by: 2}}\n"
    )
    said = bench("check")
    assert (said.code, "declare best_of: {seeds: 3}" in said.err) == (4, True), said.err
    bench.edit("contracts/demo.yaml", "metric:", "best_of: {seeds: 1}, metric:")
    assert "two at least" in bench("lint").out + bench("lint").err
    bench.edit("contracts/demo.yaml", "seeds: 1}", "seeds: 3}")
    bench("check")
    (row,) = bench.rows().values()
    assert (row["status"], row["best_of"]) == ("DISCHARGED", "best of 3 seeds")
    assert "best of 3 seeds" in bench("scoreboard").out


@pytest.mark.parametrize(("tries", "wanted"), [(2, "0.975"), (5, "0.99"), (3, "0.983333333334"), (1, "0.95")])
def test_a_test_of_the_best_is_held_to_the_confidence_of_one_among_so_many(tries, wanted):
    kind = kinds()["improvement"](improvement="a", over="b", margin=Printed("0.1"), seeds=(1, 2))
    found = corrected(kind, BestOf(seeds=tries)).confidence
    assert found == Printed(wanted)
    assert (1 - found.exact) * tries <= 1 - kind.confidence.exact


def test_the_obligation_of_a_declared_selection_is_another_one(bench):
    bench.log([{"step": n, "loss": 3.0, "seed": n % 3} for n in range(9)], "a.jsonl")
    body = (
        "inputs: {{a: {{file: a.jsonl}}, b: {{file: b.jsonl}}}}\ncriteria:\n"
        "  A: {{claim: A is better., improvement: a, over: b, margin: 0.1, seeds: [0, 1, 2]{more}}}\n"
    )
    digests = []
    for more in ("", ", best_of: {runs: 4}"):
        bench.contract(body.format(more=more))
        digests.append(bench.rows()["demo/A"]["obligations"][0]["digest"])
    assert digests[0] != digests[1]


def test_seeds_that_the_ledger_saw_and_nobody_declares_leave_it_open(bench):
    bench.write("train.py", TRAIN)
    contract(bench, [1, 2, 3])
    bench("check", "--allow-code")
    assert bench.statuses()["demo/FALL"] == "FALSIFIED"
    contract(bench, [2, 3])
    assert bench("check", "--allow-code").code == 1
    row = bench.rows()["demo/FALL"]
    assert row["status"] == "PARTIAL"
    assert "judges 2 of 3 seeds that the ledger saw, declares no best_of" in row["missing"]
    said = bench("gate")
    assert (said.code, "2 of 3 seeds" in said.out) == (1, True), said.out
    contract(bench, [2, 3], ", best_of: {seeds: 2}")
    assert "declares best of 2" in bench.rows()["demo/FALL"]["missing"]
    contract(bench, [2, 3], ", best_of: {seeds: 3}")
    row = bench.rows()["demo/FALL"]
    assert (row["status"], row["best_of"]) == ("DISCHARGED", "best of 3 seeds")


def test_more_runs_and_thresholds_than_declared_leave_it_open(bench):
    bench.write("train.py", TRAIN)
    more = ", best_of: {runs: 2, thresholds: 2}"
    for n, bar in enumerate((4, 5, 6)):
        contract(bench, [3], more)
        bench.edit("contracts/demo.yaml", "device: cpu", f"device: cpu, config: {{n: {n}}}")
        bench.edit("contracts/demo.yaml", "at_most: 4", f"at_most: {bar}")
        bench("check", "--allow-code")
    missing = bench.rows()["demo/FALL"]["missing"]
    assert "declares best of 2 runs, the ledger saw 3" in missing
    assert "declares best of 2 thresholds, the ledger saw 3" in missing
    launched = [
        text
        for path in bench.entries()
        for key, text in json.loads(path.read_bytes())["details"].items()
        if key.startswith("launched ")
    ]
    assert len(launched) == 3
    assert all(text.startswith("finished seed 3 of ") for text in launched)
