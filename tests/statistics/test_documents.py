import random

import pytest

from harness.statistics.documents import Weighted, difference, exchangeable


def side(count, shift, seed):
    source = random.Random(seed)
    words = [source.randint(20, 2000) for _ in range(count)]
    return Weighted(
        losses=tuple(3 + shift + source.gauss(0, 0.4) for _ in words), weights=tuple(map(float, words))
    )


def test_the_gap_is_the_difference_of_weighted_means():
    one, two = side(40, 0.5, 1), side(60, 0, 2)
    means = [
        sum(w * x for w, x in zip(s.weights, s.losses, strict=True)) / sum(s.weights) for s in (one, two)
    ]
    found = difference(one, two, 0.95)
    assert found.value == pytest.approx(means[0] - means[1])
    assert found.low < found.value < found.high
    assert found.low > 0.2
    assert found.p < 0.01


def test_the_standard_error_is_that_of_plain_means_where_all_weigh_the_same():
    one = Weighted(losses=tuple(float(x) for x in range(10)), weights=(7.0,) * 10)
    two = Weighted(losses=tuple(float(x) / 2 for x in range(12)), weights=(1.0,) * 12)
    variance = (sum((x - 4.5) ** 2 for x in range(10)) / 9) / 10
    variance += (sum((x / 2 - 2.75) ** 2 for x in range(12)) / 11) / 12
    assert difference(one, two, 0.95).scale == pytest.approx(variance**0.5)


def test_a_random_split_is_exchangeable_and_an_easier_one_is_not():
    assert exchangeable(side(60, 0, 3), side(60, 0, 4)) > 0.05
    assert exchangeable(side(60, 0, 3), side(60, -0.5, 4)) == pytest.approx(1 / 2000)


def test_nothing_is_said_of_few_documents_or_of_equal_losses():
    assert difference(side(7, 0, 1), side(50, 0, 2), 0.95) is None
    flat = Weighted(losses=(2.0,) * 9, weights=(1.0,) * 9)
    assert difference(flat, flat, 0.95) is None
