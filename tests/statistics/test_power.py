import math

import pytest

from harness.statistics.power import arm_sizes, equivalence_power, power, smallest_effect


@pytest.mark.parametrize(("runs", "arms", "pairs"), [(3, 3.98, 5.17), (5, 2.43, 2.18), (20, 1.04, 0.76)])
def test_the_smallest_detectable_effect_in_spreads(runs, arms, pairs):
    """Effects at alpha .01 and power .8 as the noncentral t of scipy 1.17 gives them, in sd of a run."""
    assert smallest_effect(2 * (runs - 1), 0.01, 0.8) * math.sqrt(2 / runs) == pytest.approx(arms, abs=0.01)
    assert smallest_effect(runs - 1, 0.01, 0.8) / math.sqrt(runs) == pytest.approx(pairs, abs=0.01)


def test_power_starts_at_alpha_and_grows():
    assert power(0, 4, 0.01) == pytest.approx(0.01, abs=1e-4)
    assert power(1, 4, 0.01) < power(3, 4, 0.01) < power(9, 4, 0.01) < 1
    assert equivalence_power(1, 4, 0.01) < equivalence_power(6, 4, 0.01)


def test_how_many_runs_a_small_effect_takes():
    """0.005 nats at a seed spread of 0.0115 of the difference of pairs, as measured on a small model."""
    assert arm_sizes(0.005, 0.0115, 0.01, 0.8, pairs=True) == 56
    assert arm_sizes(0.005, 0.0100, 0.01, 0.8, pairs=False) in range(80, 86)
    with pytest.raises(ValueError, match="nothing"):
        arm_sizes(0, 1, 0.01, 0.8, pairs=True)
