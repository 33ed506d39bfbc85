"""Baselines over many symbols: only pairs that occur are held, with the chances of the full table."""

import numpy as np
import pytest

from harness.statistics.ngrams import ADDED, bigram, fit, unigram


def dense(text, inputs, targets, vocab):
    base = np.bincount(text, minlength=vocab) + ADDED
    pairs = np.zeros((vocab, vocab))
    np.add.at(pairs, (text[:-1], text[1:]), 1)
    kinds = np.maximum((pairs > 0).sum(axis=1, keepdims=True), 1)
    rows = (pairs + kinds * (base / base.sum())) / (pairs.sum(axis=1, keepdims=True) + kinds)
    return rows[inputs, targets]


def test_chances_are_those_of_the_full_table():
    source = np.random.default_rng(0)
    text = source.integers(0, 20, 500)
    inputs, targets = source.integers(0, 30, (2, 7, 11))
    assert bigram(text, inputs, targets, 30) == pytest.approx(dense(text, inputs, targets, 30), rel=1e-12)
    every = np.arange(30)
    assert unigram(text, every, 30).sum() == pytest.approx(1)
    for first in (0, 25):
        assert bigram(text, np.full(30, first), every, 30).sum() == pytest.approx(1)


def test_documents_have_no_pair_between_them_and_leads_are_not_counted():
    found = fit([np.array([0, 5, 6]), np.array([0, 7])], 50_000, [1, 1])
    assert found.codes.tolist() == [5, 7, 5 * 50_000 + 6]
    assert found.singles[[0, 5, 6, 7]].tolist() == [0, 1, 1, 1]
    assert found.bigram(np.array([6]), np.array([0]))[0] < 1e-4


def test_a_text_of_one_symbol_has_no_pairs():
    found = fit([np.array([3])], 8)
    assert found.bigram(np.array([3, 1]), np.array([3, 2])).min() > 0
