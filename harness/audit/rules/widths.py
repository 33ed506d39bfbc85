"""Bytes of a file against parameters and the type named beside it, and sizes restated in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, readings, verdict
from harness.audit.masks import PLAIN, Mask, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, point
from harness.audit.roles import mentions_of
from harness.audit.rules.sizes import DTYPES
from harness.audit.text import Document

NAME = "width"
_DTYPE = re.compile(rf"\b(?:{'|'.join(DTYPES)})\b", re.I)
_FILE = re.compile(r"\b(?:checkpoint|ckpt|file|weights|safetensors|model size|download)\b", re.I)
_OTHER = re.compile(
    r"\b(?:optimi[sz]er|gradients?|activations?|memory|RAM|VRAM|cache|GPU|adamw?|moments?|states?|corpus"
    r"|dataset|data)\b",
    re.I,
)
_TWICE = re.compile(
    rf"(?P<a>{PLAIN})\s*\(\s*(?:=|≈|about|~)?\s*(?P<b>{PLAIN})\s*(?:,|/|;|or)\s*(?P<c>{PLAIN})\s*\)"
)
_AT = re.compile(
    rf"(?P<p>{PLAIN})\s+param\w*\s+(?:at|of|×|x|with)\s+(?P<w>{PLAIN})\s*(?:each\s*)?(?:are|is|=|make|need"
    rf"|take|give)\s+(?P<n>{PLAIN})"
)
_BITS = re.compile(
    rf"(?P<w>{PLAIN})\s+bits\s+(?:per|/)\s+(?:weight|parameter|param)\b[^.\ue000-\ue004]{{0,20}}[:,;]?\s*"
    rf"(?P<p>{PLAIN})\s+(?:weights|param\w*)\s+"
    rf"(?:take|need|are|use|occupy|fit in|make)\s+(?P<n>{PLAIN})"
)
_BARE = re.compile(rf"{PLAIN}\s+(?:param\w*|weights)\s*[,(:]\s*\Z")
_MORE = re.compile(
    rf"(?P<w>{PLAIN})\s+(?:per|/)\s*param\w*\s*,?\s*(?:another|or|i\.e\.|which is|=)\s+(?P<n>{PLAIN})"
)
_PACKED = re.compile(
    r"zstd|zlib|lzma|brotli|gzip|compress|int[2-7]\b|[2-7]-?bit|ternary|quanti[sz]ed to", re.I
)
NEAR = 45
"""How far, in characters, a type may stand from the size that it is of."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries sizes of files beside their type, bytes per parameter, and sizes given twice in brackets."""
    counts = [
        one.number for one in mentions_of(document) if one.role == "parameters" and one.number.value >= 10_000
    ]
    for sentence in masks(document):
        if sentence.block.kind == "code":
            continue
        for match in _TWICE.finditer(sentence.text):
            yield from _twice(sentence, match)
        for match in _AT.finditer(sentence.text):
            yield from _at(sentence, match)
        for match in _MORE.finditer(sentence.text):
            yield from _more(sentence, match)
        for match in _BITS.finditer(sentence.text):
            yield from _bits(sentence, match)
        if counts:
            yield from _typed(sentence, counts)


def _twice(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``248,951,808 bytes (249 MB, 237 MiB)``."""
    full, *rough = (sentence.number(match, name) for name in "abc")
    if full.dimension != "bytes" or not full.exact:
        return
    for one in rough:
        if one.dimension == "bytes":
            yield verdict(
                sentence.document,
                NAME,
                holds=fits(one, [point(full.value)]),
                statement=sentence.excerpt(match),
                stated=one,
                computed=point(full.value),
                rests=f"{full.text} ({sentence.document.place(full.start)})",
            )


def _at(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``1.02B parameters at 2 bytes are 2.04 GB``."""
    count, width, stated = (sentence.number(match, name) for name in "pwn")
    if width.dimension == "bytes" == stated.dimension and width.value <= 16:
        computed = [one * point(width.value) for one in readings(count)]
        yield _finding(sentence, match, stated, count, computed, holds=fits(stated, computed))


def _bits(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``6 bits per weight: 31.5M weights take 23.6 MB``."""
    count, width, stated = (sentence.number(match, name) for name in "pwn")
    if stated.dimension == "bytes" and not width.dimension and width.value <= 64:
        computed = [(one * point(width.value)).scaled(Fraction(1, 8)) for one in readings(count)]
        yield _finding(sentence, match, stated, count, computed, holds=fits(stated, computed))


def _more(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``8 bytes per parameter, another 8.16 GB`` by the one count of parameters of the block."""
    width, stated = sentence.number(match, "w"), sentence.number(match, "n")
    found = [
        sentence.number(other, "p")
        for other in re.finditer(rf"(?P<p>{PLAIN})\s+param", sentence.text[: match.start()])
    ]
    if len({one.value for one in found}) != 1 or not width.dimension == stated.dimension == "bytes":
        return
    computed = [one * point(width.value) for one in readings(found[0])]
    yield _finding(sentence, match, stated, found[0], computed, holds=fits(stated, computed))


def _typed(sentence: Mask, counts: list[Number]) -> Iterator[Finding]:
    """Judges ``fp32 checkpoint 192.8 MB`` against the parameters that the document gives one number of."""
    for number, at in zip(sentence.numbers, sentence.at, strict=True):
        if number.dimension != "bytes" or number.value < 10_000:
            continue
        start, end = max(0, at - NEAR), at + NEAR
        around = sentence.text[start:end]
        around = around[max(around.rfind(". ", 0, at - start), around.rfind(", ", 0, at - start)) + 1 :]
        around = re.split(r"(?<=[^\d])[.;](?:\s|\Z)", around[: NEAR * 2])[0] if "." in around else around
        types = {DTYPES[found.lower()] for found in _DTYPE.findall(around)}
        bare = _BARE.search(sentence.text[:at])
        named = bare or _FILE.search(sentence.text[max(0, at - 60) : end])
        if _PACKED.search(around) or len(types) != 1 or not named or _OTHER.search(around):
            continue
        (width,) = types
        own = [sentence.numbers[sentence.index(number) - 1]] if bare else counts
        yield from _sized(sentence, number, width, own)


def _sized(sentence: Mask, number: Number, width: int, counts: list[Number]) -> Iterator[Finding]:
    near = [one for one in counts if sentence.block.start - 1500 <= one.start <= sentence.block.end + 1500]
    for count in near:
        computed = [one * point(width) for one in readings(count)]
        loose = [Range(one.lo * 98 / 100, one.hi * 103 / 100) for one in computed]
        if fits(number, loose):
            yield _said(sentence, number, count, width, computed[0], holds=True)
            return
    if len({one.value for one in counts}) == 1:
        count = counts[0]
        expected = readings(count)[0] * point(width)
        off = abs(number.value - expected.middle) / expected.middle
        if Fraction(8, 100) < off < 8:
            yield _said(sentence, number, count, width, expected, holds=False)


def _said(
    sentence: Mask, number: Number, count: Number, width: int, computed: Range, *, holds: bool
) -> Finding:
    return verdict(
        sentence.document,
        NAME,
        holds=holds,
        statement=f"{count.text.strip()} parameters of {width} bytes in {number.text.strip()}",
        stated=number,
        computed=computed,
        rests=f"{count.text.strip()} × {width} ({sentence.document.place(count.start)})",
    )


def _finding(
    sentence: Mask, match: re.Match[str], stated: Number, rest: Number, computed: list[Range], *, holds: bool
) -> Finding:
    return verdict(
        sentence.document,
        NAME,
        holds=holds,
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed[0],
        rests=f"{rest.text.strip()} ({sentence.document.place(rest.start)})",
    )
