"""Rows of ``benchmarks/statistics.py --panel`` on what kind ``memorization`` tests.

A cause may be found and it may be called absent, so each limit is tried from both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from harness.kinds._causes import below, by_extraction
from harness.statistics.shares import fisher
from harness.statistics.trials import Sample, student

ALPHA, BITS = 0.01, 2.0
SHIFTS = {255: 1.185, 1023: 1.130}
"""How many standard deviations below its like a canary's loss lies, for an excess of ``BITS``."""
Draw = Callable[[np.random.Generator], bool]
Told = tuple[str, float, Draw, str, Draw] | tuple[str, float, Draw, str, Draw, int]


def rows() -> Iterator[Told]:
    """Yields name, nominal rate, null, effect and alternative of every row."""
    for inserted, others, like in ((20, 20, 1023), (60, 60, 1023), (40, 120, 1023), (60, 60, 255)):
        name = f"canaries, {inserted} and {others} among {like}, "
        null, high, low = SHIFTS[like], 2.0, 0.42
        yield (
            name + "found",
            ALPHA,
            _canaries(inserted, others, like, null, "found"),
            f"{'4.2' if like > 255 else '3.7'} bits, limit 2",
            _canaries(inserted, others, like, high, "found"),
            2,
        )
        yield (
            name + "absent",
            ALPHA,
            _canaries(inserted, others, like, null, "absent"),
            "0.6 bits, limit 2",
            _canaries(inserted, others, like, low, "absent"),
            2,
        )
    for count in (50, 250):
        name = f"extraction, {count} and {count}, limit 0.05, "
        yield (
            name + "found",
            ALPHA,
            _extracted(count, 0.10, "found"),
            "0.3 more",
            _extracted(count, 0.35, "found"),
        )
        yield (
            name + "absent",
            ALPHA,
            _extracted(count, 0.10, "absent"),
            "equal",
            _extracted(count, 0.05, "absent"),
        )
    for share in (0.0, 0.05):
        told = f"{share:g} of both"
        yield (
            f"leak by texts (Fisher), 240 and 240, {told}",
            ALPHA,
            _leak(share, 0.0),
            "0.1 more",
            _leak(share, 0.1),
        )


def _exposures(source: np.random.Generator, inserted: int, others: int, like: int, shift: float) -> Sample:
    """Draws losses of canaries and of their like, among which all of them are ranked."""
    ranked = np.sort(source.normal(0, 1, like))
    own = np.concatenate([source.normal(-shift, 1, inserted), source.normal(0, 1, others)])
    bits = np.log2((like + 1) / (1 + np.searchsorted(ranked, own)))
    return Sample(first=tuple(map(float, bits[:inserted])), second=tuple(map(float, bits[inserted:])))


def _canaries(inserted: int, others: int, like: int, shift: float, state: str) -> Draw:
    """What decides of the two t tests; the permutation that must agree makes a find rarer still."""

    def one_draw(source: np.random.Generator) -> bool:
        sample = _exposures(source, inserted, others, like, shift)
        if state == "found":
            more = student(sample, BITS)
            return more is not None and more.p <= ALPHA
        less = below(sample.first, sample.second or (), BITS)
        return less is not None and less[0] <= ALPHA

    return one_draw


def _extracted(count: int, share: float, state: str) -> Draw:
    """Prefixes that are continued word for word: 0.05 of the fresh ones."""

    def one_draw(source: np.random.Generator) -> bool:
        known, fresh = (int(source.binomial(count, chance)) for chance in (share, 0.05))
        return by_extraction((known, count), (fresh, count), 0.05, ALPHA, "").state == state

    return one_draw


def _leak(share: float, more: float) -> Draw:
    def one_draw(source: np.random.Generator) -> bool:
        hits, other = int(source.binomial(240, share + more)), int(source.binomial(240, share))
        return hits > 0 and fisher(hits, 240, other, 240) <= ALPHA

    return one_draw
