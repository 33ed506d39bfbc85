"""Canaries and extraction attempts as a probe of the model wrote them, one row each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed


def exposures(frames: Sequence[Frame]) -> tuple[list[float], list[float], float]:
    """Returns the exposures in bits of the canaries that were inserted and of those that were not.

    log2(candidates / rank): the rank of the canary's loss among so many of its like. The third is the most
    that every inserted one could reach, by the fewest candidates. Raises ``InputError`` for a missing column
    or a rank that none can have.
    """
    inserted: list[float] = []
    others: list[float] = []
    reach = math.inf
    for place, (flag, rank, candidates) in _cells(frames, ("inserted", "rank", "candidates")):
        numbers = [float(c) for c in (rank, candidates) if isinstance(c, Printed) and c.finite]
        if len(numbers) < 2 or not 1 <= numbers[0] <= numbers[1]:
            raise InputError(f"{place}: a rank lies from 1 to the number of candidates")
        known = _true(flag, place)
        (inserted if known else others).append(math.log2(numbers[1] / numbers[0]))
        reach = min(reach, math.log2(numbers[1])) if known else reach
    return inserted, others, reach


def extractions(frames: Sequence[Frame]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns (extracted, tried) of training prefixes and of fresh ones; raises ``InputError``."""
    counts = {True: [0, 0], False: [0, 0]}
    for place, (member, extracted) in _cells(frames, ("member", "extracted")):
        side = counts[_true(member, place)]
        side[0] += _true(extracted, place)
        side[1] += 1
    return (counts[True][0], counts[True][1]), (counts[False][0], counts[False][1])


def _cells(frames: Sequence[Frame], columns: Sequence[str]) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for frame in frames:
        if len(frame):
            found = [frame.columns[column_of(frame, name)] for name in columns]
            yield from zip(frame.places, zip(*found, strict=True), strict=True)


def _true(cell: Cell, place: str) -> bool:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, Printed) and cell.finite and cell.exact >= 0:
        return cell.exact > 0
    raise InputError(f"{place}: true or false is needed, or a count")
