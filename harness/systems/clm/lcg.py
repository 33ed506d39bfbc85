"""The published initialisation: a wrapping 64-bit congruential generator whose output is fed back."""

from __future__ import annotations

MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407
MODULUS, WORD = 2**31 - 1, 2**64


def uniform(seed: int, count: int) -> list[float]:
    """Returns ``count`` numbers in [-1, 1].

    s ← s · 6364136223846793005 + 1442695040888963407 in a wrapping signed 64-bit integer, then
    s ← |s mod (2^31 - 1)| with the remainder truncated towards zero; the number is 2s / (2^31 - 1) - 1.
    """
    state, found = seed, []
    for _ in range(count):
        wide = (state * MULTIPLIER + INCREMENT) % WORD
        state = (wide if wide < WORD // 2 else WORD - wide) % MODULUS
        found.append(2 * state / MODULUS - 1)
    return found
