"""Bounds of a mean by inverted sign flips, and the predictors that a model is compared with."""

import math

import numpy as np
import pytest

from harness.statistics import ngrams
from harness.statistics.subsets import mean_bounds


def test_too_few_values_allow_no_bound():
    assert mean_bounds([1.0] * 4, 0.95) is None
    assert mean_bounds([1.0] * 5, 0.95) is not None


def test_the_bounds_are_the_order_statistics_of_subset_means():
    found = mean_bounds([1.0, 2.0, 4.0, 8.0, 16.0], 0.9)
    # 31 subsets; rank int(0.1 * 32) = 3: the smallest means are 1, 1.5, 2 and the largest 16, 12, 10.
    assert (found.low, found.high, found.mean) == (2.0, 10.0, 6.2)


def test_a_shift_and_a_sign_move_the_bounds_along():
    values = [0.3, -0.1, 0.7, 0.2, 0.4, 0.9, -0.2]
    found, moved = mean_bounds(values, 0.95), mean_bounds([value + 5 for value in values], 0.95)
    mirrored = mean_bounds([-value for value in values], 0.95)
    assert moved.low == pytest.approx(found.low + 5)
    assert (-mirrored.high, -mirrored.low) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("count", [6, 12, 40])
def test_a_lower_bound_is_too_high_as_often_as_it_may_be(count):
    generator = np.random.default_rng(count)
    trials = 400 if count <= 14 else 150
    missed = sum(mean_bounds(generator.laplace(size=count), 0.9).low > 0 for _ in range(trials))
    assert abs(missed / trials - 0.1) < 4 * math.sqrt(0.09 / trials)


def test_many_values_are_bounded_about_as_students_t_does():
    values = np.random.default_rng(1).normal(0.3, 1, 60)
    found = mean_bounds(values.tolist(), 0.95)
    half = 1.671 * values.std(ddof=1) / math.sqrt(60)
    assert found.mean - found.low == pytest.approx(half, rel=0.08)
    assert found == mean_bounds(values.tolist(), 0.95)


def test_unigram_and_bigram_chances_add_up_to_one():
    text = np.random.default_rng(2).integers(0, 5, 300)
    every = np.arange(7)
    assert ngrams.unigram(text, every, 7).sum() == pytest.approx(1)
    for before in range(7):  # 5 and 6 never occur
        assert ngrams.bigram(text, np.full(7, before), every, 7).sum() == pytest.approx(1)
    assert ngrams.uniform(every, 7).sum() == pytest.approx(1)


def test_a_bigram_knows_what_follows():
    text = np.tile(np.arange(4), 50)
    found = ngrams.bigram(text, np.array([0, 1]), np.array([1, 0]), 4)
    assert found[0] > 0.97 > 0.03 > found[1] > 0
