"""Figures in a row and what their sentence says of them: mean, spread, between which they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PERCENT, PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.quantities import quantities
from harness.audit.ranges import Range, point
from harness.audit.rules.columns import spreads
from harness.audit.text import Document
from harness.audit.words import count_of

NAME = "span"
_N = f"[{PLAIN}{PERCENT}]"
_LIST = re.compile(rf"{_N}(?:\s*(?:,|/|;|,?\s*and)\s*{_N}){{2,}}")
_BETWEEN = re.compile(
    rf"\b(?:between|from|range[sd]?\s+(?:from\s+)?|spanning)\s+(?P<lo>{_N})\s*(?:and|to|-|–)\s*(?P<hi>{_N})"
)
_OF_ALL = re.compile(
    rf"\b(?:[Mm]ean|[Aa]verage)\s+(?:of|over)\s+(?:the\s+|all\s+)*(?P<k>three|four|five|six|\d)(?:\s+"
    rf"(?:seeds|runs))?\s*[:=,]?\s*"
    rf"(?:is\s+|was\s+)?(?P<m>{PLAIN})(?:\s*(?:±|\+/-|,?\s*(?:std|sd)\s*(?:of|=|:)?)\s*(?P<s>{PLAIN}))?"
)
_BETWEEN_LIST = re.compile(rf"{_BETWEEN.pattern}\s*[:(]\s*(?P<list>{_LIST.pattern})")
_MEAN = re.compile(
    rf"\b(?:mean|average|avg)\b(?:\s+(?:of|is|=))?\s*[:=]?\s*(?P<m>{_N})(?:\s*(?:±|\+/-|,?\s*(?:std|sd"
    rf"|stdev|standard deviation)\s*(?:of|=|:)?)\s*(?P<s>{_N}))?(?!\s*(?:,|/)\s*{_N}\s*(?:,|/))"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries the mean and the ends of figures that the sentence lists."""
    for sentence in masks(document):
        if sentence.block.kind in ("code", "line"):
            continue
        for match in _BETWEEN_LIST.finditer(sentence.text):
            yield from _ends(sentence, match, _inside(sentence, match.start("list"), match.end("list")))
        for match in _LIST.finditer(sentence.text):
            values = _inside(sentence, match.start(), match.end())
            yield from _ends(sentence, match, values)
        for match in _OF_ALL.finditer(sentence.text):
            yield from _over_runs(sentence, match)
        for match in _MEAN.finditer(sentence.text):
            yield from _mean(sentence, match)


def _over_runs(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``mean of the three: 1.0799, std 0.0005`` by the figures of as many lines ``seed 42: …``."""
    stated, count = sentence.number(match, "m"), count_of(match["k"])
    groups: dict[tuple[str, ...], list[Number]] = {}
    for one in quantities(sentence.document):
        if re.match(r"(?:seed|run|fold)s?\b", one.arm) and one.number.step <= 10 * stated.step:
            groups.setdefault(one.words, []).append(one.number)
    near = [
        values
        for values in groups.values()
        if len(values) == count and all(abs(v.value - stated.value) * 20 <= abs(stated.value) for v in values)
    ]
    if len(near) != 1:
        return
    yield _finding(sentence, stated, near[0], [_average(near[0])], "mean")
    if match["s"]:
        yield _finding(sentence, sentence.number(match, "s"), near[0], spreads(near[0]), "spread")


def _inside(sentence: Mask, start: int, end: int) -> list[Number]:
    return [number for number, at in zip(sentence.numbers, sentence.at, strict=True) if start <= at < end]


def _ends(sentence: Mask, match: re.Match[str], values: Sequence[Number]) -> Iterator[Finding]:
    """Judges ``13.1%, 12.4%, 11.8% — between 11.8% and 13.1%``."""
    rest = re.split(r"[.!?;]\s", sentence.text[match.end() : match.end() + 60])[0]
    found = _BETWEEN.search(sentence.text, match.end(), match.end() + len(rest))
    if match.re is _BETWEEN_LIST:
        found = _BETWEEN.search(sentence.text, match.start(), match.start("list"))
    if found is None:
        return
    for name, pick in (("lo", min), ("hi", max)):
        stated = sentence.number(found, name)
        extreme = pick(values, key=lambda one: one.value)
        if stated.dimension != extreme.dimension or stated.signed:
            return
        yield verdict(
            sentence.document,
            NAME,
            holds=fits(stated, [extreme.given]),
            statement=f"{sentence.excerpt(found)}: {pick.__name__} of {len(values)}",
            stated=stated,
            computed=Range(extreme.value, extreme.value),
            rests=f"{extreme.text} ({sentence.document.place(extreme.start)})",
        )


def _mean(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``1.4588 and 1.4613 (mean 1.46005)``, and the spread after it, by the like figures before it."""
    stated = sentence.number(match, "m")
    text = sentence.text
    start = max(text.rfind(mark, 0, match.start()) for mark in (". ", "! ", "? "))
    values = [
        one
        for one in _inside(sentence, start + 1, match.start())
        if one.dimension == stated.dimension
        and not one.counts
        and not one.signed
        and one.step <= 10 * stated.step <= 1000 * one.step
        and abs(one.value - stated.value) * 2 <= abs(stated.value)
    ]
    if len(values) < 2 or stated.counts:
        return
    between = text[sentence.at[sentence.index(values[-1])] + 1 : match.start()]
    fitting = [values[first:] for first in range(len(values) - 1) if fits(stated, [_average(values[first:])])]
    if not fitting and (len(between) > 25 or not _adjacent(sentence, values)):
        return
    chosen = fitting[0] if fitting else values
    yield _finding(sentence, stated, chosen, [_average(chosen)], "mean")
    if match["s"]:
        spread = sentence.number(match, "s")
        if any(
            spread.value and one.meets(Range(spread.value / 2, spread.value * 2)) for one in spreads(chosen)
        ):
            yield _finding(sentence, spread, chosen, spreads(chosen), "spread")


def _adjacent(sentence: Mask, values: Sequence[Number]) -> bool:
    """Tells whether nothing but a few words, and no other such figure, stands between the values."""
    places = [sentence.at[sentence.index(one)] for one in values]
    return all(b - a <= 14 for a, b in pairwise(places))


def _average(values: Sequence[Number]) -> Range:
    total = point(0)
    for value in values:
        total = total + value.given
    return total.scaled(Fraction(1, len(values)))


def _finding(
    sentence: Mask,
    stated: Number,
    values: Sequence[Number],
    computed: Sequence[Range],
    word: str,
) -> Finding:
    best = min(computed, key=lambda one: abs(one.middle - stated.value))
    return verdict(
        sentence.document,
        NAME,
        holds=fits(stated, computed),
        statement=f"{word} {stated.text.strip()} of {', '.join(one.text.strip() for one in values[:8])}",
        stated=stated,
        computed=best,
        rests=f"{len(values)} figures ({sentence.document.place(values[0].start)})",
    )
