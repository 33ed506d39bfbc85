"""Judges a printed number against what follows from others; rounding and cutting falsify nothing."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.audit.findings import Figure, Finding, Said
from harness.audit.ranges import Range, around

if TYPE_CHECKING:
    from harness.audit.numbers import Number
    from harness.audit.text import Document

ABOUT = Fraction(1, 20)
"""How far a number may be from what is said to be about equal to it, relative."""


def readings(number: Number) -> tuple[Range, ...]:
    """Returns what a number may stand for as an operand: K as 1000 and as 1024."""
    plain = number.given
    return (plain,) if number.other == 1 else (plain, plain.scaled(number.other))


def paired(a: Number, b: Number) -> tuple[tuple[Range, Range], ...]:
    """Returns what two operands may stand for together: prefixes of both are read alike."""
    one, other = readings(a), readings(b)
    if len(one) == len(other):
        return tuple(zip(one, other, strict=True))
    return tuple((x, y) for x in one for y in other)


def claims(stated: Number, *, about: bool = False, exact: bool = False) -> tuple[Range, ...]:
    """Returns the values that a printed result allows: rounded, or, where that changes it by
    no more than a twentieth, cut after its last digit.

    A count (``exact``) allows itself only; what is said to hold about, a twentieth each way at least.
    """
    if exact and stated.counts and not about:
        return (around(stated.value, Fraction(0)),)
    radius = stated.radius
    if about or stated.about:
        radius = max(radius, abs(stated.value) * ABOUT)
    toward = stated.step if stated.value >= 0 else -stated.step
    cut = Range(min(stated.value, stated.value + toward), max(stated.value, stated.value + toward))
    plain = around(stated.value, radius)
    both = plain
    if stated.step <= abs(stated.value) * ABOUT:
        both = Range(min(plain.lo, cut.lo), max(plain.hi, cut.hi))
    return (both,) if stated.other == 1 else (both, both.scaled(stated.other))


def fits(stated: Number, computed: Iterable[Range], *, about: bool = False, exact: bool = False) -> bool:
    """Tells whether the printed result is among what was computed, in any reading."""
    allowed = claims(stated, about=about, exact=exact)
    return any(one.meets(other) for one in allowed for other in computed)


def shown(value: Range | Fraction, like: Number | None = None) -> str:
    """Words a computed value with one digit more than the number that it is compared with."""
    middle = value.middle if isinstance(value, Range) else value
    if like is not None and like.dimension == "percent":
        return f"{float(middle * 100):.4g}%"
    if middle.denominator == 1 and abs(middle) < 10**15:
        return f"{middle.numerator:,}"
    return f"{float(middle):.6g}"


def verdict(
    document: Document,
    rule: str,
    *,
    holds: bool,
    statement: str,
    stated: Number,
    computed: Range,
    rests: str,
) -> Finding:
    """Makes the finding of one relation; ``rests`` says what the computed number comes from, and where."""
    off = computed.middle - stated.value
    part = f" ({float(off / stated.value):+.2%})" if stated.value else ""
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=rule,
        statement=statement,
        stated=Figure(shown=stated.text, place=document.place(stated.start)),
        found=Figure(shown=shown(computed, stated), place=rests),
        margin="" if holds else f"off by {float(off):.4g}{part}",
    )
