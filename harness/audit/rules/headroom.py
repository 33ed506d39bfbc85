"""What is left of a limit: ``under the 50 MB budget with 0.9 MB to spare``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.text import Document

NAME = "headroom"
_SPARE = re.compile(
    rf"(?P<e>{PLAIN})\s+(?:to spare|of headroom|headroom|left over|below the (?:cap|limit|budget))\b"
)
_LIMIT = re.compile(
    rf"(?P<b>{PLAIN})\s+(?:budget|cap|limit)\b|\b(?:budget|cap|limit)\s+(?:of|is)\s+(?P<c>{PLAIN})"
)
_UNDER = re.compile(rf"\b(?:under|below|cap of|limit of|budget of|at most)\s+(?P<b>{PLAIN})")


def judge(document: Document) -> Iterator[Finding]:
    """Tries a rest against the limit and the size whose difference it is."""
    for sentence in masks(document):
        if sentence.block.kind not in ("code", "line"):
            for match in _SPARE.finditer(sentence.text):
                yield from _spare(sentence, match)


def _spare(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``under the 50 MB budget with 0.9 MB to spare`` by the one size near the budget."""
    spare = sentence.number(match, "e")
    limits = [sentence.number(found, "b" if found["b"] else "c") for found in _LIMIT.finditer(sentence.text)]
    if not limits and "the" in match[0]:
        said = [(one, found) for one in masks(sentence.document) for found in _UNDER.finditer(one.text)]
        limits = [one.number(found, "b") for one, found in said]
        limits = [one for one in limits if one.dimension == "bytes"]
    if len(limits) != 1 or limits[0].dimension != spare.dimension or not spare.dimension:
        return
    near = [
        one
        for one in _before(sentence, match)
        if one is not limits[0]
        and one.dimension == spare.dimension
        and limits[0].value / 2 <= one.value <= limits[0].value
    ]
    near = near[-1:] if near and near[-1].end > spare.start - 6 else near
    if len({one.value for one in near}) != 1:
        return
    computed = limits[0].given - near[0].given
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(spare, [computed]),
        statement=sentence.excerpt(match),
        stated=spare,
        computed=computed,
        rests=f"{limits[0].text} less {near[0].text} ({sentence.document.place(near[0].start)})",
    )


def _before(sentence: Mask, match: re.Match[str]) -> list[Number]:
    return [number for number, at in zip(sentence.numbers, sentence.at, strict=True) if at < match.start()]
