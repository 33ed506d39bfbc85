"""Whether what was taken off each loss measures how hard a document is, or nothing, or the loss itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.kinds._losses import Losses
from harness.statistics.student import tail

FLAT, SAME = 0.1, 0.999
"""A baseline varies by a tenth of what the loss does, at least, and follows it less closely than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Standard deviations within the splits, in nats, of the loss and of what was taken off, over ``count``.

    ``follows`` is their correlation within the splits together, ``closest`` that of the split with the most.
    """

    loss: float
    base: float
    follows: float
    closest: float
    count: int

    def __str__(self) -> str:
        spread = f"what is taken off each loss varies by {self.base:.3g} nats (the loss by {self.loss:.3g})"
        return f"{spread} and follows it with correlation {self.follows:.3g}"


def taken(splits: Sequence[Losses]) -> Taken | None:
    """Returns how what was taken off varies with the loss, or None for fewer than eight documents."""
    every: list[tuple[float, float]] = []
    closest = 0.0
    for split in splits:
        centred = _centred(list(split.raw.values()))
        closest = max(closest, _correlation(centred))
        every += centred
    if len(every) < 8:
        return None
    loss, base = (math.sqrt(math.fsum(pair[i] ** 2 for pair in every) / len(every)) for i in (0, 1))
    return Taken(loss=loss, base=base, follows=_correlation(every), closest=closest, count=len(every))


def unfit(off: Taken, alpha: float) -> str | None:
    """Returns why a column calibrates nothing, or None where it is another measure of the same difficulty."""
    if off.base < FLAT * off.loss or not off.base:
        return f"the column to calibrate by hardly varies: {off}"
    if off.closest > SAME:
        return f"the column to calibrate by is the loss itself: {off}"
    rest = (1 - off.follows**2) / (off.count - 2)
    if tail(off.follows / math.sqrt(rest), off.count - 2) > alpha:
        return f"the column to calibrate by does not follow the loss: {off}"
    return None


def weighted_mean(split: Losses) -> float:
    """Returns the mean loss as it was written, before anything was taken off."""
    if not split.raw:
        return math.inf
    weights = [split.values[name][1] for name in split.raw]
    losses = [loss for loss, _ in split.raw.values()]
    return math.fsum(w * x for w, x in zip(weights, losses, strict=True)) / math.fsum(weights)


def _centred(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    count = max(1, len(pairs))
    means = [math.fsum(pair[i] for pair in pairs) / count for i in (0, 1)]
    return [(loss - means[0], base - means[1]) for loss, base in pairs]


def _correlation(centred: Sequence[tuple[float, float]]) -> float:
    across = math.fsum(loss * base for loss, base in centred)
    within = [math.fsum(pair[i] ** 2 for pair in centred) for i in (0, 1)]
    return across / math.sqrt(within[0] * within[1]) if min(within) > 0 else 0.0
