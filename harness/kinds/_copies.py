"""Copies in a sample: units that agree more often than chance explains are fewer than they are counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction

from harness.model.values import Printed

HARM = 0.02
"""Copies that add less than so much to the variance of a mean do no harm: 1 % false alarms become 1.06 %."""
BYTES = 1.0
"""Text of few symbols repeats short windows by itself; one text many times more than doubles the variance."""
RARE = 0.001
PLACES = 4
"""Losses that are printed to fewer decimal places agree too often to say anything."""


def same_texts(texts: Mapping[str, Hashable], harm: float = HARM) -> str:
    """Says which units are one text under several names, where that matters; nothing where all differ.

    Short windows of few symbols (a few letters, bytes of code) are alike by the nature of the text: of those
    only a ``harm`` of ``BYTES`` is told.
    """
    return _told(list(texts), list(texts.values()), 0.0, harm=harm)


def same_losses(losses: Mapping[str, Sequence[Printed]]) -> str:
    """Says which units share their losses oftener than chance explains; nothing where none do.

    Each has one loss, or one of either side. Losses of a smooth law that are known to a unit u agree by
    chance in about u / (2 sd sqrt(pi)) of all pairs: u is that of the longest number printed, of float32 at
    best, of shorter floats where all are such. A side agrees given the other by its difference from it.
    Counts out of few (0, 1, 2/3 printed as 0.6667) agree anyhow and are left out.
    """
    columns = list(zip(*losses.values(), strict=True))
    places = [max(value.decimals for value in column) for column in columns]
    if not places or min(places) < PLACES:
        return ""
    kept = {
        name: tuple(value.exact for value in row)
        for name, row in losses.items()
        if not all(_counted(value.exact, digits) for value, digits in zip(row, places, strict=True))
    }
    if len(kept) < 3:
        return ""
    units = [_unit([row[at] for row in kept.values()], digits) for at, digits in enumerate(places)]
    chance = _agree([float(row[0]) for row in kept.values()], units[0])
    for at in range(1, len(columns)):
        chance *= _agree([float(row[at] - row[0]) for row in kept.values()], max(units))
    return _told(list(kept), list(kept.values()), math.comb(len(kept), 2) * chance, len(losses))


def by_chance(found: int, expected: float) -> float:
    """Returns the chance of so many agreeing pairs or more where so many are expected (Poisson)."""
    if found <= 0 or expected <= 0:
        return float(found <= 0)
    if expected > 500:
        return 0.5 * math.erfc((found - 0.5 - expected) / math.sqrt(2 * expected))
    below = (math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(found))
    return max(0.0, 1.0 - math.fsum(below))


def agreeing(spread: float, unit: float) -> float:
    """Returns the chance that two normal values agree to a unit, at most 1."""
    return min(1.0, unit / (2 * math.sqrt(math.pi) * spread)) if spread > 0 else 1.0


def _told(
    names: Sequence[str], keys: Sequence[Hashable], expected: float, total: int = 0, harm: float = HARM
) -> str:
    count = total or len(names)
    often = Counter(keys)
    pairs = sum(math.comb(many, 2) for many in often.values())
    if not pairs or 2 * (pairs - expected) / count <= harm or by_chance(pairs, expected) > RARE:
        return ""
    most = often.most_common(1)[0][0]
    first, second = [name for name, key in zip(names, keys, strict=True) if key == most][:2]
    least = f", {expected:.2g} of them by chance" if expected else ""
    told = f"{first} and {second} are the same: {pairs} such pairs among {count}{least}"
    return f"{told}; {len(often) + count - len(names)} differ, leave the copies out"


def _agree(values: Sequence[float], unit: float) -> float:
    """Returns the chance that two agree by the law that values show: a normal one's, or that of neighbours.

    Twice as many pairs of a smooth law lie j units apart as agree, for small j. Counting those tells of a
    law with a spike, of which a normal one knows nothing, and copies do not change their share.
    """
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    if not spread:
        return 1.0
    width = max(2, int(spread / unit / 50))
    ticks = sorted(Counter(round(value / unit) for value in values).items())
    near = within = start = 0
    for tick, many in ticks:
        while ticks[start][0] < tick - width:
            within -= ticks[start][1]
            start += 1
        near += many * within
        within += many
    return min(1.0, max(agreeing(spread, unit), near / width / math.comb(len(values), 2)))


def _counted(value: Fraction, digits: int) -> bool:
    """Tells whether a value is a quotient of small counts as far as it is printed; 2 % are so by chance."""
    most = max(1, min(1000, int((0.06 * 10.0**digits) ** 0.5)))
    return bool(abs(value.limit_denominator(most) - value) * 2 * 10**digits <= 1)


def _unit(values: Sequence[Fraction], digits: int) -> float:
    """Returns to what unit values are known: as printed, as float32 at best, as shorter floats if all are."""
    pairs = [math.frexp(float(value)) for value in values if value] or [(0.5, 0)]
    whole = [abs(int(part * 2**53)) for part, _ in pairs]
    bits = max(53 - (number & -number).bit_length() + 1 for number in whole)
    top = max(exponent for _, exponent in pairs)
    return float(max(10.0**-digits, 2.0 ** (top - (bits if bits <= 11 else 24))))
