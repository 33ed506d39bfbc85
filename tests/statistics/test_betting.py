import itertools
import random

import pytest

from harness.statistics.betting import first_crossing, running_bounds, wealth


def coins(chance, count, seed):
    source = random.Random(seed)
    return [float(source.random() < chance) for _ in range(count)]


def test_wealth_is_a_fair_game_under_the_null():
    """The mean over all sequences of fair coins is 1 after every toss, exactly."""
    courses = [wealth([float(bit) for bit in f"{n:010b}"], 0.5, -0.25, 1.25) for n in range(1024)]
    for toss in range(10):
        assert sum(course[toss] for course in courses) / 1024 == pytest.approx(1, abs=1e-12)


def test_peeking_a_thousand_times_keeps_the_level():
    crossed = [first_crossing(wealth(coins(0.5, 1000, seed), 0.5, 0, 1), 0.05) for seed in range(300)]
    assert sum(found is not None for found in crossed) / 300 <= 0.05


def test_an_effect_is_found_and_a_loss_is_not():
    assert first_crossing(wealth(coins(0.7, 300, 1), 0.5, 0, 1), 0.01) < 300
    assert first_crossing(wealth(coins(0.3, 300, 1), 0.5, 0, 1), 0.01) is None


def test_a_value_outside_the_stated_bounds_is_refused_not_clipped():
    with pytest.raises(ValueError, match="outside the stated bounds"):
        wealth([0.1, 1.5], 0.5, 0, 1)
    with pytest.raises(ValueError, match="outside the stated bounds"):
        running_bounds([0.1, float("nan")], 0, 1, 0.95)
    with pytest.raises(ValueError, match="bet against"):
        wealth([0.1], 1, 0, 1)


def test_bounds_never_widen_and_close_in_on_the_mean():
    bounds = running_bounds(coins(0.6, 800, 3), 0, 1, 0.95)
    assert all(a[0] <= b[0] and b[1] <= a[1] for a, b in itertools.pairwise(bounds))
    assert bounds[0] == (0.0, 1.0)
    low, high = bounds[-1]
    assert low < 0.6 < high
    assert high - low < 0.2
