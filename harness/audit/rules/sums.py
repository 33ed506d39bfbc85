"""Totals beside their parts: ``14 tests (9 unit, 5 integration)``, ``231 passed, 3 skipped, 234 total``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PLAIN, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, point
from harness.audit.text import Document

NAME = "sum"
_NO = r"(?!(?:of|per|each|out|times|to|x|with|using|in|on|at|under|that|had|have)\b)"
_PART = rf"{PLAIN}\s+{_NO}{W}(?:\s+(?!of\b|per\b|out\b){W}){{0,2}}"
_BRACKET = re.compile(
    rf"(?P<t>{PLAIN})(?:[\s-]*{W}){{1,5}}?\s*[(:—–]\s*(?P<parts>{_PART}(?:\s*(?:,|;|/|\band\b|,\s*and)"
    rf"\s*{_PART})+)\s*"
    rf"(?:\)|[.;]|\Z)"
)
_TOTAL = re.compile(
    rf"(?<![^\s(:.;|])(?P<parts>{_PART}(?:\s*[,/+]\s*{_PART})+)\s*[,;=:.]\s*(?:and\s+)?(?P<t>{PLAIN})\s*"
    rf"(?:{W}\s+)?(?:in\s+)?"
    rf"(?:total|all|altogether|together)\b"
)
_ADDED = re.compile(
    rf"(?P<t>{PLAIN})(?:\s+{W}){{0,5}}?\s*\(\s*(?P<parts>{PLAIN}(?:\s+{W}){{0,2}}(?:\s*\+\s*{PLAIN}"
    rf"(?:\s+{W}){{0,2}}){{2,}})\s*\)"
)
_SPLIT = re.compile(
    rf"(?P<t>{PLAIN})(?:\s+{W}){{1,3}}\s*,\s*split\s+(?:into\s+|as\s+)?(?P<parts>{PLAIN}\s+{W}(?:\s*(?:/|,"
    rf"|and)\s*{PLAIN}\s+{W})+)"
)
_VAGUE = re.compile(
    r"\b(?:including|incl|e\.g|such as|of which|among|up to|at least|over|more than|like)\b", re.I
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries counts whose parts stand beside them as further counts, each with its own noun."""
    for sentence in masks(document):
        if sentence.block.kind in ("code", "line"):
            continue
        for pattern in (_BRACKET, _TOTAL, _SPLIT, _ADDED):
            for match in pattern.finditer(sentence.text):
                yield from _parts(sentence, match)


def _parts(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    total = sentence.number(match, "t")
    parts = _inside(sentence, match.start("parts"), match.end("parts"))
    if len(parts) < 2 or len({part.dimension for part in (total, *parts)}) != 1:
        return
    counted = total.counts and all(part.counts for part in parts)
    scaled = all(part.scaled or part.dimension in ("seconds", "bytes") for part in (total, *parts))
    if not counted and not scaled:
        return
    if re.match(rf"\s*(?:and|plus|\+|,)\s*{PLAIN}", sentence.text[match.end() :]):
        return
    if _VAGUE.search(match[0]) or total.value <= max(part.value for part in parts):
        return
    computed = point(0)
    for part in parts:
        computed = computed + part.given
    holds = fits(total, [computed], exact=counted)
    if not holds and abs(computed.middle - total.value) * 5 > total.value:
        return
    yield _finding(sentence, match, total, parts, computed, holds=holds)


def _inside(sentence: Mask, start: int, end: int) -> list[Number]:
    return [number for number, at in zip(sentence.numbers, sentence.at, strict=True) if start <= at < end]


def _finding(
    sentence: Mask,
    match: re.Match[str],
    total: Number,
    parts: Sequence[Number],
    computed: Range,
    *,
    holds: bool,
) -> Finding:
    return verdict(
        sentence.document,
        NAME,
        holds=holds,
        statement=sentence.excerpt(match),
        stated=total,
        computed=computed,
        rests=f"{' + '.join(p.text.strip() for p in parts)} ({sentence.document.place(parts[0].start)})",
    )
