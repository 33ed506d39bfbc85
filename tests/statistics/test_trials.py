import math
from itertools import combinations, product

import pytest

from harness.statistics.student import tail
from harness.statistics.trials import (
    TRIALS,
    Sample,
    bootstrap,
    equivalence,
    permutation,
    reversed_sample,
    student,
    two_sided,
)

PAIRS = Sample(first=(0.9, 1.4, 0.7, 1.1, 1.6, 0.8, 1.2, 1.0))
ARMS = Sample(first=(3.0, 4.1, 5.3), second=(1.2, 2.0, 0.1))


@pytest.mark.parametrize(("t", "df", "above"), [(2.0, 10, 0.0366940), (-2.0, 10, 0.9633060), (0, 3, 0.5)])
def test_the_tail_of_student(t, df, above):
    """From tables of the t distribution (scipy 1.17 agrees)."""
    assert tail(t, df) == pytest.approx(above, abs=1e-6)


def test_nothing_is_beyond_infinity():
    assert (tail(math.inf, 3), tail(-math.inf, 3)) == (0.0, 1.0)


def test_the_published_three_against_three_passes_only_against_nothing():
    """0.0387 ± (0.0088, 0.0098) of three seeds each: t = 5.09 at 3.95 degrees, two-sided p = .0073."""
    third = math.sqrt(1.5)

    def around(mean, sd):
        return tuple(mean + sd * third * step / math.sqrt(1.5) for step in (-1, 0, 1))

    sample = Sample(first=around(0.0387, 0.0088), second=around(0.0, 0.0098))
    found = two_sided(student, sample, 0.0)
    assert found.df == pytest.approx(3.95, abs=0.01)
    assert found.p == pytest.approx(0.0073, abs=1e-4)
    assert student(sample, 0.03).p > 0.1


def test_a_permutation_of_pairs_counts_every_flip():
    signs = list(product((1, -1), repeat=8))
    total = sum(PAIRS.first) - 8 * 0.9
    more = sum(
        sum(s * (x - 0.9) for s, x in zip(row, PAIRS.first, strict=True)) >= total - 1e-9 for row in signs
    )
    assert permutation(PAIRS, 0.9).p == more / 256
    assert permutation(PAIRS, 0.0).p == permutation(PAIRS, 0.0).least == 1 / 256


def test_three_against_three_cannot_reach_one_percent():
    found = permutation(ARMS, 0.0)
    assert found.p == found.least == 1 / len(list(combinations(range(6), 3)))


def test_many_pairs_are_rearranged_by_drawing_and_say_so():
    many = Sample(first=tuple(0.01 * (i % 7) - 0.01 for i in range(40)))
    found = permutation(many, 0.0)
    assert "9,999 drawn" in found.method
    assert found.p >= found.least == 1e-4
    assert permutation(many, 0.0).p == found.p, "the same draws every time"


def test_a_bootstrap_of_few_values_is_refused():
    assert bootstrap(ARMS, 0.0) is None
    assert bootstrap(PAIRS, 0.0).p < 0.01


@pytest.mark.parametrize("trial", TRIALS.values(), ids=list(TRIALS))
def test_every_trial_falls_with_the_effect_and_mirrors(trial):
    low, mid, high = (trial(PAIRS, margin).p for margin in (0.5, 1.0, 1.5))
    assert low < mid < high
    assert trial(reversed_sample(PAIRS), -1.5).p == pytest.approx(low, abs=0.06)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=list(TRIALS))
def test_nothing_is_said_of_values_that_do_not_vary(trial):
    assert trial(Sample(first=(1.0,) * 9), 0.0) is None
    assert trial(Sample(first=(1.0,) * 9, second=(1.0,) * 9), 0.0) is None
    assert trial(Sample(first=(1.0,)), 0.0) is None
    assert two_sided(trial, Sample(first=(1.0,)), 0.0) is None
    assert equivalence(trial, Sample(first=(1.0,)), 0.5) is None


def test_equivalence_needs_both_sides():
    near = Sample(first=(0.01, -0.02, 0.03, -0.01, 0.0))
    assert equivalence(student, near, 0.1).p < 0.01
    assert equivalence(student, near, 0.01).p > 0.05
    assert equivalence(student, PAIRS, 0.5).p > 0.99


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        Sample(first=(1.0, math.nan))
