"""Changes of two values of one sentence, in other forms: ``31.2, which is 1.9 points above the 29.3``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.audit.findings import Finding
from harness.audit.judge import verdict
from harness.audit.masks import LEVEL, PERCENT, PLAIN, RATIO, SIGNED_PERCENT, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.relate import askable, explained, nearest
from harness.audit.text import Document

NAME = "contrast"
_GAP = rf"(?:\s*(?:/\s*)?{W}){{0,4}}?"
_TO = r"(?:→|->|=>|\bto\b|\bvs\.?|\bversus\b)"
_STEP = rf"(?:\s+(?:at|after)\s+(?:step|epoch|iter|iteration)\s+{PLAIN})?"
_ARROW = re.compile(
    rf"(?P<a>{PLAIN}|{PERCENT}){_GAP}{_STEP}\s*{_TO}{_GAP}\s*(?P<b>{PLAIN}|{PERCENT})"
    rf"(?P<unit>{_GAP}){_STEP}\s*[(=]\s*(?P<e>[{RATIO}{PERCENT}{SIGNED_PERCENT}])"
    rf"\s*(?P<end>\)|\.\s|\.?\Z|relative\b|rel\b)"
)
_BY = re.compile(
    rf"\bby\s+(?:about\s+|some\s+)?(?P<e>[{PERCENT}{RATIO}])\s*\(\s*(?:from\s+)?"
    rf"(?P<a>{PLAIN}){_GAP}\s*{_TO}{_GAP}\s*(?P<b>{PLAIN}){_GAP}\s*\)"
)
_BESIDE = re.compile(
    rf"(?P<a>{LEVEL})(?:\s+{W}){{0,6}}?(?:\s*\([^()]{{1,20}}\))?,\s+(?:which\s+is\s+|that\s+is\s+|i\.e\.\s+)?(?:about\s+)?"
    rf"(?P<e>{PLAIN}|{PERCENT})\s+(?:percentage\s+)?"
    rf"(?:points?|nats|bits|pp|pts)?\s*(?:above|below|over|under|better than|worse than|higher than"
    rf"|lower than|more than|less than)\s+"
    rf"(?:(?!\bno\b){W}\s+){{0,4}}?(?P<b>{LEVEL})"
)
_IN_BRACKETS = re.compile(
    rf"\b(?:of|by|costs?|gain|loss|drop|gap)\s+(?:only\s+|about\s+)?(?P<e>{PLAIN})(?:\s+{W})?\s*\(\s*"
    rf"(?:from\s+)?(?P<a>{PLAIN})\s*{_TO}\s*(?P<b>{PLAIN})\s*\)"
)
_FROM_BY = re.compile(
    rf"\bfrom\s+(?P<a>{LEVEL}){_GAP}\s+to\s+(?P<b>{LEVEL}){_GAP}\s*[,(]\s*(?:i\.e\.,?\s*)?(?:that is,?"
    rf"\s*)?by\s+(?P<e>{LEVEL}|{PERCENT}|{RATIO})"
)
_POINTS = re.compile(
    rf"\b(?:gain|drop|rise|fall|improvement|increase|loss|difference)\s+of\s+(?P<e>{PLAIN})\s+"
    rf"(?:percentage\s+)?(?:points|pp|pts)\b"
)
_NAMED = re.compile(
    r"\b(?:descent|drop|decrease|difference|reduction|fall|rise|increase|improvement)\s+of\s+(?:about\s+)?"
    r"(?P<e>[\ue000\ue002])"
)
_SIZE = re.compile(
    rf"(?P<e>{RATIO}|{PERCENT})\s+(?P<word>smaller|larger|bigger|reduction|less|faster|slower|longer"
    rf"|shorter|saving|saved|speed-?up)\b(?!\s+than)"
)
_SETTING = re.compile(
    r"\b(?:lr|learning rate|rate|decay|wd|dropout|temperature|batch|seq|rank|threshold|warmup|alpha|beta|k"
    r"|top_?[kp])\W*\Z",
    re.I,
)
_GREW = re.compile(
    r"\b(?:grown?|grew|increased|rose|raised|enlarged|reduced|shrunk|cut|extended)\b[^.;]{0,20}\Z", re.I
)
_AT = re.compile(
    r"\b(?:step|iter|iteration|epoch|layer|seed|rank|version|stage|phase|table|figure|section)s?\s*\Z", re.I
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries changes whose two values the same sentence gives."""
    for sentence in masks(document):
        if sentence.block.kind in ("code", "line"):
            continue
        for pattern in (_ARROW, _BY, _BESIDE, _FROM_BY, _IN_BRACKETS):
            for match in pattern.finditer(sentence.text):
                yield from _direct(sentence, match)
        for match in _NAMED.finditer(sentence.text):
            yield from _named(sentence, match)
        for match in _POINTS.finditer(sentence.text):
            yield from _points(sentence, match)
        for match in _SIZE.finditer(sentence.text):
            yield from _sized(sentence, match)


def _direct(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b, change = (sentence.number(match, name) for name in "abe")
    before = sentence.text[max(0, match.start() - 40) : match.start()]
    if _SETTING.search(before) or _AT.search(before) or _AT.search(sentence.text[: match.start("b")][-12:]):
        return
    counted = change.dimension == "percent" and a.counts and b.counts and "/" not in match[0]
    if match.re is _ARROW and counted and not (_GREW.search(before) or explained(a, b, change)):
        return
    if not askable(a, b, change) or (
        match.re is _BESIDE and abs(change.value) > max(abs(a.value), abs(b.value))
    ):
        return
    if match.re is _BESIDE and (a.counts or b.counts) and change.dimension == "percent":
        return
    yield _finding(sentence, match, a, b, change)


def _before(sentence: Mask, match: re.Match[str], like: Number) -> list[Number]:
    """Returns the figures of the sentence before a match that are of a kind with one."""
    text = sentence.text
    start = max(text.rfind(mark, 0, match.start()) for mark in (". ", "! ", "? "))
    return [
        number
        for number, at in zip(sentence.numbers, sentence.at, strict=True)
        if start < at < match.start() and number.dimension == like.dimension and not number.signed
    ]


def _named(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``9.01 at the start, 3.412 at the end, a descent of 5.598``."""
    change = sentence.number(match, "e")
    values = [one for one in _before(sentence, match, change) if not one.counts]
    if len(values) != 2 or change.counts or not askable(values[0], values[1], change):
        return
    yield _finding(sentence, match, values[0], values[1], change)


def _points(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``71.5%, up from 66.0%, a gain of 5.5 points``."""
    change = sentence.number(match, "e")
    values = _before(sentence, match, replace(change, dimension="percent"))
    if len(values) == 2 and askable(values[0], values[1], change):
        yield _finding(sentence, match, values[0], values[1], change)


def _sized(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``192.8 MB, int8 49.1 MB → 3.93× smaller`` by the only two sizes, or times, before it."""
    change = sentence.number(match, "e")
    kind = (
        "seconds"
        if match["word"] in ("faster", "slower", "longer", "shorter", "speed-up", "speedup")
        else "bytes"
    )
    values = [
        number for number in _before(sentence, match, replace(change, dimension=kind)) if not number.more
    ]
    if not values and match["word"] in ("smaller", "larger", "bigger"):
        values = [one for one in _all_before(sentence, match) if one.scaled and not one.dimension]
        values = (
            values
            if len(values) == 2 and re.search(r"i\.e\.\s*(?:about\s*)?\Z", sentence.text[: match.start()])
            else []
        )
    if len(values) == 2 and askable(values[0], values[1], change):
        if re.search(r"\(\s*\Z", sentence.text[: match.start()]) and _ARROW.search(sentence.text):
            return
        yield _finding(sentence, match, values[0], values[1], change)


def _all_before(sentence: Mask, match: re.Match[str]) -> list[Number]:
    return [number for number, at in zip(sentence.numbers, sentence.at, strict=True) if at < match.start()]


def _finding(sentence: Mask, match: re.Match[str], a: Number, b: Number, change: Number) -> Finding:
    document = sentence.document
    return verdict(
        document,
        NAME,
        holds=explained(a, b, change),
        statement=sentence.excerpt(match),
        stated=change,
        computed=nearest(a, b, change),
        rests=f"from {a.text.strip()} and {b.text.strip()} ({document.place(a.start)})",
    )
