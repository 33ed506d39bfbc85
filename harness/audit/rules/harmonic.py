"""F1 where a sentence gives it together with its precision and recall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PERCENT, PLAIN, Mask, masks
from harness.audit.ranges import Undefined
from harness.audit.text import Document

NAME = "harmonic"
_F1 = re.compile(rf"\bF1?(?:[- ]score)?\s*(?:=|:|is|of|at)?\s*(?P<n>[{PLAIN}{PERCENT}])")
_PRECISION = re.compile(rf"\bprecision\s*(?:=|:|is|of|at)?\s*(?P<n>[{PLAIN}{PERCENT}])", re.I)
_RECALL = re.compile(rf"\brecall\s*(?:=|:|is|of|at)?\s*(?P<n>[{PLAIN}{PERCENT}])", re.I)


def judge(document: Document) -> Iterator[Finding]:
    """Tries F1 = 2PR / (P + R), where no mean over classes is spoken of."""
    for sentence in masks(document):
        if sentence.block.kind != "line":
            yield from _harmonic(sentence)


def _harmonic(sentence: Mask) -> Iterator[Finding]:
    """Judges F1 where the same sentence gives one precision and one recall."""
    found = [list(pattern.finditer(sentence.text)) for pattern in (_F1, _PRECISION, _RECALL)]
    if not all(len(matches) == 1 for matches in found):
        return
    score, precision, recall = (sentence.number(matches[0], "n") for matches in found)
    if re.search(r"\b(?:macro|micro|weighted|averaged?|mean)\b", sentence.text, re.I):
        return
    spans = sorted(matches[0].start() for matches in found)
    if len({score.dimension, precision.dimension, recall.dimension}) != 1 or spans[-1] - spans[0] > 120:
        return
    if re.search(r"[.!?]\s", sentence.text[spans[0] : spans[-1]]):
        return
    try:
        computed = [(precision.given * recall.given).scaled(Fraction(2)) / (precision.given + recall.given)]
    except Undefined:
        return
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(score, computed),
        statement=f"F1 of precision {precision.text.strip()} and recall {recall.text.strip()}",
        stated=score,
        computed=computed[0],
        rests=f"both ({sentence.document.place(precision.start)})",
    )
