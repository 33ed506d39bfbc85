"""Bounds of a rate of failure, against what is known of them and against all outcomes there are."""

import math

import pytest

from harness.statistics.rates import at_most, failure_bounds, mcnemar, smallest_excluded, trials_needed


def plainly(hits, count, rate):
    return math.fsum(math.comb(count, k) * rate**k * (1 - rate) ** (count - k) for k in range(hits + 1))


@pytest.mark.parametrize("count", [1, 7, 40])
@pytest.mark.parametrize("rate", [0.001, 0.2, 0.5, 0.97])
def test_the_tail_is_the_sum_of_its_terms(count, rate):
    for hits in range(count + 1):
        assert at_most(hits, count, rate) == pytest.approx(plainly(hits, count, rate), abs=1e-12)


@pytest.mark.parametrize(
    ("failures", "count", "low", "high"),
    # Beta quantiles, by mpmath 1.3 at 30 digits: a 95 % two-sided interval is two bounds at 97.5 %.
    [(0, 10, 0.0, 0.3084971078), (1, 10, 0.0025285785, 0.4450161174), (10, 10, 0.6915028922, 1.0)],
)
def test_known_intervals(failures, count, low, high):
    assert failure_bounds(failures, count, 0.975) == pytest.approx((low, high), abs=1e-9)


def test_the_bounds_are_those_of_the_beta_distribution():
    from mpmath import betainc

    for failures, count in ((3, 500), (40, 2000), (7, 1_000_000)):
        low, high = failure_bounds(failures, count, 0.99)
        assert float(betainc(failures, count - failures + 1, 0, low, regularized=True)) == pytest.approx(
            0.01, rel=1e-6
        )
        assert float(betainc(failures + 1, count - failures, 0, high, regularized=True)) == pytest.approx(
            0.99, rel=1e-6
        )


@pytest.mark.parametrize("rate", [0.001, 0.013, 0.1, 0.5, 0.9])
def test_over_all_outcomes_the_bounds_err_no_more_often_than_they_say(rate):
    count, misses = 60, [0.0, 0.0]
    for failures in range(count + 1):
        chance = math.comb(count, failures) * rate**failures * (1 - rate) ** (count - failures)
        low, high = failure_bounds(failures, count, 0.95)
        misses[0] += chance * (low > rate)
        misses[1] += chance * (high < rate)
    assert max(misses) <= 0.05


def test_what_no_failure_excludes():
    assert smallest_excluded(300, 0.95) == pytest.approx(failure_bounds(0, 300, 0.95)[1], abs=1e-12)
    assert trials_needed(0.01, 0.99) == 459
    assert smallest_excluded(459, 0.99) < 0.01 < smallest_excluded(458, 0.99)


def test_pairs_that_came_out_alike_say_nothing():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 7) == pytest.approx(2**-7)
    assert mcnemar(5, 5) > 0.5


def test_no_count_is_refused():
    for failures, count in ((0, 0), (3, 2), (-1, 4)):
        with pytest.raises(ValueError, match="no count"):
            failure_bounds(failures, count, 0.99)
