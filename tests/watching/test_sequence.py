"""``harness.sequence``: a run that stops once the test has shown it, and kind ``anytime`` after it."""

import json
import random
import sys

import pytest

import harness
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parents[1] / "kinds"))
from judging import judge

BODY = """\
inputs:
  log: {file: gains.jsonl}
criteria:
  - id: A
    claim: The model gains on its baseline.
    obligations:
      - {kind: anytime, anytime: log, low: -1, high: 1, confidence: 0.95}
"""


def gains(mean, count, seed):
    source = random.Random(seed)
    return [min(1.0, max(-1.0, source.gauss(mean, 0.35))) for _ in range(count)]


def run(found, **options):
    """A loop that asks after every row and stops when it is told."""
    with harness.sequence(low=-1, high=1, confidence=0.95, **options) as sequence:
        for gain in found:
            if sequence.add(gain):
                break
    return sequence


def test_asking_a_thousand_times_keeps_the_level():
    """Of 300 runs without a gain, asked after each of 1,000 rows, at most one in twenty is called one."""
    ended = [run(gains(0.0, 1000, seed)).decided for seed in range(300)]
    assert ended.count("above") <= 15
    assert ended.count("below") <= 15


@pytest.mark.parametrize(
    ("mean", "side", "outcome"),
    [
        (0.2, "above", Outcome.DISCHARGED),
        (-0.2, "below", Outcome.FALSIFIED),
        (0.0, None, Outcome.INCONCLUSIVE),
    ],
)
def test_a_run_stops_by_itself_and_the_kind_says_the_same(tmp_path, mean, side, outcome):
    path = tmp_path / "out" / "gains.jsonl"
    sequence = run(gains(mean, 400, 7), out=path)
    assert sequence.decided == side
    assert sequence.count == (sequence.after or 400) == len(path.read_text().splitlines())
    assert side is None or sequence.count < 200
    verdict = judge(tmp_path, BODY, {"gains.jsonl": path.read_bytes()})
    assert verdict.outcome is outcome, verdict.detail
    assert (f"settled after {sequence.after} of {sequence.after} rows" in verdict.detail) is bool(side)


def test_a_run_that_is_begun_again_begins_no_new_test(tmp_path):
    path, found = tmp_path / "gains.jsonl", gains(0.2, 400, 7)
    whole = run(found, out=tmp_path / "whole.jsonl")
    run(found[:20], out=path)
    again = run(found[20:], out=path)
    assert (again.decided, again.after) == ("above", whole.after)
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_gain_outside_the_bounds_stops_with_its_row_written(tmp_path):
    path = tmp_path / "gains.jsonl"
    with pytest.raises(InputError, match=r"gain 2 is 1\.5, outside the stated \[-1, 1\]"):
        run([0.1, 1.5], out=path)
    assert [json.loads(line)["gain"] for line in path.read_text().splitlines()] == [0.1, 1.5]
    assert judge(tmp_path, BODY, {"gains.jsonl": path.read_bytes()}).outcome is Outcome.INCONCLUSIVE
    with pytest.raises(InputError, match="gain 1 is nan"):
        run([float("nan")])


def test_bounds_that_are_none_and_files_that_are_none_are_told(tmp_path):
    with pytest.raises(InputError, match="must ascend"):
        harness.sequence(low=1, high=-1)
    with pytest.raises(InputError, match="must ascend"):
        harness.sequence(low=-1, high=1, margin=1)
    other = tmp_path / "other.jsonl"
    other.write_text('{"loss": 1}\n')
    with pytest.raises(InputError, match=r"other\.jsonl:1 is no row"):
        harness.sequence(low=-1, high=1, out=other)


@pytest.mark.parametrize(
    "edit", [lambda rows: rows[1:], lambda rows: rows[:5] + rows, lambda rows: rows[::-1]]
)
def test_rows_left_out_or_said_again_are_refused_here_and_there(tmp_path, edit):
    path = tmp_path / "gains.jsonl"
    run(gains(0.2, 400, 7), out=path)
    rows = edit(path.read_text().splitlines(keepends=True))
    path.write_text("".join(rows))
    with pytest.raises(InputError, match="is no row"):
        harness.sequence(low=-1, high=1, out=path)
    if json.loads(rows[0])["index"] == 1 or rows[0] > rows[-1]:  # rows that lack the first still rise
        assert judge(tmp_path, BODY, {"gains.jsonl": path.read_bytes()}).reason is Reason.ILL_POSED
