"""Canaries and extraction attempts as a probe of the model wrote them, one row each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from math import comb

from harness.kinds._copies import RARE, by_chance
from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed


def exposures(frames: Sequence[Frame]) -> tuple[list[float], list[float], float]:
    """Returns the exposures in bits of the canaries that were inserted and of those that were not.

    log2(candidates / rank): the rank of the canary's loss among so many of its like. The third is the most
    that every inserted one could reach, by the fewest candidates. Raises ``InputError`` for a missing column,
    a rank that none can have, or a canary that counts twice.
    """
    _once(frames)
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


def _once(frames: Sequence[Frame]) -> None:
    """Holds that each canary has one row: by its name, or by ranks that chance does not give so often.

    The rank of a canary that was not inserted is any of its candidates with the same chance.
    """
    seen: dict[str, str] = {}
    ranked: dict[tuple[float, float], list[str]] = {}
    for frame in frames:
        if "canary" in frame.columns:
            for place, name in zip(frame.places, frame.columns["canary"], strict=True):
                if seen.setdefault(str(name), place) != place:
                    told = f"canary {name} stands at {seen[str(name)]} already: each counts once"
                    raise InputError(f"{place}: {told}", "ILL_POSED")
            continue
        for place, (flag, rank, candidates) in _cells([frame], ("inserted", "rank", "candidates")):
            numbers = [float(c) for c in (rank, candidates) if isinstance(c, Printed) and c.finite]
            if not _true(flag, place) and len(numbers) == 2 and min(numbers) >= 1:
                ranked.setdefault((numbers[0], numbers[1]), []).append(place)
    pairs = sum(comb(len(places), 2) for places in ranked.values())
    least = min((candidates for _, candidates in ranked), default=1.0)
    if pairs and by_chance(pairs, comb(sum(map(len, ranked.values())), 2) / least) < RARE:
        first, second = max(ranked.values(), key=len)[:2]
        told = f"has the rank of {first}: {pairs} such pairs are no chance, name each in a column canary"
        raise InputError(f"{second}: {told}", "ILL_POSED")


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
