"""Whether one split is another one under other names: the same texts, or the same losses digit by digit."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.kinds._losses import Losses

SHARE = 0.05
"""So large a share of the smaller split may stand in the other: boilerplate does in honest data."""
DECIMALS, REACH = 4, 50
"""Digits that must be printed before equal losses say anything; so many steps around give what is chance."""
LEAST = 8


def renamed(one: Losses, other: Losses) -> str | None:
    """Returns in words which documents of two splits are the same ones, or None where few or none are.

    Texts that were read are compared by their digests. Of losses that others wrote, those that occur once in
    each split are compared by all printed digits, against as many as are equal by chance: a hundredth of the
    neighbours within fifty steps of the last digit. Coarse ones are the same where all are.
    """
    if one.texts and other.texts:
        return _same_texts(one, other)
    left, right = _single(one), _single(other)
    least = min(len(left), len(right))
    both = [value for value in left if value in right]
    if least >= LEAST and min(one.decimals, other.decimals) >= DECIMALS:
        chance = _by_chance(list(left), list(right), min(9, one.decimals, other.decimals))
        surely = chance + 5 * math.sqrt(chance) + 3
        if len(both) >= max(SHARE * least, surely):
            return _told(one, other, [(left[value], right[value]) for value in both], least, chance)
    mine, theirs = (sorted(loss for loss, _ in split.raw.values()) for split in (one, other))
    if mine == theirs and len(set(mine)) >= LEAST:
        pairs = list(zip(_by_loss(one), _by_loss(other), strict=True))
        return _told(one, other, pairs, len(mine), 0.0)
    return None


def _same_texts(one: Losses, other: Losses) -> str | None:
    known = {digest: name for name, digest in other.texts.items()}
    same = [(name, known[digest]) for name, digest in one.texts.items() if digest in known]
    found = len({one.texts[name] for name, _ in same})
    least = min(len(set(one.texts.values())), len(known))
    if not found or found <= SHARE * least:
        return None
    pairs = ", ".join(f"{name} is {twin}" for name, twin in same[:3])
    return f"{found} of {least} texts of {one.source} and {other.source} are the same: {pairs}"


def _by_loss(split: Losses) -> list[str]:
    return [name for _, name in sorted((loss, name) for name, (loss, _) in split.raw.items())]


def _single(split: Losses) -> Mapping[float, str]:
    """Returns the document of each loss that only one document has."""
    counts = Counter(loss for loss, _ in split.raw.values())
    return {loss: name for name, (loss, _) in split.raw.items() if counts[loss] == 1}


def _by_chance(left: Sequence[float], right: Sequence[float], decimals: int) -> float:
    scale = 10**decimals
    places = sorted(round(value * scale) for value in right)
    found = 0
    for value in left:
        at = round(value * scale)
        near = bisect_right(places, at + REACH) - bisect_left(places, at - REACH)
        found += near - (bisect_right(places, at) - bisect_left(places, at))
    return found / (2 * REACH)


def _told(one: Losses, other: Losses, pairs: Sequence[tuple[str, str]], count: int, chance: float) -> str:
    told = f"{len(pairs)} of {count} losses of {one.source} and {other.source} are equal to the last digit"
    some = ", ".join(f"{name} is {twin}" for name, twin in pairs[:3])
    return f"{told}, {chance:.2g} by chance: {some}"
