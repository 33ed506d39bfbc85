"""Shares and restatements: ``15 of 48 (31%)``, ``0/6 (0.0%)``, ``283.72 M (283,722,336)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import fits, paired, verdict
from harness.audit.masks import PERCENT, PLAIN, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document

NAME = "share"
RESTATED = "restated"
_FRACTION = rf"(?P<a>{PLAIN})\s*(?:/|\bof\b|\bout of\b)\s*(?:(?:the|all|a total of)\s+)?(?P<b>{PLAIN})"
_SHARE = re.compile(
    rf"{_FRACTION}(?:\s*{W}){{0,5}}?\s*(?:\(|=|≈|–|—|->|→|,(?=\s*{PERCENT}\s*(?:[.;)]|$)))\s*[~≈]?\s*"
    rf"(?P<c>{PERCENT})(?!\s*("
    rf"?:CI|conf|of\b))"
)
_OF_WHICH = re.compile(
    rf"(?P<b>{PLAIN})(?:\s+{W}){{1,4}}\s*,?\s+of\s+which\s+(?P<a>{PLAIN})\s*(?:{W}\s*)?\(\s*"
    rf"(?P<c>{PERCENT})\s*\)"
)
_REVERSED = re.compile(rf"(?P<c>{PERCENT})(?:\s*{W}){{0,2}}?\s*\(\s*{_FRACTION}(?:\s*{W}){{0,2}}\s*\)")
_NOUN = re.compile(
    r"[\s-]+(?P<noun>tokens?|param(?:eter)?s?|bytes|documents?|docs|examples?|steps?|words?|images?)\b", re.I
)
_TWICE = re.compile(
    rf"(?P<a>{PLAIN})\s*(?P<w>(?:{W}\s*){{0,2}})\(\s*[~≈=]?\s*(?P<b>{PLAIN})\s*(?P<v>(?:{W}\s*)?)\)"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries percentages beside their fraction, and numbers given twice in two forms."""
    yield from _elsewhere(document)
    for sentence in masks(document):
        for pattern in (_SHARE, _REVERSED, _OF_WHICH):
            for match in pattern.finditer(sentence.text):
                yield from _share(sentence, match)
        for match in _TWICE.finditer(sentence.text):
            yield from _restated(sentence, match)


def _elsewhere(document: Document) -> Iterator[Finding]:
    """Tells that ``74.3M tokens`` is ``74,286,865 tokens`` elsewhere; others may be of something else."""
    full, rough = [], []
    for number in document.numbers:
        noun = _NOUN.match(document.text, number.end)
        if noun is None or number.dimension:
            continue
        word = noun["noun"].lower().removesuffix("s")
        if number.step == 1 and number.value >= 10_000:
            full.append((word, number))
        elif number.scaled and number.step > 1:
            rough.append((word, number))
    told = set()
    for word, number in rough:
        for other, written in full:
            if (
                word == other
                and fits(number, [point(written.value)])
                and (number.value, written.value) not in told
            ):
                told.add((number.value, written.value))
                yield verdict(
                    document,
                    RESTATED,
                    holds=True,
                    statement=f"{number.text} {word}s and {written.text} {word}s",
                    stated=number,
                    computed=point(written.value),
                    rests=document.place(written.start),
                )


def _share(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    part, whole, share = (sentence.number(match, name) for name in "abc")
    after = sentence.text[match.end("c") :]
    if match.re is _SHARE and not re.match(r"\s*(?:[),;.|]|$|pass|correct|success|solved|acc)", after):
        return
    if part.dimension != whole.dimension or abs(part.value) > abs(whole.value) or part.more or whole.more:
        return
    try:
        found = [x / y for x, y in paired(part, whole)]
    except Undefined:
        return
    yield _found(sentence, NAME, match, share, found[0], holds=fits(share, found), rest=part)


def _restated(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``1.14 GB`` against ``1,135,846,570 B`` where one of the two is written out."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    rough, full = (a, b) if a.step > b.step else (b, a)
    if not (full.step == 1 and _written(full) and rough.step > 1 and rough.dimension == full.dimension):
        return
    if not full.value / 2 <= rough.value <= full.value * 2:
        return
    holds = fits(rough, [Range(full.value, full.value)])
    yield _found(sentence, RESTATED, match, rough, Range(full.value, full.value), holds=holds, rest=full)


def _written(number: Number) -> bool:
    return number.value >= 1000 and number.value.denominator == 1


def _found(
    sentence: Mask,
    rule: str,
    match: re.Match[str],
    stated: Number,
    computed: Range,
    *,
    holds: bool,
    rest: Number,
) -> Finding:
    return verdict(
        sentence.document,
        rule,
        holds=holds,
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{rest.text} ({sentence.document.place(rest.start)})",
    )
