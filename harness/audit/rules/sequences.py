"""Inequalities between figures, and words of direction: ``4.43 < 4.50 < 4.80``, ``lower (0.03 vs 0.04)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import verdict
from harness.audit.masks import LEVEL, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range
from harness.audit.text import Document

NAME = "order"
_INEQUALITY = re.compile(
    rf"(?P<a>{LEVEL})\s*(?P<rel><=|>=|≤|≥|<|>)(?![<>=-])\s*(?:(?:{W}\s*=?\s*){{1,3}})?(?P<b>{LEVEL})"
)
_DOWN = (
    r"(?:lower(?:ed)?|smaller|shorter|fewer|less|reduc(?:ed?|es|ing)|decreas(?:ed?|es|ing)|drop(?:s|pe"
    r"d)?|fell|falls|fall"
    r"|shrank|shrunk|narrow(?:ed|s)|declin(?:ed|es)|closed|cut|down|shortened)"
)
_UP = (
    r"(?:higher|larger|longer|bigger|greater|increas(?:ed?|es|ing)|rises?|rose|grew|grows|raised?|up|w"
    r"iden(?:ed|s)"
    r"|extended|climbed|climbs)"
)
_ARROW = r"(?:to|→|->)"
_UNIT = rf"\s*(?:(?!to\b|and\b|from\b|or\b){W}\s*){{0,2}}?"
_FROM_TO = re.compile(
    rf"\b(?P<word>{_DOWN}|{_UP})\b(?:\s+{W}){{0,4}}?\s+from\s+(?P<a>{LEVEL}){_UNIT}{_ARROW}\s*"
    rf"(?:{W}\s+){{0,1}}"
    rf"(?P<b>{LEVEL})",
    re.I,
)
_VERSUS = re.compile(
    rf"\b(?P<word>lower|smaller|shorter|fewer|higher|larger|longer|bigger)\s+(?:{W}\s+){{0,3}}\((?P<b>"
    rf"{LEVEL})\s*"
    rf"(?:vs\.?|versus|instead of|rather than)\s*(?P<a>{LEVEL})\s*\)",
    re.I,
)
_DOWN_FROM = re.compile(
    rf"(?P<b>{LEVEL})\s*\(\s*(?:{W}\s+)?(?P<word>down|up|reduced|increased|raised|lowered)\s+from\s+"
    rf"(?P<a>{LEVEL})",
    re.I,
)
_NAMED = re.compile(
    rf"\b(?P<word>descent|decrease|drop|fall|reduction|rise|increase|growth)\b[^.;\ue000-\ue004]{{0,40}}"
    rf"(?:\ue000\s+)?[^.;\ue000-\ue004]{{0,12}}"
    rf"(?P<a>{LEVEL})\s*(?:→|->)\s*(?:{W}\s+){{0,3}}(?P<b>{LEVEL})"
)
_RISING = re.compile(r"rise|increase|growth")
_DOWNWARD = re.compile(_DOWN + r"\Z", re.I)


def judge(document: Document) -> Iterator[Finding]:
    """Tries inequalities of two figures outside of code, and words of direction with both figures."""
    for sentence in masks(document):
        position = 0 if sentence.block.kind != "code" else len(sentence.text)
        while match := _INEQUALITY.search(sentence.text, position):
            position = match.start("b")
            yield from _inequality(sentence, match)
        for pattern in (_FROM_TO, _VERSUS, _DOWN_FROM, _NAMED):
            for match in pattern.finditer(sentence.text):
                yield from _direction(sentence, match)


def _inequality(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    code = re.match(r"\s*\)?\s*(?:\?|&&|\|\||;\s*$)", sentence.text[match.end() :])
    if a.dimension != b.dimension or _listed(sentence, match) or code:
        return
    if match["rel"][0] in "<≤":
        small, large = a, b
    else:
        small, large = b, a
    strict = match["rel"] in ("<", ">")
    yield _ordered(sentence, sentence.excerpt(match), small, large, b, a, strict=strict)


def _listed(sentence: Mask, match: re.Match[str]) -> bool:
    """Tells a trail of page numbers or steps (``1 > 2 > 3``) from an inequality that is false."""
    whole = sentence.number(match, "a").counts and sentence.number(match, "b").counts
    trail = re.compile(rf"{LEVEL}[^\ue000-\ue004()]*>[^\ue000-\ue004()]*{LEVEL}[^\ue000-\ue004()]*>")
    return whole and match["rel"] == ">" and trail.search(sentence.text) is not None


def _direction(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    if a.dimension != b.dimension or re.search(r"\b(?:better|than)\b", match[0]):
        return
    if _DOWNWARD.match(match["word"]) or (match.re is _NAMED and not _RISING.match(match["word"])):
        small, large = b, a
    else:
        small, large = a, b
    yield _ordered(sentence, sentence.excerpt(match), small, large, b, a, strict=False)


def _ordered(
    sentence: Mask,
    statement: str,
    small: Number,
    large: Number,
    stated: Number,
    other: Number,
    *,
    strict: bool,
) -> Finding:
    """Makes the finding that one number is below another, as far as their digits tell."""
    holds = _value(small).lo <= _value(large).hi
    if strict and small.value == large.value and small.text.strip() == large.text.strip():
        holds = False
    return verdict(
        sentence.document,
        NAME,
        holds=holds,
        statement=statement,
        stated=stated,
        computed=Range(other.value, other.value),
        rests=sentence.document.place(other.start),
    )


def _value(number: Number) -> Range:
    return number.given
