"""Parameters × bytes against the size of the checkpoint, and pieces of a sum in brackets: ``89 (80 + 9)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Finding
from harness.audit.judge import readings, verdict
from harness.audit.masks import PLAIN, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import point
from harness.audit.text import Document

NAME = "size"
PARTS = "parts"
_PARAMETERS = re.compile(r"\b(?:params?|parameters)\b", re.I)
_SIZE = re.compile(
    r"\b(?:ckpt|checkpoint|weights?|safetensors|model)\s+(?:file\s+)?size\b|\bfile size\b", re.I
)
DTYPES = {
    "fp32": 4,
    "float32": 4,
    "f32": 4,
    "bf16": 2,
    "bfloat16": 2,
    "fp16": 2,
    "float16": 2,
    "int8": 1,
    "fp8": 1,
}
_WIDTHS = (4, 2, 1)
HEADER = 100
"""A header may add a part in a hundred to the bytes of the values."""
_SUMMED = re.compile(
    rf"(?P<total>{PLAIN})(?:[\s-]*{W}){{0,7}}\s*\((?P<lead>[^()\ue000-\ue004]{{0,20}})(?P<a>{PLAIN})(?P"
    rf"<x>[^()\ue000-\ue004]{{1,30}})\+\s*"
    rf"(?P<b>{PLAIN})(?P<rest>[^()]*)"
)
_PLUS = re.compile(
    rf"(?P<a>{PLAIN})(?P<x>[^()\ue000-\ue004.;:]{{0,90}}?(?:\([^()]*\)[^()\ue000-\ue004.;:]{{0,20}})?)"
    rf"\bplus\s+(?P<b>{PLAIN})"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries one stated checkpoint size against one stated number of parameters, and sums in brackets."""
    yield from _sizes(document)
    for sentence in masks(document):
        for match in _SUMMED.finditer(sentence.text):
            yield from _summed(sentence, match)
        for match in _PLUS.finditer(sentence.text):
            yield from _plus(sentence, match)


def _sizes(document: Document) -> Iterator[Finding]:
    sizes = _labelled(document, _SIZE, "bytes")
    counts = [one for one in _labelled(document, _PARAMETERS, "") if one.value >= 10_000]
    if not sizes or not counts:
        return
    size, count = sizes[0], min(counts, key=lambda one: one.step)
    apart = [one for one in sizes if not _near(one, size)] + [one for one in counts if not _near(one, count)]
    if apart:
        return
    ratio = size.value / count.value
    widths = {DTYPES[found.lower()] for found in re.findall("|".join(DTYPES), document.text, re.I)}
    holds = any(width * (1 - 1 / HEADER) <= ratio <= width * (1 + 3 / HEADER) for width in _WIDTHS)
    packed = re.search(r"\b(?:int4|4-?bit|8-?bit|q[2-8]_|gguf|awq|gptq|quanti[sz]ed)", document.text, re.I)
    short = not packed and len(widths) == 1 and ratio < min(widths) * (1 - 5 / HEADER)
    if holds or short:
        width = min(widths) if short else min(_WIDTHS, key=lambda one: abs(one - float(ratio)))
        yield verdict(
            document,
            NAME,
            holds=not short,
            statement=f"{count.text} parameters of {width} bytes fit in a checkpoint of {size.text}",
            stated=size,
            computed=readings(count)[0] * point(width),
            rests=f"{count.text} × {width} ({document.place(count.start)})",
        )


def _near(one: Number, other: Number) -> bool:
    return abs(one.value - other.value) * 50 <= other.value


def _labelled(document: Document, label: re.Pattern[str], dimension: str) -> list[Number]:
    """Returns the numbers on lines that carry a label, at most a few words after it or before it."""
    found = []
    for match in label.finditer(document.text):
        line = document.line(match.start())
        start, end = document.starts[line - 1], document.starts[line - 1] + len(document.lines[line - 1])
        after = [
            n for n in document.within(match.end(), min(end, match.end() + 40)) if n.dimension == dimension
        ]
        before = [
            n
            for n in document.within(max(start, match.start() - 25), match.start())
            if n.dimension == dimension
        ]
        found += after[:1] or before[-1:]
    return found


def _summed(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``89 emotions (80 unpaired + 9 in pairs)``, ``8-layer (4 attention + 4 other)``: counts only."""
    total, a, b = (sentence.number(match, name) for name in ("total", "a", "b"))
    rest = [number for number in sentence.numbers if _inside(sentence, match, number)]
    more = re.search(r"\+|×|\*|=|/|->|→", match["rest"]) or re.search(r"[×*=/→]", match["x"] + match["lead"])
    if not (total.counts and a.counts and b.counts) or more or total.value < max(a.value, b.value):
        return
    if re.search(r"\b(?:per|each|of|every)\b", match["x"]) or len(rest) > 3:
        return
    computed = a.given + b.given
    holds = computed.lo == total.value
    if holds or abs(computed.lo - total.value) * 5 <= total.value:
        yield verdict(
            sentence.document,
            PARTS,
            holds=holds,
            statement=sentence.excerpt(match),
            stated=total,
            computed=computed,
            rests=f"{a.text} + {b.text} ({sentence.document.place(a.start)})",
        )


def _inside(sentence: Mask, match: re.Match[str], number: Number) -> bool:
    at = sentence.at[sentence.index(number)]
    return match.start() <= at < match.end()


def _plus(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Tells that ``171 … plus 28`` make a total stated in the document; others are of something else."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    if not (a.counts and b.counts):
        return
    document = sentence.document
    line = document.line(a.start)
    for total in document.numbers:
        if total.counts and total.value == a.value + b.value and abs(document.line(total.start) - line) <= 15:
            yield verdict(
                document,
                PARTS,
                holds=True,
                statement=f"{a.text} plus {b.text}",
                stated=total,
                computed=a.given + b.given,
                rests=document.place(a.start),
            )
            return
