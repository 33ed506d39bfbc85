"""The table of kind representation that ``benchmarks/statistics.py --readouts`` prints."""

from __future__ import annotations

import sys

import numpy as np
from _statistics_panel import rate

from harness.statistics.directions import (
    chance,
    explained,
    explained_by_chance,
    first_share,
    relabelled_shares,
)

ALPHA, NULL = 0.01, 199


def readouts(draws: int) -> None:
    """Prints how often noise and a planted concept reach a figure, by the number and by the null too."""
    print(f"numpy {np.__version__}; nominal {ALPHA}; null of {NULL}; seed 20261121; {draws:,} draws a cell")
    print(
        "first_pc above 0.7; 24 negatives; "
        "planted: positives have sd 8 √(width/16) along one direction, else 1"
    )
    print(f"{'n':>4} {'width':>6} {'noise: number':>16} {'noise: and null':>16} {'planted: and null':>18}")
    for count in (2, 3, 5, 8, 12):
        for width in (16, 576):
            _row(count, width, draws, _spectrum)
    print("redundancy above 0.9; n unit directions; planted: the mean of two others and noise of a tenth")
    print(f"{'n':>4} {'width':>6} {'noise: number':>16} {'noise: and null':>16} {'planted: and null':>18}")
    for count, width in ((12, 16), (12, 576), (95, 64), (95, 128), (95, 5120)):
        _row(count, width, min(draws, 100) if width > 1000 else draws, _redundancy)


def _row(count, width, draws, figure) -> None:
    source = np.random.default_rng([20261121, count, width])
    noise = [figure(source, count, width, 0.0) for _ in range(draws)]
    planted = [figure(source, count, width, 1.0) for _ in range(draws)]
    cells = (
        sum(number for number, _ in noise),
        sum(number and p <= ALPHA for number, p in noise),
        sum(number and p <= ALPHA for number, p in planted),
    )
    shown = " ".join(f"{rate(hits, draws):>{size}}" for hits, size in zip(cells, (16, 16, 18), strict=True))
    print(f"{count:>4} {width:>6} {shown}  ({draws:,} draws)")
    sys.stdout.flush()


def _spectrum(source, count, width, planted) -> tuple[bool, float]:
    positive, negative = source.normal(size=(count, width)), source.normal(size=(24, width))
    positive[:, 0] *= 1 + planted * (8 * np.sqrt(width / 16) - 1)
    value = first_share(positive @ positive.T)
    null = relabelled_shares(positive, negative, NULL, int(source.integers(1 << 30)))
    return value > 0.7, chance(value, null, above=True)


def _redundancy(source, count, width, planted) -> tuple[bool, float]:
    rows = source.normal(size=(count, width))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    if planted:
        rows[0] = (rows[1] + rows[2]) / 2 + 0.1 * rows[0]
        rows[0] /= np.linalg.norm(rows[0])
    value = explained(rows[0], rows[1:])
    null = explained_by_chance(rows[1:], NULL, int(source.integers(1 << 30)))
    return value > 0.9, chance(value, null, above=True)
