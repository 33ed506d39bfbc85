import pytest

from harness.statistics.ranks import area


def test_the_area_is_the_share_of_pairs_in_order_ties_half():
    members, others = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3], [2, 7, 1, 8, 2, 8, 1, 8, 2, 8]
    pairs = [(a > b) + (a == b) / 2 for a in members for b in others]
    assert area(members, others, 0.95).value == pytest.approx(sum(pairs) / 100)


def test_the_interval_holds_the_value_and_narrows():
    few = area(range(10, 40), range(5, 35), 0.95)
    many = area([*range(10, 40)] * 9, [*range(5, 35)] * 9, 0.95)
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low
    assert few.smallest > many.smallest > 0.5


def test_scores_told_apart_without_a_miss_still_have_an_interval():
    found = area(range(100, 120), range(20), 0.95)
    assert (found.value, found.p < 1e-6) == (1.0, True)
    assert 0.7 < found.low < 1
    same = area([1.0] * 20, [1.0] * 20, 0.95)
    assert (same.value, same.p) == (0.5, 1.0)


def test_too_few_scores_and_scores_that_are_none():
    assert area(range(9), range(50), 0.95) is None
    assert area([float("nan")] * 20, range(20), 0.95) is None
