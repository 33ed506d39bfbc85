"""Kind ``behaviour``: what so many scenarios show, and what they do not."""

import json

import numpy as np
import pytest
from judging import judge, obligation

from harness.kinds._behaviour import Ask, Tally, judged
from harness.kinds._behaviour_examples import log
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason


def ask(root, data, more="", at_most="0.02", name="tried.jsonl"):
    body = obligation(f"behaviour: tried, at_most: {at_most}{more}", tried=f"file: {name}")
    return judge(root, body, {name: data})


def test_no_failure_is_never_told_as_proof(tmp_path):
    verdict = ask(tmp_path, log(300), ", never: true")
    assert verdict.outcome is Outcome.DISCHARGED
    assert "no number shows that it never fails" in verdict.detail
    assert verdict.measured == "0 of 300 failed, a rate of at most 0.0152"
    assert verdict.threshold == "a rate of at most 0.02 at 0.99"
    assert str(verdict.denominator) == "300 of 300 scenarios"


def test_never_needs_a_rate_that_can_be_shown(tmp_path):
    for rate in ("0", "1", "-0.1", "nan"):
        with pytest.raises(InvalidContract, match="at_most"):
            ask(tmp_path, log(3), ", never: true", at_most=rate)


def test_too_few_scenarios_are_told_before_any_is_run(tmp_path):
    with pytest.raises(InvalidContract, match="459 are needed"):
        ask(tmp_path, log(3), ", scenarios: 100", at_most="0.01")


def test_too_few_scenarios_say_how_many_would_do(tmp_path):
    verdict = ask(tmp_path, log(200), at_most="0.01")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "without a failure 459 do" in verdict.detail


def test_the_failing_scenarios_are_named(tmp_path):
    verdict = ask(tmp_path, log(300, (7, 9)), ", never: true")
    assert verdict.outcome is Outcome.FALSIFIED
    assert [one.where for one in verdict.witnesses[1:]] == [
        "tried.jsonl:8: scenario s7",
        "tried.jsonl:10: scenario s9",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"scenario": "s3", "passed": True}, Reason.ILL_POSED),
        ({"scenario": "new"}, Reason.UNJUDGED),
        ({"scenario": "new", "passed": None}, Reason.UNJUDGED),
        ({"scenario": "new", "passed": 0.97}, Reason.UNJUDGED),
        ({"scenario": "new", "passed": float("nan")}, Reason.UNJUDGED),
        ({"scenario": "new", "passed": "mostly"}, Reason.UNJUDGED),
        ({"scenario": None, "passed": True}, Reason.UNJUDGED),
    ],
)
def test_one_odd_row_is_no_discharge(tmp_path, row, reason):
    verdict = ask(tmp_path, log(400) + json.dumps(row).encode() + b"\n")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, reason)


def test_a_torn_last_row_is_no_discharge(tmp_path):
    assert ask(tmp_path, log(400) + b'{"scenario": "s40').reason is Reason.UNJUDGED


def test_more_or_fewer_scenarios_than_declared(tmp_path):
    assert ask(tmp_path, log(400), ", scenarios: 500").reason is Reason.LOG_INCOMPLETE
    assert ask(tmp_path, log(400), ", scenarios: 300").reason is Reason.ILL_POSED


def test_rows_without_an_outcome_cannot_be_what_falsifies(tmp_path):
    """12 of 240 failed, but another 400 are not told: they may have passed."""
    unsaid = b"".join(b'{"scenario": "u%d"}\n' % at for at in range(400))
    assert ask(tmp_path, log(240, range(14))).outcome is Outcome.FALSIFIED
    assert ask(tmp_path, log(240, range(14)) + unsaid).outcome is Outcome.INCONCLUSIVE


def test_a_control_tells_a_sound_thing_from_an_easy_task(tmp_path):
    easy = ask(tmp_path, log(300, (), ()), ", control: control")
    assert (easy.outcome, easy.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "0 pairs in which only the control failed" in easy.detail
    assert ask(tmp_path, log(300, (), range(7)), ", control: control").outcome is Outcome.DISCHARGED
    assert ask(tmp_path, log(300, (), range(6)), ", control: control").outcome is Outcome.INCONCLUSIVE


def test_words_and_bits_of_a_table_are_outcomes(tmp_path):
    rows = "\n".join(f"{at},{'true' if at % 2 else 'TRUE'},1" for at in range(300))
    table = f"scenario,passed,bit\n{rows}\n".encode()
    assert ask(tmp_path, table, name="t.csv").outcome is Outcome.DISCHARGED
    assert ask(tmp_path, table, ", passed: bit", name="t.csv").outcome is Outcome.DISCHARGED


def test_a_column_that_is_not_there_is_an_error(tmp_path):
    verdict = ask(tmp_path, log(300), ", control: other")
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MISSING_COLUMN)


def test_every_log_must_pass(tmp_path):
    body = obligation("behaviour: tried, at_most: 0.02", tried="files: '*.jsonl'")
    assert judge(tmp_path, body, {"a.jsonl": log(300), "b.jsonl": log(300)}).outcome is Outcome.DISCHARGED
    assert judge(tmp_path, body, {"b.jsonl": log(300, range(40))}).outcome is Outcome.FALSIFIED


@pytest.mark.parametrize(("count", "most"), [(300, 0.02), (1000, 0.01)])
def test_noise_is_seldom_a_verdict(count, most):
    """Nominal 1 % either way; the rates of 100,000 draws stand in specs/statistics/rates.txt."""
    source = np.random.default_rng(5)
    asked = Ask(
        scenario="", passed="", control="", at_most=most, never=False, scenarios=None, confidence=0.99
    )
    states = []
    for failures in source.binomial(count, most, 2000).tolist():
        failed = dict.fromkeys(map(str, range(failures)), "")
        states.append(judged(Tally(source="", rows=count, judged=count, failed=failed), asked).state)
    assert states.count("holds") <= 32  # 20 expected at most, and three deviations more
    assert states.count("fails") <= 32
