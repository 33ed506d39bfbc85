"""The tables of representation, steering and shift that ``benchmarks/statistics.py --readouts`` prints."""

from __future__ import annotations

import sys

import numpy as np
from _statistics_panel import rate

from harness.statistics import directions, exchanged, labelled, mixed
from harness.statistics.directions import chance

ALPHA, NULL, SEED = 0.01, 199, 20261121
COUNTS, WIDTHS = (2, 3, 5, 8, 12), (16, 64, 576, 5120)
OTHERS = 3
"""Other texts of each scene."""


def readouts(draws: int) -> None:
    """Prints how often noise, shuffled labels and planted concepts reach a figure, by number and null."""
    print(f"numpy {np.__version__}; nominal {ALPHA}; null of {NULL}; seed {SEED}; {draws:,} draws a cell,")
    print("a tenth of that at a width of 5,120; a claim is of one concept: of twelve, all must pass")
    for figure in FIGURES:
        print(f"\n{figure.__doc__}")
        heads = ("noise: number", "noise: and null", "shuffled: and null", "planted: and null")
        print(f"{'n':>4} {'width':>6} " + " ".join(f"{head:>18}" for head in heads))
        for count, width in SIZES.get(figure, [(n, d) for n in COUNTS for d in WIDTHS]):
            _row(count, width, max(20, draws // 10) if width > 1000 else draws, figure)


def _row(count, width, draws, figure) -> None:
    source = np.random.default_rng([SEED, count, width])
    cells = []
    for kind in ("noise", "shuffled", "planted"):
        found = [figure(source, count, width, kind) for _ in range(draws)]
        if kind == "noise":
            cells.append(sum(number for number, _ in found))
        cells.append(sum(number and p <= ALPHA for number, p in found))
    shown = " ".join(f"{rate(hits, draws):>18}" for hits in cells)
    print(f"{count:>4} {width:>6} {shown}  ({draws:,} draws)")
    sys.stdout.flush()


def _seed(source) -> int:
    return int(source.integers(1 << 30))


def _samples(source, count, width, kind, strength):
    """Scenes that differ; planted is a shift of the labelled one, shuffled the same with labels mixed."""
    samples = source.normal(size=(count, 1 + OTHERS, width)) + source.normal(size=(count, 1, width))
    if kind != "noise":
        samples[:, 0, 0] += strength * np.sqrt(np.sqrt(width / 16))
    if kind == "shuffled":
        samples = _mixed(source, samples)
    return samples


def _mixed(source, samples):
    orders = source.permuted(np.tile(np.arange(samples.shape[1]), (len(samples), 1)), axis=1)
    return np.take_along_axis(samples, orders[:, :, None], 1)


def first_pc(source, count, width, kind) -> tuple[bool, float]:
    """first_pc above 0.7; 24 negatives; planted: positives have sd 8 √(width/16) along one direction"""
    positive, negative = source.normal(size=(count, width)), source.normal(size=(24, width))
    if kind != "noise":
        positive[:, 0] *= 8 * np.sqrt(width / 16)
    if kind == "shuffled":
        both = source.permutation(np.concatenate([positive, negative]))
        positive, negative = both[:count], both[count:]
    value = directions.first_share(positive @ positive.T)
    null = directions.relabelled_shares(positive, negative, NULL, _seed(source))
    return value > 0.7, chance(value, null, above=True)


def separable(source, count, width, kind) -> tuple[bool, float]:
    """Separable above 0.5, its lower bound too; n scenes of 1 and 3; planted: a shift of 8 sd (width/16)^¼"""
    samples = _samples(source, count, width, kind, 8.0)
    drawn = labelled.places(count, 1 + OTHERS, NULL, _seed(source))
    each = labelled.areas(samples, drawn)
    means = each.mean(1)
    low, _ = labelled.mean_bounds(list(each[0]), 1 - ALPHA)
    return low > 0.5, chance(float(means[0]), means[1:], above=True)


def stable(source, count, width, kind) -> tuple[bool, float]:
    """Stable above 0.5; n scenes of 1 and 3; planted: a shift of 16 sd (width/16)^¼"""
    samples = _samples(source, count, width, kind, 16.0)
    found = labelled.agreements(samples, labelled.places(count, 1 + OTHERS, NULL, _seed(source)))
    return bool(found[0] > 0.5), chance(float(found[0]), found[1:], above=True)


def heads(source, count, width, kind) -> tuple[bool, float]:
    """Ten heads above 0.5; n scenes of 1 and 3, width is the number of heads; planted: six heads by 12 sd"""
    samples = source.normal(size=(count, 1 + OTHERS, width)) * source.gamma(2.0, size=width)
    if kind != "noise":
        samples[:, 0, :6] += 12.0 * (width / 16) ** 0.5
    if kind == "shuffled":
        samples = _mixed(source, samples)
    drawn = labelled.places(count, 1 + OTHERS, NULL, _seed(source))
    shares = directions.concentration(labelled.weights(drawn, 1 + OTHERS) @ samples.reshape(-1, width))
    return bool(shares[0] > 0.5), chance(float(shares[0]), shares[1:], above=True)


def neuron(source, count, width, kind) -> tuple[bool, float]:
    """One neuron above 0.6; n times width columns; planted: a column and noise of half its length"""
    columns = source.normal(size=(count * width, width))
    direction = source.normal(size=(1, width))
    if kind == "planted":
        direction = columns[:1] + 0.5 * direction
    value = float(directions.best_cosines(direction, columns)[0])
    null = directions.best_cosines_by_chance(columns, NULL, _seed(source))
    return value > 0.6, chance(value, null, above=True)


def redundancy(source, count, width, kind) -> tuple[bool, float]:
    """Redundancy above 0.9; n unit directions; planted: the mean of two others and noise of a tenth"""
    rows = _among(source, count, width, kind, 0.1)
    value = directions.explained(rows[0], rows[1:])
    return value > 0.9, chance(
        value, directions.explained_by_chance(rows[1:], NULL, _seed(source)), above=True
    )


def nearest(source, count, width, kind) -> tuple[bool, float]:
    """Nearest above 0.5; n unit directions; planted: the mean of two others and noise of a tenth"""
    rows = _among(source, count, width, kind, 0.1)
    value = directions.nearest(rows[0], rows[1:])
    return value > 0.5, chance(value, directions.nearest_by_chance(rows[1:], NULL, _seed(source)), above=True)


def alike(source, count, width, kind) -> tuple[bool, float]:
    """Nearest above 0.1 of 3 concepts that share their negatives, n scenes; planted: two are shifted alike"""
    no = source.normal(size=(count, OTHERS, width))
    samples = [np.concatenate([source.normal(size=(count, 1, width)), no], 1) for _ in range(3)]
    for one in samples[:2] if kind != "noise" else ():
        one[:, 0, 0] += 8.0 * (width / 16) ** 0.25
    if kind == "shuffled":
        texts = np.concatenate([one[:, :1] for one in samples] + [no], 1)
        texts = _mixed(source, texts)
        samples = [np.concatenate([texts[:, at : at + 1], texts[:, 3:]], 1) for at in range(3)]
    made = np.array([one[:, 0].mean(0) - one[:, 1:].mean((0, 1)) for one in samples])
    value = directions.nearest(made[0], made[1:])
    null = mixed.figures(samples, NULL, nearest=True, seed=_seed(source))
    return value > 0.1, chance(value, null[:, 0], above=True)


def _among(source, count, width, kind, noise):
    rows = source.normal(size=(count, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    if kind == "planted":
        rows[0] = (rows[1] + rows[-1]) / 2 + noise * rows[0]
        rows[0] /= np.linalg.norm(rows[0])
    return rows


def steering(source, count, _width, kind) -> tuple[bool, float]:
    """Effect above 0 and rising over n doses; 199 random directions; planted: 4 sd at the largest dose"""
    doses = np.arange(1, count + 1) / count
    slope = source.normal() + (4.0 if kind == "planted" else 0.0)
    course = np.concatenate([[0.0], slope * doses + 0.05 * source.normal(size=count)])
    rises = bool((np.diff(course) > 0).all())
    null = source.normal(size=NULL) + 0.05 * source.normal(size=NULL)
    return rises, chance(float(course[-1]), null, above=True)


def shift(source, count, width, kind) -> tuple[bool, float]:
    """first_pc rises after an edit; n scenes; planted: sd 8 √(width/16) along one direction afterwards"""
    before, after = (source.normal(size=(count, width)) for _ in range(2))
    if kind != "noise":
        after[:, 0] *= 8 * np.sqrt(width / 16)
    if kind == "shuffled":
        swapped = source.integers(0, 2, size=count) == 1
        before[swapped], after[swapped] = after[swapped].copy(), before[swapped].copy()
    changes = exchanged.share_changes(before, after, exchanged.exchanges(count)[:1024])
    return bool(changes[0] > 0), chance(float(changes[0]), changes[1:], above=True)


FIGURES = (first_pc, separable, stable, heads, neuron, redundancy, nearest, alike, steering, shift)
SIZES = {
    heads: [(n, d) for n in (2, 5, 8, 12) for d in (12, 16, 135, 576)],
    neuron: [(4, 16), (4, 64), (2, 576)],
    redundancy: [(2, 16), (12, 16), (12, 576), (95, 64), (95, 128), (95, 5120)],
    alike: [(5, 64), (8, 64), (8, 576)],
    nearest: [(2, 16), (12, 16), (12, 64), (12, 576), (95, 64)],
    steering: [(2, 1), (4, 1)],
    shift: [(5, 64), (8, 16), (8, 64), (8, 576)],
}
