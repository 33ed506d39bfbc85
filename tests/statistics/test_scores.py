from fractions import Fraction

import pytest

from harness.statistics.scores import mean_interval, paired_bounds

ONE, ZERO = Fraction(1), Fraction(0)


def test_wilson_of_a_textbook_case():
    found = mean_interval([ONE] * 81 + [ZERO] * 182, 0.95)  # Newcombe 1998, table I: 81 of 263
    assert (round(found.low, 4), round(found.high, 4), found.method) == (0.2553, 0.3662, "Wilson")


def test_no_interval_where_none_is_sound():
    assert mean_interval([], 0.95) is None
    assert mean_interval([Fraction(1, 2)] * 50, 0.95) is None
    assert mean_interval([Fraction(1, 2), Fraction(1, 3)] * 14, 0.95) is None
    assert paired_bounds([], 0.95) is None


def test_a_normal_interval_of_other_values():
    found = mean_interval([Fraction(1, 2), Fraction(3, 2)] * 50, 0.95)
    assert (found.low, found.high) == pytest.approx((0.9015, 1.0985), abs=1e-4)


def test_paired_bounds_lie_around_the_difference_and_ties_alone_are_no_point():
    found = paired_bounds([ONE] * 15 + [ZERO] * 25, 0.95)
    assert found.low < 15 / 40 < found.high
    ties = paired_bounds([ZERO] * 40, 0.95)
    assert -0.05 < ties.low < 0 < ties.high < 0.05
