import json

import pytest
from judging import judge, obligation

from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract

LOW = (2.080, 2.081, 2.079)
FIRST = "values: [2.100, 2.101, 2.099]"


def ask(tmp_path, rival=FIRST, seeds=LOW, fields="at_least: 0.005"):
    body = obligation(
        "kind: margin, of: {input: entry, at: 'seeds.*'}, dated: {input: entry, at: date}, "
        f"against: [{{name: first, since: '2026-03-18', {rival}}}], {fields}",
        entry="file: entry.json",
    )
    entry = {"date": "2026-03-20", "seeds": list(seeds)}
    return judge(tmp_path, body, {"entry.json": json.dumps(entry).encode()})


@pytest.mark.parametrize(
    "rival", [FIRST, "mean: 2.1, deviation: 0.001", "mean: 2.1, deviation: 0.001, runs: 2"]
)
def test_runs_that_are_better_by_the_margin(tmp_path, rival):
    assert ask(tmp_path, rival).outcome is Outcome.DISCHARGED


def test_a_deviation_that_is_stated_counts(tmp_path):
    verdict = ask(tmp_path, "mean: 2.1, deviation: 5.0, runs: 2")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)


@pytest.mark.parametrize(
    ("rival", "said"),
    [
        ("mean: 2.1, deviation: 5.0, runs: 1", "first: runs: 1: a deviation is of two runs at least"),
        ("mean: 2.1, deviation: 5.0, runs: 0", "first: runs: 0: a deviation is of two runs at least"),
        ("mean: 2.1, deviation: 5.0, runs: -5", "first: runs: -5: a deviation is of two runs at least"),
        ("mean: 2.1, runs: 0", "one run at least"),
        ("mean: 2.1, deviation: -0.001", "deviation -0.001 is none"),
        ("mean: 2.1, deviation: 0", "deviation 0 is none"),
        ("mean: 2.1, deviation: .nan", "deviation nan is no number"),
        ("mean: .nan", "mean nan is no number"),
        ("values: [.nan, 2.1, 2.2]", "value nan is no number"),
        ("values: [2.1, 2.11], deviation: 0.001", "give the one or the other"),
        ("runs: 3", "has no value"),
    ],
)
def test_a_best_whose_numbers_are_none_is_refused(tmp_path, rival, said):
    with pytest.raises(InvalidContract) as error:
        ask(tmp_path, rival)
    assert said in str(error.value)
    assert ".yaml:" in str(error.value)


@pytest.mark.parametrize(
    "fields", ["at_least: -0.5", "at_least: .nan", "at_least: .inf", "at_least: 0.005, alpha: 0.49"]
)
def test_a_margin_that_asks_for_nothing_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, seeds=(2.11, 2.111, 2.109), fields=fields)


@pytest.mark.parametrize(
    "rival", ["mean: 2.1", "mean: 2.1, runs: 1", "values: [2.1]", "values: [2.1, 2.1, 2.10]"]
)
def test_a_best_without_a_spread_is_no_exact_number(tmp_path, rival):
    """Taken as exact, one run is beaten by equal ones in 3.6 % of tries at a nominal 1 %."""
    verdict = ask(tmp_path, rival, (2.0940, 2.0942, 2.0944))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "without a spread" in verdict.detail


def test_two_runs_that_print_the_same_are_one_unless_chance_explains_it(tmp_path):
    verdict = ask(tmp_path, seeds=(2.0900, 2.0900, 2.0901))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "2 runs print the same 2.09" in verdict.detail
    wide = "values: [2.130, 2.134, 2.126]"
    assert ask(tmp_path, wide, (2.081, 2.081, 2.083)).outcome is Outcome.DISCHARGED
