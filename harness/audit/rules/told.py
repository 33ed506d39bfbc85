"""Final and best figures told in a sentence against the table that gives them for the same run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import LEVEL, Mask, masks
from harness.audit.quantities import Quantity, mentions, quantities
from harness.audit.ranges import point
from harness.audit.text import Document

NAME = "told"
_WHEN = frozenset("final best initial init last".split())
_OTHER = re.compile(
    r"\b(?:baseline|previous|step|epoch|seed|average|averaged|mean|about|over|below|under)\b", re.I
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries a figure of a sentence that names the row and, of several columns, one column of a table."""
    rows = [one for one in quantities(document) if one.group.startswith("table") and _WHEN & set(one.words)]
    labels = {one.label.lower() for one in rows}
    for sentence in masks(document):
        if sentence.block.kind not in ("text", "item") or not rows:
            continue
        for label in labels:
            same = [one for one in rows if one.label.lower() == label]
            yield from _told(sentence, label, same)


def _told(sentence: Mask, label: str, same: Sequence[Quantity]) -> Iterator[Finding]:
    pattern = re.compile(rf"\b{re.escape(label)}\s*(?:of|is|was|at|:|=)?\s*(?P<n>{LEVEL})", re.I)
    for match in pattern.finditer(sentence.text):
        start = max(sentence.text.rfind(mark, 0, match.start()) for mark in (". ", "; ", ": ")) + 1
        words = sentence.text[start : match.start()]
        arms = {one.arm for one in same if one.arm and mentions(words, one.arm)}
        named = [one for one in same if one.arm in arms]
        if len(named) != 1 or len(same) < 2 or _OTHER.search(sentence.text[start : match.end() + 20]):
            continue
        stated, (one,) = sentence.number(match, "n"), named
        if stated.dimension != one.number.dimension:
            continue
        yield verdict(
            sentence.document,
            NAME,
            holds=fits(stated, [one.number.given]) or fits(one.number, [stated.given]),
            statement=f"{one.arm}: {sentence.excerpt(match)}",
            stated=stated,
            computed=point(one.number.value),
            rests=f"the table ({sentence.document.place(one.number.start)})",
        )
