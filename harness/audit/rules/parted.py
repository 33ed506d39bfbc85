"""Shares and times of one sentence: ``Of 1,200 examples, 900 passed (72 %)``, ``40% web, 30% code, …``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PERCENT, PLAIN, Mask, W, masks
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document

NAME = "parted"
_OF = re.compile(
    rf"\bof\s+(?:the\s+|all\s+|our\s+|these\s+)*(?P<w>{PLAIN})(?:\s+{W}){{1,3}}\s*,\s*(?P<p>{PLAIN})(?:\s+{W}){{1,3}}"
    rf"\s*\(\s*(?P<s>{PERCENT})\s*\)",
    re.I,
)
_MIX = re.compile(
    rf"(?:\A|[.:;]\s+|\b(?:mix|mixture|split|composition|blend)\b[^.:;]{{0,30}}[:(]\s*)(?P<list>{PERCENT}\s+{W}(?:\s*,\s*(?:and\s+)?{PERCENT}"
    rf"\s+{W}){{2,8}})(?:\s+and\s+(?P<last>{PERCENT})\s+{W})?\s*[.)]?\s*(?:\Z|\.|\))",
    re.I,
)
_LEAD = re.compile(r"\b(?:data(?:set)?s?|mix\w*|corpus|split|composition|blend|sources?)\b", re.I)
_TIME = re.compile(
    rf"(?P<each>{PLAIN})\s+(?:per|a|each|/)\s*(?P<what>step|iteration|update|sample|example|utterance|epoch)\b\s*,\s*"
    rf"(?:so\s+)?(?:the\s+)?(?P<n>{PLAIN})\s+(?P=what)s\s+(?:take|took|need|last)s?\s+(?P<t>{PLAIN})",
    re.I,
)


_HEADS = re.compile(
    rf"(?P<n>{PLAIN})\s+heads\s+of\s+(?:dim(?:ension)?\s+)?(?P<each>{PLAIN})(?:\s+(?:dims?|dimensions?|channels))?"
    rf"\s*(?:[:,=]|give|make|for|so|i\.e\.|->|→|\s)\s*(?:a\s+)?(?:d_model|width|hidden size|model dim\w*)\s*"
    rf"(?:of|=|:)?\s*(?P<t>{PLAIN})",
    re.I,
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries shares of a whole that the sentence gives, mixtures, widths of heads and times of steps."""
    for sentence in masks(document):
        if sentence.block.kind in ("code", "line"):
            continue
        for match in _OF.finditer(sentence.text):
            yield from _share(sentence, match)
        for match in _MIX.finditer(sentence.text):
            yield from _mixture(sentence, match)
        for match in _HEADS.finditer(sentence.text):
            yield from _heads(sentence, match)
        for match in _TIME.finditer(sentence.text):
            yield from _time(sentence, match)


def _share(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    whole, part, stated = (sentence.number(match, group) for group in "wps")
    if not (whole.counts and part.counts and 0 < part.value <= whole.value):
        return
    computed = part.given / whole.given
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]),
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{part.text} of {whole.text} ({sentence.document.place(whole.start)})",
    )


def _mixture(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges a mixture that says what it is of and lists shares of near all of it."""
    if not _LEAD.search(sentence.text[max(0, match.start("list") - 60) : match.start("list")]):
        return
    spans = [at for at in range(match.start("list"), match.end()) if sentence.text[at] == PERCENT]
    parts = [number for number, at in zip(sentence.numbers, sentence.at, strict=True) if at in spans]
    total = sum((one.value for one in parts), Fraction(0))
    slack = sum((one.step for one in parts), Fraction(0)) / 2
    if len(parts) < 3 or not Fraction(4, 5) <= total <= Fraction(6, 5) or any(one.about for one in parts):
        return
    yield verdict(
        sentence.document,
        NAME,
        holds=abs(total - 1) <= slack,
        statement=f"{sentence.excerpt(match)}: together 100 %",
        stated=parts[-1],
        computed=point(parts[-1].value + 1 - total),
        rests=f"what the others leave of 100 % ({sentence.document.place(parts[0].start)})",
    )


def _heads(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    heads, each, stated = (sentence.number(match, group) for group in ("n", "each", "t"))
    if not (heads.counts and each.counts and stated.counts):
        return
    computed = heads.given * each.given
    yield verdict(
        sentence.document,
        NAME,
        holds=computed.middle == stated.value,
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{heads.text} × {each.text} ({sentence.document.place(each.start)})",
    )


def _time(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    each, count, stated = (
        sentence.number(match, "each"),
        sentence.number(match, "n"),
        sentence.number(match, "t"),
    )
    if each.dimension != "seconds" or stated.dimension != "seconds" or count.dimension:
        return
    try:
        computed: Range = each.given * count.given
    except Undefined:
        return
    near = abs(computed.middle - stated.value) <= stated.step / 2 + abs(stated.value) / 20
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]) or near,
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{each.text} × {count.text} ({sentence.document.place(each.start)})",
    )
