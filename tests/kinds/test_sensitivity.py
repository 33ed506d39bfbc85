"""Runs that differ in one key: the control must be one, and the seeds' own noise is no effect."""

import json

import pytest
from judging import judge, obligation

from harness.model.outcome import Basis, Outcome, Reason
from harness.model.problem import InvalidContract

TRAIN = """
import json, os, pathlib
told = json.loads(pathlib.Path(os.environ["HARNESS_CONFIG"]).read_text())
lr, gain, seed = told["config"]["lr"], told["config"]["gain"], told["seed"]
rows = [{"step": i, "loss": 5 - i * lr * gain - seed / 100, "lr": lr} for i in range(9)]
text = "".join(json.dumps(row) + "\\n" for row in rows)
pathlib.Path(os.environ["HARNESS_OUTPUT"], "log.jsonl").write_text(text)
"""
RUN = "{{command: [{python}, train.py], code: [train.py], seeds: [1, 2], device: cpu, config: {config}}}"


def log(folder, name, ends):
    made = {}
    for seed, end in enumerate(ends):
        rows = [{"step": step, "loss": 4 - (4 - end) * step / 9} for step in range(10)]
        made[f"{name}/{seed}.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return made


def ask(tmp_path, base, other, fields="quantity: loss"):
    text = f"kind: sensitivity, sensitivity: a, against: b, key: lr, {fields}"
    body = obligation(text, a="files: 'a/*.jsonl'", b="files: 'b/*.jsonl'")
    return judge(tmp_path, body, log(tmp_path, "a", base) | log(tmp_path, "b", other))


def test_files_are_compared_by_welch_and_checked_only(tmp_path):
    verdict = ask(tmp_path, [2.5, 2.6, 2.4], [2.0, 2.1, 1.9])
    assert (verdict.outcome, verdict.basis) == (Outcome.DISCHARGED, Basis.CHECKED)
    assert "Welch, 3 runs a side" in verdict.measured


def test_an_effect_within_the_noise_is_too_little_power(tmp_path):
    verdict = ask(tmp_path, [2.5, 2.9, 2.1], [2.4, 2.8, 2.0])
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)


def test_the_wrong_side_is_falsified_with_both_numbers(tmp_path):
    verdict = ask(tmp_path, [2.5, 2.6, 2.4], [3.0, 3.1, 2.9], "quantity: loss, expect: lower")
    assert verdict.outcome is Outcome.FALSIFIED
    assert "before lr changed" in verdict.witnesses[0].found


def test_two_logs_that_are_one_show_a_knob_that_moves_nothing(tmp_path):
    verdict = ask(tmp_path, [2.5, 2.6], [2.5, 2.6])
    assert verdict.outcome is Outcome.FALSIFIED
    assert "lr moves nothing" in verdict.detail


@pytest.mark.parametrize(
    "fields", ["quantity: loss, confidence: 1", "quantity: loss, window: 0", "quantity: 'loss +'"]
)
def test_what_means_nothing_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, [1], [2], fields)


@pytest.fixture
def runs(bench):
    """Checks a contract over two runs of a command, given by their configurations."""

    def check(first, second, more=""):
        import sys

        bench.write("train.py", TRAIN)
        bench.contract(f"""
inputs: {{a: {{run: one, output: log}}, b: {{run: two, output: log}}}}
runs:
  one: {RUN.format(python=sys.executable, config=first)}
  two: {RUN.format(python=sys.executable, config=second)}
criteria:
  KNOB: {{claim: It moves., sensitivity: a, against: b, key: lr, quantity: loss{more}}}
""")
        said = bench("check", "--allow-code")
        assert said.code in (0, 1), said.err
        return bench.verdict("KNOB")

    return check


def test_runs_are_paired_by_seed(runs):
    verdict = runs("{lr: 0.1, gain: 1}", "{lr: 0.2, gain: 1.001}", ", along: [gain]")
    assert verdict["outcome"] == "DISCHARGED"
    assert "(paired, 2 runs a side)" in verdict["measured"]


def test_a_second_difference_confounds(runs):
    verdict = runs("{lr: 0.1, gain: 1}", "{lr: 0.2, gain: 2}")
    assert (verdict["outcome"], verdict["reason"]) == ("INCONCLUSIVE", "ill-posed")
    assert "differ in gain too" in verdict["detail"]


def test_a_disconnected_knob_is_found(runs):
    verdict = runs("{lr: 0.1, gain: 0}", "{lr: 0.2, gain: 0}")
    assert verdict["outcome"] == "FALSIFIED"
    assert "lr moves nothing" in verdict["detail"]


def test_runs_that_share_the_knob_show_nothing_of_it(runs):
    verdict = runs("{lr: 0.1, gain: 1}", "{lr: 0.1, gain: 2}")
    assert "do not differ in lr" in verdict["detail"]


def test_a_control_that_is_not_matched_is_none(runs):
    verdict = runs("{lr: 0.1, gain: 1}", "{lr: 0.2, gain: 1}", ", match: lr")
    assert (verdict["outcome"], verdict["reason"]) == ("INCONCLUSIVE", "ill-posed")
