"""Figures in a row that their sentence calls monotone: ``3.98, 3.71, 3.58 decreases monotonically``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from harness.audit.findings import Figure, Finding, Said
from harness.audit.masks import PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.text import Document

NAME = "monotone"
_DOWN_LIST = re.compile(
    rf"(?P<list>{PLAIN}(?:\s*(?:,|→|->|,\s*and|>)\s*{PLAIN}){{2,}})(?P<gap>[^.;\ue000-\ue004]{{0,60}}?)"
    rf"\bmonoton(?:ically|ic|e)\b"
    rf"|\bmonoton(?:ically|ic|e)\b[^.;\ue000-\ue004]{{0,50}}?(?P<after>{PLAIN}(?:\s*(?:,|→|->|,\s*and)"
    rf"\s*{PLAIN}){{2,}})"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries figures in a row that the same sentence calls monotone."""
    for sentence in masks(document):
        for match in _DOWN_LIST.finditer(sentence.text):
            group = "list" if match["list"] else "after"
            found = [
                number
                for number, at in zip(sentence.numbers, sentence.at, strict=True)
                if match.start(group) <= at < match.end(group)
            ]
            if re.search(r"\bnot\b|n't\b|\bnon-?\Z", match[0][:-3]) or "non-monoton" in match[0]:
                continue
            down, up = found[-1].value < found[0].value, found[-1].value > found[0].value
            wrong = [
                (a, b)
                for a, b in pairwise(found)
                if (down and b.value > a.value) or (up and b.value < a.value)
            ]
            first, second = wrong[0] if wrong else (found[0], found[-1])
            yield _said(sentence, match, first, second, holds=not wrong)


def _said(sentence: Mask, match: re.Match[str], first: Number, second: Number, *, holds: bool) -> Finding:
    document = sentence.document
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=sentence.excerpt(match),
        stated=Figure(shown=first.text.strip(), place=document.place(first.start)),
        found=Figure(shown=second.text.strip(), place=document.place(second.start)),
        margin="" if holds else f"said at {document.place(sentence.span(match)[0])}",
    )
