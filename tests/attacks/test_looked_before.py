"""Attacks on a prediction: written down once its data were seen, and made to look as if they were new."""

import json
import sys

import pytest
from workbench import Bench

PEEK = """
inputs: {log: {file: out/log.jsonl}}
criteria: {FIN: {claim: P., metric: loss, at: final, at_most: 3}}
"""
TOLD = """
inputs: {log: {file: FILE}}
criteria:
  P8: {claim: X., predicts: loss, at: final, outcomes: {a: "value < 2", b: "value >= 2"}, expects: b,
    locked: true}
"""
ROWS = [{"step": step, "loss": 5.0 - step / 20} for step in range(51)]


def told(bench, file="out/log.jsonl"):
    bench.contract(TOLD.replace("FILE", file), "new")


def a_blank_line_added(bench):
    log = bench.root / "out/log.jsonl"
    log.write_bytes(log.read_bytes() + b"\n")
    told(bench)


def the_file_written_anew(bench):
    bench.log(ROWS[:40], "out/log.jsonl")
    told(bench)


def the_same_name_written_another_way(bench):
    bench.log(ROWS[:10], "out/log.jsonl")
    told(bench, "./out/log.jsonl")


def a_copy_under_another_name(bench):
    bench.log(ROWS, "other/log.jsonl")
    told(bench, "other/log.jsonl")


def a_copy_with_a_blank_line(bench):
    bench.write("copy.jsonl", (bench.root / "out/log.jsonl").read_bytes() + b"\n")
    told(bench, "copy.jsonl")


def a_copy_with_a_row_more(bench):
    bench.log([*ROWS, {"step": 51, "loss": 2.4}], "copy.jsonl")
    told(bench, "copy.jsonl")


def a_copy_with_one_row_changed(bench):
    bench.log([{"step": 0, "loss": 5.01}, *ROWS[1:]], "copy.jsonl")
    told(bench, "copy.jsonl")


def a_copy_written_with_other_spaces(bench):
    rows = "".join(json.dumps(row, separators=(" , ", ":")) + "\r\n" for row in ROWS)
    bench.write("copy.jsonl", rows)
    told(bench, "copy.jsonl")


SAME = "was locked after a file of the same name was judged"
LIKE = "was locked after a file of mostly the same lines was judged"
CASES = {
    a_blank_line_added: SAME,
    the_file_written_anew: SAME,
    the_same_name_written_another_way: SAME,
    a_copy_under_another_name: "was locked after its data were judged",
    a_copy_with_a_blank_line: LIKE,
    a_copy_with_a_row_more: LIKE,
    a_copy_with_one_row_changed: LIKE,
    a_copy_written_with_other_spaces: LIKE,
}


@pytest.mark.parametrize("attack", CASES, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize(
    "policy", ["policy: 1\n", "policy: 1\ndemands: {locked: true}\n"], ids=["own", "all"]
)
def test_a_prediction_of_what_was_seen_predicts_nothing(tmp_path, attack, policy):
    bench = Bench(tmp_path)
    bench.write("policy.yaml", policy)
    bench.log(ROWS, "out/log.jsonl")
    bench.contract(PEEK, "other")
    bench("lock")
    assert bench("check").code == 0
    attack(bench)
    bench("lock")
    bench("check")
    said = bench("gate")
    assert (said.code, f"new/P8: demands a lock of itself and {CASES[attack]}" in said.out) == (1, True), said
    (evidence,) = bench.evidence("P8", "new")
    found = json.loads(evidence.read_bytes())["predicate"]["verdict"]
    assert (found["outcome"], CASES[attack] in found["detail"]) == ("INCONCLUSIVE", True), found


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["as_it_is", "with_a_blank_line"])
def test_what_a_run_left_is_not_made_new_by_a_copy(tmp_path, end):
    bench = Bench(tmp_path)
    bench.write(
        "train.py",
        "import json, os\nwith open(os.environ['HARNESS_OUTPUT'] + '/log.jsonl', 'w') as out:\n"
        "    out.writelines(json.dumps({'step': n, 'loss': 9 - n / 7}) + '\\n' for n in range(20))\n",
    )
    bench.contract(
        "inputs: {log: {run: tiny, output: log}}\n"
        f'runs: {{tiny: {{command: ["{sys.executable}", train.py], code: [train.py], device: cpu}}}}\n'
        "criteria: {FIN: {claim: P., metric: loss, at: final, at_most: 9}}\n",
        "other",
    )
    assert bench("check", "--allow-code").code == 0
    (log,) = (tmp_path / ".harness/runs").rglob("log.jsonl")
    bench.write("copy.jsonl", log.read_bytes() + end)
    told(bench, "copy.jsonl")
    bench("lock")
    bench("check")
    said = bench("gate")
    why = LIKE if end else "was locked after its data were judged"
    assert (said.code, why in said.out) == (1, True), said


def test_a_file_that_nobody_judged_may_be_predicted(tmp_path):
    bench = Bench(tmp_path)
    bench.write("policy.yaml", "policy: 1\ndemands: {locked: true}\n")
    bench.log([{"step": row["step"], "loss": row["loss"] * 1.01} for row in ROWS], "out/log.jsonl")
    bench.contract(PEEK, "other")
    told(bench, "next.jsonl")
    bench("lock")
    bench("check")
    bench.log(ROWS, "next.jsonl")
    assert bench("check").code == 0
    assert bench("gate").code == 0, bench("gate")


@pytest.mark.parametrize("policy", [True, False], ids=["with_a_policy", "without_one"])
def test_a_prediction_that_failed_is_not_tried_on_other_files(tmp_path, policy):
    bench = Bench(tmp_path)
    if policy:
        bench.write("policy.yaml", "policy: 1\n")
    told(bench)
    bench("lock")
    bench.log([*ROWS, {"step": 51, "loss": 1.5}], "out/log.jsonl")
    assert bench("check").code == 1
    bench.log(ROWS, "out/log.jsonl")
    bench("check")
    said = bench("gate")
    assert (said.code, "new/P8: judged on 2 different data, 1 of them against it" in said.out) == (1, True), (
        said
    )
