"""Factors of two settings or sizes: ``6e-5, 10% of its peak``, ``1.02B / 0.34B active (one third)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PERCENT, PLAIN, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document

NAME = "factor"
_PEAK = re.compile(
    rf"(?P<a>{PLAIN})(?:[^.;\ue000-\ue004]{{0,60}}?)(?P<b>{PLAIN})\s*,?\s*\(?\s*(?:(?:i\.e\.\s*)?"
    rf"(?P<p>{PERCENT})\s+of\s+(?:its|the)\s+"
    rf"(?:peak|maximum|max|initial|start)|a\s+factor\s+of\s+(?P<f>{PLAIN}))"
)
_OF_IT = re.compile(
    rf"(?P<a>{PLAIN})\s*(?:{W}\s*){{0,2}}/\s*(?P<b>{PLAIN})(?:\s*{W}){{1,3}}\s*\(\s*(?P<w>one\s+half|half"
    rf"|one\s+third|a\s+third|one\s+quarter|"
    rf"a\s+quarter|one\s+fifth|one\s+tenth|a\s+tenth)\s*\)",
    re.I,
)
_WORDS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}


def judge(document: Document) -> Iterator[Finding]:
    """Tries factors and parts whose two values the same sentence gives."""
    for sentence in masks(document):
        if sentence.block.kind in ("code", "line"):
            continue
        for pattern, tried in ((_PEAK, _factor), (_OF_IT, _part)):
            for match in pattern.finditer(sentence.text):
                yield from tried(sentence, match)


def _factor(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``6e-4 … to 6e-5, 10% of its peak`` and ``5e-4 to 5e-6 (a factor of 100)``."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    stated = sentence.number(match, "p" if match["p"] else "f")
    if a.dimension or b.dimension or not 0 < b.value < a.value:
        return
    try:
        computed = b.given / a.given if match["p"] else a.given / b.given
    except Undefined:
        return
    if b.step == b.value or a.scaled or b.scaled:
        computed = _exact(a, b, share=bool(match["p"]))
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]),
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{a.text} and {b.text} ({sentence.document.place(a.start)})",
    )


def _exact(a: Number, b: Number, *, share: bool) -> Range:
    """Takes settings such as 6e-4 for exact: nobody rounds them."""
    return point(b.value / a.value) if share else point(a.value / b.value)


def _part(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``1.02B total / 0.34B active (one third)``."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    large, small = max(a, b, key=lambda one: one.value), min(a, b, key=lambda one: one.value)
    if a.dimension != b.dimension or not small.value:
        return
    wanted = _WORDS[match["w"].split()[-1].lower()]
    computed = large.given / small.given
    low, high = computed.lo * 95 / 100, computed.hi * 105 / 100
    yield verdict(
        sentence.document,
        NAME,
        holds=low <= wanted <= high,
        statement=sentence.excerpt(match),
        stated=small,
        computed=point(large.value / wanted),
        rests=f"{large.text} ({sentence.document.place(large.start)}) by {wanted}",
    )
