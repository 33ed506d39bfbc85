"""What the quality figures of directions come to on noise, against the published experience of it."""

import numpy as np
import pytest

from harness.statistics.directions import (
    best_cosines_by_chance,
    chance,
    explained,
    explained_by_chance,
    first_share,
    relabelled_shares,
)


@pytest.mark.parametrize(("count", "share"), [(2, 1.0), (3, 0.52), (5, 0.27)])
def test_the_first_component_of_noise(count, share):
    source = np.random.default_rng(1)
    found = [first_share(rows @ rows.T) for rows in source.normal(size=(40, count, 2000))]
    assert np.median(found) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("width", "share", "room"), [(5120, 0.018, 0.003), (128, 0.73, 0.03), (64, 0.999, 0.001)]
)
def test_the_redundancy_of_95_unrelated_directions(width, share, room):
    rows = np.random.default_rng(2).normal(size=(95, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    null = explained_by_chance(rows[1:], 2000)
    assert np.median(null) == pytest.approx(share, abs=room)
    assert explained(rows[0], rows[1:]) == pytest.approx(np.median(null), abs=0.15)


def test_the_drawn_redundancy_is_that_of_directions_drawn_whole():
    source = np.random.default_rng(3)
    others = source.normal(size=(6, 20))
    whole = [explained(direction, others) for direction in source.normal(size=(4000, 20))]
    drawn = explained_by_chance(others, 4000)
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(whole, [0.1, 0.5, 0.9]), abs=0.02)


def test_the_best_cosine_grows_as_the_width_falls():
    source = np.random.default_rng(4)
    narrow = best_cosines_by_chance(source.normal(size=(64, 16)), 500)
    wide = best_cosines_by_chance(source.normal(size=(64, 1024)), 500)
    assert 0.5 < np.median(narrow) < 0.7
    assert np.median(wide) < 0.1


@pytest.mark.parametrize(
    ("count", "width"), [(2, 16), (5, 64), pytest.param(12, 640, marks=pytest.mark.full)]
)
def test_noise_is_seldom_better_than_its_null(count, width):
    source = np.random.default_rng([5, count])
    hits = 0
    for _ in range(200):
        positive, negative = source.normal(size=(count, width)), source.normal(size=(24, width))
        value = first_share(positive @ positive.T)
        hits += chance(value, relabelled_shares(positive, negative, 199), above=True) <= 0.05
    assert hits <= 20  # 10 expected at most


def test_of_two_samples_nothing_is_more_than_chance():
    """Every share is 1 but for its rounding, which must not tell them apart."""
    source = np.random.default_rng(6)
    for _ in range(20):
        positive, negative = source.normal(size=(2, 64)) * 100, source.normal(size=(24, 64))
        value = first_share(positive @ positive.T)
        assert chance(value, relabelled_shares(positive, negative, 199), above=True) == 1.0
