"""Numbers in running text: sign, thousands, unit, scale and what their printed digits allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.audit.ranges import Range, around, point
from harness.model.values import Printed

_SECONDS: dict[str, int] = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "min": 60, "mins": 60,
    "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "day": 86400, "days": 86400,
}  # fmt: skip
_TIME = {"ms": Fraction(1, 1000)} | {name: Fraction(seconds) for name, seconds in _SECONDS.items()}
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_COUNTS = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12, "million": 6, "billion": 9, "trillion": 12}
_UNIT = (
    r"%|(?<! )(?:×|x)(?!\w|\(|\s*\d)|[KkMGT]i?B\b|bytes?\b|ms\b|secs?\b|seconds?\b|s\b|mins?\b|minutes"
    r"?\b|hours?\b|hrs?\b|h\b"
    r"|days?\b|million\b|billion\b|trillion\b|[KkMBT](?![\w']|\s*=)"
)
_SKIP = (
    r"https?://\S+|www\.\S+|\b\d{4}-\d{2}-\d{2}(?:[T_ ]\d{2}:\d{2}\S*)?|\b\d{1,2}:\d{2}(?::\d{2})?\b"
    r"|\bv?\d+(?:\.\d+){2,}\w*|\b(?=\d*[a-f])[0-9a-f]{7,}\b"
    r"|[^\W\d](?:\w|\.(?=\w))*|[#§$]\w[\w.]*"
)
_DIGITS = r"(?P<body>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?P<exp>[eE][+-]?\d+(?!\w))?"
_TOKEN = re.compile(
    rf"(?P<skip>{_SKIP})"
    rf"|(?P<sign>(?<![\w)\]%])[+-](?=[\d.]))?{_DIGITS}(?P<plus>\+(?!\s?\d))?(?:(?P<gap>[ -]?)(?P<unit>"
    rf"{_UNIT}))?"
)
_ABOUT = re.compile(r"(?:[~≈]|\babout|\baround|\broughly|\bapprox\w*\.?|\bnearly|\balmost|\bsome)\s*$", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One number of a text, at ``[start, end)`` of it.

    ``value`` and ``step`` (what one unit of the last printed digit is worth) are scaled: 1.14 GB has value
    1.14e9, step 1e7 and dimension ``bytes``; 31% has 0.31 and 0.01. ``other`` is the factor to the other
    reading of its prefix (K as 1024), 1 where there is none.
    """

    text: str
    start: int
    end: int
    value: Fraction
    step: Fraction
    dimension: str = ""
    signed: bool = False
    about: bool = False
    more: bool = False
    other: Fraction = Fraction(1)
    scaled: bool = False

    @property
    def counts(self) -> bool:
        """Whether it was printed whole, without unit and prefix, and so counts exactly."""
        return not (self.about or self.scaled or self.dimension) and self.step == 1

    @property
    def given(self) -> Range:
        """The values that it may stand for as an operand."""
        if self.counts or (
            self.dimension in ("seconds", "bytes") and self.step.denominator == 1 and self.exact
        ):
            return point(self.value)
        return around(self.value, self.radius)

    @property
    def exact(self) -> bool:
        """Whether it is a whole number of base units (7200s, 1,135,846,570 B)."""
        return self.step == 1 and not self.about

    @property
    def radius(self) -> Fraction:
        """Half a unit of the last digit; of the last that is not zero for an approximate whole number."""
        if not self.about:
            return self.step / 2
        step, value = self.step, abs(self.value)
        while value and "." not in self.text and (value / (10 * step)).denominator == 1:
            step *= 10
        return max(step / 2, value / 20)


def numbers(text: str) -> Iterator[Number]:
    """Yields the numbers of a cleaned text; versions, dates, hashes and parts of names are none."""
    for match in _TOKEN.finditer(text):
        if match["skip"] is None:
            number = _number(match, text)
            if number is not None:
                yield number


def _number(match: re.Match[str], text: str) -> Number | None:
    start, end = match.start(), match.end()
    after, before = text[end : end + 1], text[max(0, start - 2) : start]
    if after.isalnum() or after == "_" or before[-1:] in ("_", ".", "#", "@", "§"):
        return None
    if before[-1:] == "-" and before[:1].isalpha():
        return None
    digits = (match["sign"] or "") + match["body"].replace(",", "") + (match["exp"] or "")
    try:
        printed = Printed(digits)
    except ValueError:
        return None
    factor, dimension, other = _meaning(match["unit"] or "", match["gap"] or "", match["body"])
    if match["gap"] == "-" and dimension not in ("seconds", "bytes"):
        factor, dimension, other = Fraction(1), "", Fraction(1)
        end = match.start("gap")
    return Number(
        text=text[start:end],
        start=start,
        end=end,
        value=printed.exact * factor,
        step=Fraction(10) ** -printed.decimals * factor,
        dimension=dimension,
        signed=match["sign"] is not None,
        about=_ABOUT.search(text, max(0, start - 12), start) is not None,
        more=match["plus"] is not None,
        other=other,
        scaled=factor != 1 or bool(match["exp"]),
    )


def _meaning(unit: str, gap: str, body: str) -> tuple[Fraction, str, Fraction]:
    """Returns scale, dimension and the factor to the other reading of a unit."""
    if unit == "%":
        return Fraction(1, 100), "percent", Fraction(1)
    if unit in ("×", "x"):
        return Fraction(1), "ratio", Fraction(1)
    if unit in _TIME:
        return _TIME[unit], "seconds", Fraction(1)
    large = "," in body or len(body) > 6
    if unit in ("byte", "bytes") or (unit == "B" and (gap or large)):
        return Fraction(1), "bytes", Fraction(1)
    if unit.endswith("iB"):
        return Fraction(1024) ** _POWERS[unit[0]], "bytes", Fraction(1)
    if unit.endswith("B") and len(unit) == 2:
        exponent = _POWERS[unit[0]]
        return Fraction(1000) ** exponent, "bytes", Fraction(1024, 1000) ** exponent
    if unit in _COUNTS:
        exponent = _COUNTS[unit]
        return Fraction(10) ** exponent, "", Fraction(1024, 1000) ** (exponent // 3)
    return Fraction(1), "", Fraction(1)
