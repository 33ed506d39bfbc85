"""A model with a tokenizer of its own against baselines over the same symbols."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.artifacts.texts import Layout
from harness.kinds._copies import same_texts
from harness.kinds._descent import CLOSE, SINGLE, UNLESS_SAID, Ask, Scored, cost, metric_witness
from harness.kinds._tokens import Cut, Files, Window, cut, fitted, foretold, in_bytes
from harness.model.predictor import Tokenised
from harness.model.problem import InputError
from harness.model.verdict import Witness
from harness.statistics import ngrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

PLACES = 32
"""So many symbols of a window are changed, one at a time."""


def windows(model: Tokenised, files: Files, layout: Layout, ask: Ask) -> Cut:
    """Cuts one window out of each of evenly spread documents; raises ``InputError`` for too few."""
    wanted = ask.windows or UNLESS_SAID
    found = cut(model, files, layout, length=ask.length, most=wanted, each=1)
    if not found.windows or (ask.windows is not None and len(found.windows) < ask.windows):
        told = f"{len(found.windows)} windows of {found.total} documents ({found.short} too short)"
        raise InputError(f"{files[0][0]} has {told}, {max(1, wanted)} are needed", "TOO_FEW")
    return found


def certify(model: Tokenised, found: Cut, ask: Ask, what: Sequence[str]) -> Witness | None:
    """Returns why nothing that this evaluator measures could be believed, or None."""
    import numpy as np

    if "metric" in what:
        even = np.array([[model.uniform()]])
        wrong = metric_witness(f"uniform logits over {model.vocab} symbols", even, math.log(model.vocab), ask)
        wrong = wrong or metric_witness("a symbol foretold with certainty", np.zeros((1, 1)), 0.0, ask)
        if wrong is not None:
            return wrong
    return _reads_ahead(model, found, ask) if "causality" in what else None


def _reads_ahead(model: Tokenised, found: Cut, ask: Ask) -> Witness | None:
    """Changes symbols of the longest window, one at a time; no logit before one may move."""
    import numpy as np

    window = max(found.windows, key=lambda one: len(one.ids))
    time = len(window.ids)
    places = sorted({int(at) for at in np.linspace(1, time - 1, min(PLACES, time - 1))})
    steps = np.random.default_rng(ask.seed).integers(1, model.vocab, len(places))
    others = [
        int((window.ids[place] + step) % model.vocab) for place, step in zip(places, steps, strict=True)
    ]
    moves, largest = model.moved(window.ids, places, others)
    moves = moves * (np.arange(time)[None, :] < np.array(places)[:, None])
    row, position = np.unravel_index(int(moves.argmax()), moves.shape)
    if moves[row, position] <= max(CLOSE, SINGLE * max(1.0, largest)):
        return None
    return Witness(
        where=f"{found.names[window.document]}, symbol {places[row]} changed",
        found=f"a logit at position {position} moves by {moves[row, position]:.4g}: the model reads ahead",
        expected=f"none before position {places[row]} moves, or its loss is of no prediction",
    )


def score(model: Tokenised, found: Cut, train: Files, layout: Layout, ask: Ask) -> Scored:
    """Returns the costs of the model and of every baseline by window or document; raises ``InputError``."""
    import numpy as np

    flat = foretold(model, found.windows)
    own = cost(flat.logs, ask)
    costs = {"model": flat.by_window(own)}
    shuffles, note = np.zeros((0,)), ""
    counts = None
    if {"unigram", "bigram"} & set(ask.beats):
        counts, note = fitted(model, train, layout, frozenset())
    for name in ask.beats:
        if name == "shuffled":
            rows = [_shuffled(model, found.windows, ask, turn) for turn in range(ask.permutations)]
            costs[name] = np.mean(rows, axis=0)
            shuffles = np.array([row.mean() for row in rows])
        elif name == "uniform" or counts is None:
            costs[name] = flat.by_window(cost(np.log(ngrams.uniform(flat.targets, model.vocab)), ask))
        else:
            chances = counts.unigram(flat.targets)
            if name == "bigram":
                chances = counts.bigram(flat.inputs, flat.targets)
            costs[name] = flat.by_window(cost(np.log(chances), ask))
    overall = float(costs["model"].mean())
    guess = flat.by_window(cost(np.log(ngrams.uniform(flat.targets, model.vocab)), ask))
    if ask.documents:
        owner = np.array([window.document for window in found.windows])
        costs = {k: np.bincount(owner, v) / np.bincount(owner) for k, v in costs.items()}
        guess = np.bincount(owner, guess) / np.bincount(owner)
    told = [note, f"{found.short} documents too short"] if found.short else [note]
    return Scored(
        costs=costs,
        overall=overall,
        shuffles=shuffles,
        guess=guess,
        copies=same_texts(found.texts()),
        note="; ".join([*(part for part in told if part), in_bytes(flat)]),
    )


def _shuffled(model: Tokenised, every: Sequence[Window], ask: Ask, turn: int) -> Array:
    """Returns costs by window, with each window's inputs in random order and its targets as they are."""
    import numpy as np

    generator = np.random.default_rng([ask.seed, turn])
    mixed = []
    for window in every:
        ids = list(window.ids)
        inner = generator.permutation(ids[window.skip - 1 : -1]).tolist()
        mixed.append([*ids[: window.skip - 1], *inner, ids[-1]])
    flat = foretold(model, every, mixed)
    return flat.by_window(cost(flat.logs, ask))
