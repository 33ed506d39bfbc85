import pytest

from harness.statistics.student import paired, quantile, spread, welch


@pytest.mark.parametrize(
    ("df", "expected"), [(1, 12.706205), (2, 4.302653), (3.95, 2.790361), (10, 2.228139), (1000, 1.962339)]
)
def test_the_quantile_of_student(df, expected):
    """Tables of t at 97.5 %; the one with broken degrees of freedom is of scipy 1.17."""
    assert quantile(0.975, df) == pytest.approx(expected, rel=2e-6)


def test_welch_by_hand():
    """Spreads 1 and 4 of four values each: variance 1/4 + 4/4 of the difference, df by Satterthwaite."""
    before, after = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
    found = welch(before, after, 0.95)
    assert found.value == 2
    assert found.df == pytest.approx((1 / 3 + 4 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2))
    half = quantile(0.975, found.df) * (5 / 3) ** 0.5
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half))
    assert found.method == "Welch"


def test_no_interval_where_nothing_varies_or_a_side_is_one():
    assert welch([1.0], [2.0, 3.0], 0.95) is None
    assert welch([1.0, 1.0], [2.0, 2.0], 0.95) is None
    assert welch([1.0, 1.0], [2.0, 3.0], 0.95).df == pytest.approx(1)
    assert paired([0.5], 0.95) is None
    assert paired([0.5, 0.5], 0.95) is None
    assert spread([3.0]) is None


def test_pairs():
    found = paired([0.1, 0.2, 0.3], 0.95)
    assert found.df == 2
    assert found.high - found.low == pytest.approx(2 * 4.302653 * 0.1 / 3**0.5, rel=1e-5)
