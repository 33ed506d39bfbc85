"""Metrics that follow from others of their sentence: perplexity, bits and the loss of a uniform guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from harness.audit import ranges
from harness.audit.findings import Finding
from harness.audit.judge import fits, readings, verdict
from harness.audit.masks import PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document

NAME = "metric"
_NAME = r"(?:\s+of\s+[A-Z]\w*)?"
_PERPLEXITY = re.compile(rf"\b(?:perplexity|ppl)\b{_NAME}\s*(?:[:=≈]|\bis\b|\bof\b)?\s*(?P<n>{PLAIN})", re.I)
_BITS = re.compile(
    rf"(?P<n>{PLAIN})\s*(?:bits\s*(?:per|/)\s*(?:token|char\w*|byte|symbol)|bpc\b|bpb\b|bits/\w+)", re.I
)
_PER_BYTE = re.compile(rf"(?P<k>{PLAIN})\s*(?:per|/)\s*token", re.I)
_LOSS = re.compile(r"\b(?:loss|nll|cross-?\s?entropy|ce|nats)\b", re.I)
_UNIFORM = re.compile(
    rf"\buniform\b[^\ue000-\ue004.;]{{0,40}}?(?:\bover\s+(?:the\s+)?"
    rf"(?P<v>{PLAIN})[^\ue000-\ue004.;]{{0,40}}?)?"
    rf"(?:costs?|is|would be|gives|=|≈|of)\s+(?:about\s+)?(?P<n>{PLAIN})\s*nats",
    re.I,
)
_BOTH = re.compile(
    rf"(?P<a>{PLAIN})\s+nats\s*(?:=|≈|\(|,?\s*or|are|is|equals?|corresponds?\s+to)\s*(?P<n>{PLAIN})\s+bits\b(?!\s*per\s+token)"
)
_THAT = re.compile(r"\s*(?:That|This|Which|In bits)\b")
_OTHER = re.compile(
    r"\s*(?:on|for|of|over|from|with|at|in|under|when|after|per)\b(?!\s+(?:the\s+)?(?:end|total)|\s+"
    r"\ue000\s+per)|\s*\(\s*(?!(?:i\.e|exp|e\^|rounded|nats|base|about)\b)[A-Za-z]"
)
"""What a metric is of where that follows it: another set (``(held-out)``) or unit (``(word-level)``)."""
LN2 = ranges.apply("ln", point(2))
SLACK = Fraction(1, 50)
"""How far a perplexity that only stands near its loss may be off: it may be a mean over other batches."""
MOST = 4
"""Losses that one sentence may give for the metric to be of one of them."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries each metric against the losses of its sentence."""
    for sentence in masks(document):
        if sentence.block.kind == "line":
            continue
        for match in _PERPLEXITY.finditer(sentence.text):
            yield from _of_loss(sentence, match, "perplexity = exp(loss)", _powers)
        for match in _BITS.finditer(sentence.text):
            yield from _of_loss(sentence, match, "bits = nats / ln 2", _bits(sentence, match))
        for match in _BOTH.finditer(sentence.text):
            yield from _both(sentence, match)
        for match in _UNIFORM.finditer(sentence.text):
            yield from _uniform(sentence, match)


def _powers(loss: Range) -> list[Range]:
    return [ranges.apply("exp", loss), ranges.apply("exp", loss * LN2)]


def _bits(sentence: Mask, match: re.Match[str]) -> Callable[[Range], list[Range]]:
    """Returns how bits follow from nats: per symbol, or per byte where the bytes of a symbol are given."""
    span = _sentence(sentence.text, match)
    found = [sentence.number(one, "k") for one in _PER_BYTE.finditer(sentence.text, *span)]
    each = [number.given for number in found if number.dimension == "bytes"]

    def bits(loss: Range) -> list[Range]:
        return [loss / LN2, *(loss / LN2 / one for one in each)]

    return bits


def _sentence(text: str, match: re.Match[str]) -> tuple[int, int]:
    start = max(text.rfind(mark, 0, match.start()) for mark in (". ", "! ", "? ", "  "))
    ends = [at for mark in (". ", "! ", "? ") if (at := text.find(mark, match.end())) >= 0]
    return start + 1, min(ends, default=len(text))


def _of_loss(
    sentence: Mask, match: re.Match[str], words: str, formula: Callable[[Range], list[Range]]
) -> Iterator[Finding]:
    stated = sentence.number(match, "n")
    if stated.dimension or stated.value <= 0:
        return
    near, wide = _losses(sentence, match, stated)
    for loss in (*near, *wide):
        if fits(stated, _applied(formula, loss)):
            yield _finding(sentence, words, stated, loss, _applied(formula, loss), holds=True)
            return
    start, end = _sentence(sentence.text, match)
    that = bool(_THAT.match(sentence.text, start)) and start > 2
    first = _before(sentence.text, start - 2) if that else start
    clear = _LOSS.search(sentence.text, first, end) and not _OTHER.match(sentence.text, match.end())
    if near and len(near) <= MOST and clear and (that or _of_these(sentence.text[start : match.start()])):
        best = min(near, key=lambda one: abs(_applied(formula, one)[0].middle - stated.value))
        beside = re.search(rf"{PLAIN}\s*\(\s*(?:\w+\s*)?\Z", sentence.text[: match.start()])
        if not beside and abs(_applied(formula, best)[0].middle - stated.value) <= SLACK * stated.value:
            return
        yield _finding(sentence, words, stated, best, _applied(formula, best), holds=False)


def _of_these(before: str) -> bool:
    """Tells whether a metric is set beside losses as another form of them, in brackets or after a comma."""
    return (
        re.search(rf"{PLAIN}[^.]{{0,60}}?[(,;]\s*(?:or\s+|i\.e\.\s*)?(?:{PLAIN}\s*,\s*)*\Z", before)
        is not None
    )


def _before(text: str, position: int) -> int:
    """Returns where the sentence before a position starts."""
    return max(text.rfind(mark, 0, position) for mark in (". ", "! ", "? ", "  ")) + 1


def _losses(sentence: Mask, match: re.Match[str], stated: Number) -> tuple[list[Number], list[Number]]:
    """Returns the figures that may be its loss: those of the sentence, and those of the block."""
    span = _sentence(sentence.text, match)
    if _THAT.match(sentence.text, span[0]) and span[0] > 2:
        span = (_before(sentence.text, span[0] - 2), span[1])
    near, wide = [], []
    for number, at in zip(sentence.numbers, sentence.at, strict=True):
        plain = not number.dimension and not number.signed and not number.counts and 0 < number.value < 15
        if number is stated or not plain or number.scaled:
            continue
        if span[0] <= at < span[1]:
            if not _PERPLEXITY.search(sentence.text[max(0, at - 20) : at + 1]) and not _BITS.match(
                sentence.text, at
            ):
                near.append(number)
        elif abs(at - match.start()) < 300:
            wide.append(number)
    return near, wide


def _applied(formula: Callable[[Range], list[Range]], loss: Number) -> list[Range]:
    try:
        return formula(loss.given)
    except Undefined:
        return []


def _uniform(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``a uniform guess over the 50,304 entries costs 10.83 nats``."""
    if not match["v"]:
        return
    stated, vocabulary = sentence.number(match, "n"), sentence.number(match, "v")
    if vocabulary.value < 2:
        return
    computed = [ranges.apply("ln", one) for one in readings(vocabulary)]
    yield _finding(
        sentence,
        "the loss of a uniform guess is ln of the choices",
        stated,
        vocabulary,
        computed,
        holds=fits(stated, computed),
    )


def _both(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``0.0134 nats = 0.0193 bits``."""
    nats, bits = sentence.number(match, "a"), sentence.number(match, "n")
    computed = [nats.given / LN2]
    yield _finding(sentence, "bits = nats / ln 2", bits, nats, computed, holds=fits(bits, computed))


def _finding(
    sentence: Mask, words: str, stated: Number, rest: Number, computed: Sequence[Range], *, holds: bool
) -> Finding:
    document = sentence.document
    best = min(computed, key=lambda one: abs(one.middle - stated.value))
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{words}: {stated.text.strip()}",
        stated=stated,
        computed=best,
        rests=f"from {rest.text.strip()} ({document.place(rest.start)})",
    )
