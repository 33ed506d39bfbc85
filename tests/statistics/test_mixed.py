"""Vectors of noise that share their negatives are alike by as much as this null says, and no more."""

import numpy as np
import pytest

from harness.statistics.directions import chance, explained, nearest, nearest_by_chance
from harness.statistics.mixed import _explained, figures, texts


def shared(seed, concepts=3, scenes=8, width=400):
    """Noise: one text a concept and scene, and three that all concepts are held against."""
    source = np.random.default_rng([14, seed])
    no = source.normal(size=(scenes, 3, width))
    return [np.concatenate([source.normal(size=(scenes, 1, width)), no], 1) for _ in range(concepts)]


def vectors(samples):
    return np.array([one[:, 0].mean(0) - one[:, 1:].mean((0, 1)) for one in samples])


def test_a_text_that_two_concepts_share_is_one_text():
    samples = shared(1)
    rows, weights, owners = texts(samples)
    assert rows.shape == (8 * (3 + 3), 400)
    assert list(owners) == sorted(owners)
    assert np.allclose(weights @ rows, vectors(samples))
    assert np.allclose(weights.sum(1), 0)


def test_the_share_from_inner_products_is_that_of_the_vectors():
    made = np.random.default_rng(2).normal(size=(5, 9))
    unit = made / np.linalg.norm(made, axis=1, keepdims=True)
    for at, found in enumerate(_explained(unit @ unit.T)):
        assert found == pytest.approx(explained(unit[at], np.delete(unit, at, axis=0)))


def test_noise_is_no_chance_beside_random_directions_and_chance_beside_labels():
    random, mixed = 0, 0
    for seed in range(60):
        samples = shared(seed)
        made = vectors(samples)
        value = nearest(made[0], made[1:])
        random += chance(value, nearest_by_chance(made[1:], 199, seed), above=True) <= 0.05
        mixed += chance(value, figures(samples, 99, nearest=True, seed=seed)[:, 0], above=True) <= 0.05
    assert random > 50
    assert mixed <= 8  # 3 expected


def test_a_concept_that_is_another_one_is_seen():
    samples = shared(3)
    samples[0][:, 0, :40] += 2
    samples[1][:, 0, :40] += 2
    made = vectors(samples)
    value = nearest(made[0], made[1:])
    assert chance(value, figures(samples, 199, nearest=True)[:, 0], above=True) <= 0.01
