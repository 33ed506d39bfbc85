"""The courses of two sides as curves: a mean with its band each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.comparing.compare import Comparison
from harness.comparing.moves import Said
from harness.comparing.party import courses
from harness.comparing.series import FEWEST, bending, shared
from harness.engine.curves import Band, Curve, Series
from harness.statistics.student import spread

MOST = 8
"""How many metrics are drawn."""
_WINDOWS = 25
"""Into how many parts a single run is cut for its running mean."""
_SMOOTH = 1e-3
"""A column that scatters by less of its range was computed (a schedule), and is drawn as it is."""

Points = list[tuple[float, float, float]]


def curves_of(found: Comparison) -> tuple[Curve, ...]:
    """Returns the curves of the metrics that differ, the first few in the order of the log."""
    chosen = [move for move in found.moves if move.said is not Said.EQUAL]
    return tuple(_curve(found, move.metric) for move in chosen[:MOST])


def _curve(found: Comparison, metric: str) -> Curve:
    drawn, bands = [], []
    for index, side in enumerate((found.before, found.after)):
        runs = [courses(one)[metric] for one in side.members if one.frame is not None]
        points = _of_seeds(runs) if len(runs) > 1 else _of_one(runs[0])
        xs = tuple(x for x, _, _ in points)
        drawn.append(Series(label="AB"[index], xs=xs, ys=tuple(y for _, y, _ in points)))
        edged = [(x, y - half, y + half) for x, y, half in points if math.isfinite(y) and half]
        bands.append(
            Band(
                series=index,
                xs=tuple(x for x, _, _ in edged),
                lows=tuple(low for _, low, _ in edged),
                highs=tuple(high for _, _, high in edged),
            )
        )
    return Curve(column=metric, against="step", series=tuple(drawn), bands=tuple(bands))


def _of_seeds(runs: Sequence[Mapping[float, float]]) -> Points:
    """Returns step, mean and standard deviation of the seeds at every step that all have."""
    found = []
    for step in shared(runs):
        values = [run[step] for run in runs]
        finite = all(math.isfinite(value) for value in values)
        mean = math.fsum(values) / len(values) if finite else math.nan
        found.append((step, mean, (spread(values) or 0.0) if finite else 0.0))
    return found


def _of_one(run: Mapping[float, float]) -> Points:
    """Returns step, running mean and scatter about it; the values themselves where they scatter little."""
    steps, values = list(run), list(run.values())
    wide = len(values) // _WINDOWS
    if wide < FEWEST or not all(math.isfinite(value) for value in values):
        return [(step, value, 0.0) for step, value in run.items()]
    if bending(values) < _SMOOTH * (max(values) - min(values)):
        return [(step, value, 0.0) for step, value in run.items()]
    found = []
    for row in range(len(values)):
        reach = min(row, len(values) - 1 - row, wide // 2)
        middle = values[row - reach : row + reach + 1]
        near = values[max(0, row - wide // 2) : row + wide // 2 + 1]
        found.append((steps[row], math.fsum(middle) / len(middle), bending(near)))
    return found
