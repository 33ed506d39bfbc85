"""Whether two sides of a comparison can be compared: seeds chosen, missing, repeated or copied."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.kinds._copies import agreeing, by_chance, same_losses
from harness.kinds._sides import Arm
from harness.model.verdict import Reason
from harness.statistics.student import spread

Doubt = tuple[Reason, str]


def design(arms: tuple[Arm, Arm], seeds: Sequence[int], *, by_seed: bool) -> Iterator[Doubt]:
    """Yields why two sides cannot be compared at all: seeds chosen, missing, repeated or copied."""
    declared = [str(seed) for seed in seeds]
    for arm in arms:
        if arm.twice:
            yield Reason.ILL_POSED, f"{arm.source}: {_named(arm.twice)} counts twice"
        if arm.unfit:
            yield Reason.UNJUDGED, f"{arm.source}: {_named(arm.unfit)} has no finite value"
        known = {*arm.values, *arm.unfit}
        if not by_seed:
            if len(arm.seeds) > 1:
                yield (
                    Reason.ILL_POSED,
                    f"{arm.source} holds several seeds; documents compare one run with one",
                )
            continue
        missing = [seed for seed in declared if seed not in known]
        if missing:
            told = f"{len(missing)} of {len(declared)} declared seeds are missing: {_named(missing)}"
            yield Reason.UNJUDGED, f"{arm.source}: {told}"
        extra = sorted(known - set(declared))
        if extra:
            yield Reason.ILL_POSED, f"{arm.source}: {_named(extra)} was run and never declared"
    if len(arms[0].steps | arms[1].steps) > 1:
        told = ", ".join(sorted(arms[0].steps | arms[1].steps)[:4])
        yield Reason.ILL_POSED, f"the values are of different steps: {told}"
    yield from _copies(arms, by_seed=by_seed)


def _copies(arms: tuple[Arm, Arm], *, by_seed: bool) -> Iterator[Doubt]:
    """Yields values that chance does not print twice: an arm is the other, or a run has two seeds."""
    one, two = (arm.values for arm in arms)
    if len(one) > 1 and sorted(v.exact for v in one.values()) == sorted(v.exact for v in two.values()):
        yield Reason.ILL_POSED, "the two samples are identical: one run cannot be compared with itself"
        return
    if not by_seed:
        told = same_losses({unit: (value, two[unit]) for unit, value in one.items() if unit in two})
        if told:
            yield Reason.ILL_POSED, told
        return
    every = [
        (f"{side} {unit}", value)
        for side, arm in zip("AB", (one, two), strict=True)
        for unit, value in arm.items()
    ]
    often = Counter(value.exact for _, value in every)
    pairs = sum(math.comb(count, 2) for count in often.values())
    if len(every) < 3 or not pairs:
        return
    unit = float(10.0 ** -max(value.decimals for _, value in every))
    # Sides that lie far apart spread together by more than runs of one do, and would make all agreement rare.
    apart = [spread([float(value) for value in arm.values()]) or 0.0 for arm in (one, two)]
    wide = math.sqrt(sum(x * x for x in apart) / 2)
    if by_chance(pairs, math.comb(len(every), 2) * agreeing(wide, unit)) < 0.01:
        same = often.most_common(1)[0][0]
        names = [name for name, value in every if value.exact == same]
        text = next(value.text for _, value in every if value.exact == same)
        yield Reason.ILL_POSED, f"{_named(names)} print the same {text}: one run under two names"


def blur(arm: Arm) -> Fraction:
    """Returns how far the mean of an arm may be off because its values were rounded when printed.

    JSON drops trailing zeros, so the longest number tells how many places all were printed to.
    """
    measured = [value.decimals for value in arm.values.values() if not value.integral]
    return Fraction(1, 2) / Fraction(10) ** max(measured) if measured else Fraction(0)


def _named(units: Sequence[str]) -> str:
    more = f" and {len(units) - 5} more" if len(units) > 5 else ""
    return ", ".join(units[:5]) + more
