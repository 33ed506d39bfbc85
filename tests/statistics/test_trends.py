"""Trends of curves whose points hang together."""

import itertools
import math

import numpy as np
import pytest

from harness.statistics.trends import MOST, _at_least, _ups, correlation, trend


def curve(seed, count, memory, slope=0.0):
    source = np.random.default_rng(seed)
    values = source.normal(0, math.sqrt(1 - memory**2), count)
    for at in range(1, count):
        values[at] += memory * values[at - 1]
    return (values + slope * np.arange(count)).tolist()


def test_the_exact_chance_is_that_of_all_orders():
    for count in (2, 4, 6):
        orders = list(itertools.permutations(range(count)))
        for ups in range(count * (count - 1) // 2 + 1):
            share = sum(_ups(order) >= ups for order in orders) / len(orders)
            assert _at_least(ups, count) == pytest.approx(share)


def test_equal_values_speak_for_neither_way():
    assert _ups([1.0] * 8) == 0
    found = trend([1.0] * 40, 0.99)
    assert (found.falls, found.rises, found.change) == (1.0, 1.0, 0.0)


def test_the_memory_is_found_about_a_line():
    assert abs(correlation(curve(1, 2000, 0.6, 0.01)) - 0.6) < 0.06
    assert abs(correlation(curve(2, 2000, 0.0, -0.01))) < 0.06


def test_the_change_is_from_the_first_point_to_the_last():
    found = trend([3 - 0.01 * at + 1e-6 * (-1) ** at for at in range(301)], 0.99)
    assert found.change == pytest.approx(-3, abs=1e-3)
    assert found.low <= found.change <= found.high
    assert found.blocks <= MOST


def test_blocks_grow_with_the_memory_until_there_is_no_test():
    sizes = [trend(curve(3, 1000, memory), 0.99).size for memory in (0.0, 0.6, 0.9)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 40
    assert trend(curve(3, 100, 0.95), 0.99) is None
    assert trend([1.0, 2.0, 3.0], 0.99) is None


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.6])
def test_noise_is_seldom_a_fall_and_seldom_a_plateau_of_what_changes(memory):
    """Nominal 1 %; the measured rates of 10,000 draws stand in specs/statistics/trends.txt."""
    alarms = plateaus = 0
    for seed in range(300):
        noise = np.array(curve(seed, 120, memory))
        found = trend(noise.tolist(), 0.99)
        alarms += found is not None and found.falls <= 0.01 and found.high < 0
        moved = trend((noise + np.linspace(1, -1, 120)).tolist(), 0.99)
        plateaus += moved is not None and moved.low > -2
    assert alarms <= 10
    assert plateaus <= 10
