"""Labels that mean nothing tell nothing apart, whatever n and width; planted ones do; two ways agree."""

import numpy as np
import pytest
import torch

from harness.statistics.directions import chance, concentration, nearest, nearest_by_chance
from harness.statistics.exchanged import exchanges, nearest_changes, share_changes
from harness.statistics.fits import METHODS, fitted
from harness.statistics.labelled import (
    agreements,
    agreements_of_fit,
    areas,
    areas_of_fit,
    mean_bounds,
    places,
    resampled,
    weights,
)
from harness.systems.readouts.methods import direction


def noise(seed, scenes, choices, width):
    return np.random.default_rng([7, seed]).normal(size=(scenes, choices, width))


def mean(yes, no):
    return fitted("mean", yes, no)


def test_areas_by_inner_products_are_those_of_directions_made_one_by_one():
    samples, drawn = noise(1, 6, 4, 20), places(6, 4, 30)
    assert np.allclose(areas(samples, drawn), areas_of_fit(samples, drawn, mean))


def test_agreements_by_inner_products_are_those_of_directions_made_one_by_one():
    samples, drawn = noise(2, 6, 4, 20), places(6, 4, 30)
    whole = agreements_of_fit(samples, drawn, mean, halves=10)
    assert np.allclose(agreements(samples, drawn), whole)


def test_weights_are_the_difference_of_means():
    samples = noise(3, 5, 3, 7)
    (found,) = weights(np.array([[0, 2, 1, 0, 1]]), 3)
    chosen = samples[np.arange(5), [0, 2, 1, 0, 1]]
    rest = (samples.sum(1) - chosen) / 2
    assert np.allclose(found @ samples.reshape(-1, 7), chosen.mean(0) - rest.mean(0))


@pytest.mark.parametrize(("scenes", "width"), [(3, 16), (8, 64), (8, 640)])
def test_a_direction_of_noise_tells_no_scene_apart_that_it_was_not_made_of(scenes, width):
    values, low = [], 0
    for seed in range(150):
        samples = noise(seed, scenes, 4, width)
        found = areas(samples, places(scenes, 4, 199, seed)).mean(1)
        values.append(found[0])
        low += chance(found[0], found[1:], above=True) <= 0.05
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)
    assert low <= 15  # 7.5 expected at most


def test_in_sample_the_same_noise_is_told_apart_perfectly():
    """Why it is asked of scenes that were kept out: a direction tells the noise it was made of."""
    samples = noise(4, 8, 4, 640)
    made = fitted("mean", samples[:, 0], samples[:, 1:].reshape(-1, 640))
    scores = samples @ made
    assert (scores[:, 0] > scores[:, 1:].max(1)).all()


def test_a_planted_concept_is_told_apart_and_stable():
    samples = noise(5, 8, 4, 64)
    samples[:, 0, 3] += 12
    drawn = places(8, 4, 999)
    area, agreed = areas(samples, drawn).mean(1), agreements(samples, drawn)
    assert area[0] == 1
    assert chance(area[0], area[1:], above=True) <= 0.01
    assert agreed[0] > 0.8
    assert chance(agreed[0], agreed[1:], above=True) <= 0.01
    assert (resampled(samples, 200) > 0.8).all()


def test_bounds_of_a_mean_are_clopper_and_pearsons_where_all_are_one():
    assert mean_bounds([1.0] * 8, 0.95)[0] == pytest.approx(0.05 ** (1 / 8))
    assert mean_bounds([1.0] * 8, 0.95)[1] == pytest.approx(1)
    low, high = mean_bounds([0.5] * 8, 0.95)
    assert low == pytest.approx(1 - high)
    assert mean_bounds([0.0] * 8, 0.95)[0] == pytest.approx(0, abs=1e-9)


def test_bounds_of_a_mean_seldom_miss_it():
    source = np.random.default_rng(6)
    missed = sum(mean_bounds(list(source.beta(0.5, 0.5, size=8)), 0.95)[0] > 0.5 for _ in range(400))
    assert missed <= 30  # 20 expected at most


@pytest.mark.parametrize("method", METHODS)
def test_the_judge_makes_of_samples_what_the_system_makes_of_them(method):
    """Two programs, one with torch in the primal and one with numpy in the dual."""
    source = np.random.default_rng(8)
    yes, no = source.normal(size=(8, 40)), source.normal(size=(24, 40))
    yes[:, 0] += 3
    theirs = direction(method, torch.tensor(yes), torch.tensor(no)).numpy()
    ours = fitted(method, yes, no)
    assert ours @ theirs / np.linalg.norm(ours) == pytest.approx(1, abs=1e-9)


def test_a_method_that_is_none_is_refused():
    with pytest.raises(ValueError, match="none of"):
        fitted("best", np.ones((2, 2)), np.zeros((2, 2)))


def test_the_drawn_nearest_cosine_is_that_of_directions_drawn_whole():
    source = np.random.default_rng(9)
    others = source.normal(size=(6, 20))
    whole = [nearest(direction, others) for direction in source.normal(size=(4000, 20))]
    drawn = nearest_by_chance(others, 4000)
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(whole, [0.1, 0.5, 0.9]), abs=0.02)


@pytest.mark.parametrize(("heads", "share"), [(10, 1.0), (16, 0.85), (135, 0.25)])
def test_ten_heads_of_noise(heads, share):
    parts = np.random.default_rng(11).normal(size=(200, heads))
    assert np.median(concentration(parts)) == pytest.approx(share, abs=0.07)


def test_every_exchange_of_a_few_scenes_is_made_and_the_first_is_none():
    masks = exchanges(4)
    assert masks.shape == (16, 4)
    assert not masks[0].any()
    assert len({tuple(row) for row in masks.tolist()}) == 16
    assert len(exchanges(20)) == 4096
    assert not exchanges(20)[0].any()


def test_a_change_is_its_own_opposite_when_all_scenes_are_exchanged():
    source = np.random.default_rng(12)
    before, after = source.normal(size=(2, 5, 9))
    changes = share_changes(before, after, exchanges(5))
    assert changes[0] == pytest.approx(-changes[-1])
    one, other = source.normal(size=(2, 3, 5, 9))
    moved = nearest_changes(one, other, 1, exchanges(5))
    assert moved[0] == pytest.approx(-moved[-1])
    early, late = (nearest(side[1].sum(0), np.delete(side.sum(1), 1, axis=0)) for side in (one, other))
    assert moved[0] == pytest.approx(late - early)


def test_nothing_changed_is_no_change():
    before = np.random.default_rng(13).normal(size=(6, 9))
    assert np.abs(share_changes(before, before, exchanges(6))).max() == pytest.approx(0, abs=1e-12)
