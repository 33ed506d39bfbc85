"""Products spelled out beside their result: ``112 (28 per head at 4 heads)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import verdict
from harness.audit.masks import PLAIN, Mask, W, masks
from harness.audit.text import Document

NAME = "product"
_PER = re.compile(
    rf"(?P<t>{PLAIN})\s*\(\s*(?P<a>{PLAIN})\s*(?:{W}\s*){{0,2}}(?:per|/)\s*{W}\s*(?:at|[x×*]|for|across"
    rf"|over)\s*(?P<b>{PLAIN})"
    rf"\s*(?:{W}\s*){{0,3}}\)"
)
_TIMES = re.compile(
    rf"=\s*(?P<t>{PLAIN})\s*[,(]\s*(?P<a>{PLAIN})\s*(?:{W}\s*){{1,2}}[×x*]\s*(?:{W}\s*=?\s*)?(?P<b>"
    rf"{PLAIN})(?!\s*[×x*=]\s*)"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries counts against the two factors that stand beside them."""
    for sentence in masks(document):
        for match in _PER.finditer(sentence.text):
            yield from _product(sentence, match, sure=True)
        for match in _TIMES.finditer(sentence.text):
            yield from _product(sentence, match, sure=False)


def _product(sentence: Mask, match: re.Match[str], *, sure: bool) -> Iterator[Finding]:
    """Judges one product; ``sure`` says that the words leave no other meaning."""
    total, a, b = (sentence.number(match, name) for name in ("t", "a", "b"))
    if not (total.counts and a.counts and b.counts):
        return
    computed = a.given * b.given
    holds = computed.lo == total.value
    if holds or (sure and abs(computed.lo - total.value) * 2 <= total.value):
        yield verdict(
            sentence.document,
            NAME,
            holds=holds,
            statement=sentence.excerpt(match),
            stated=total,
            computed=computed,
            rests=f"{a.text} × {b.text} ({sentence.document.place(a.start)})",
        )
