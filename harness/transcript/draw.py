"""Which steps a nonce draws, and how many are needed to meet a share of tampered ones."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction


def drawn(nonce: str, steps: int, keep: int, span: int = 1) -> tuple[int, ...]:
    """Returns the first steps of ``keep`` spans of ``span`` steps among ``steps``, in ascending order.

    They are those whose SHA-256 of ``nonce:step`` is smallest: a sample without replacement that nobody
    knows before the nonce, and anybody can repeat after.
    """
    starts = range(max(steps - span + 1, 0))
    ranked = sorted(starts, key=lambda step: hashlib.sha256(f"{nonce}:{step}".encode()).digest())
    return tuple(sorted(ranked[:keep]))


def needed(share: Fraction | float, power: Fraction | float) -> int:
    """Returns how many drawn steps meet a tampered one with this power where such a share is tampered.

    The least n with 1 - (1 - share)^n >= power: 59 for a share of 5 % and a power of 95 %. Drawing without
    replacement, as ``drawn`` does, has slightly more power.
    """
    return math.ceil(round(math.log(1 - power) / math.log(1 - share), 9))
