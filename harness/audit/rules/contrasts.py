"""Changes of two values of one sentence, in other forms: ``31.2, which is 1.9 points above the 29.3``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import LEVEL, PERCENT, PLAIN, RATIO, SIGNED_PERCENT, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, Undefined, point
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
_SPARE = re.compile(
    rf"(?P<e>{PLAIN})\s+(?:to spare|of headroom|headroom|left over|below the (?:cap|limit|budget))\b"
)
_LIMIT = re.compile(
    rf"(?P<b>{PLAIN})\s+(?:budget|cap|limit)\b|\b(?:budget|cap|limit)\s+(?:of|is)\s+(?P<c>{PLAIN})"
)
_UNDER = re.compile(rf"\b(?:under|below|cap of|limit of|budget of|at most)\s+(?P<b>{PLAIN})")
_SIZE = re.compile(
    rf"(?P<e>{RATIO}|{PERCENT})\s+(?P<word>smaller|larger|bigger|reduction|less|faster|slower|longer"
    rf"|shorter|saving|saved|speed-?up)\b(?!\s+than)"
)
_PEAK = re.compile(
    rf"(?P<a>{PLAIN})(?:[^.;\ue000-\ue004]{{0,60}}?)(?P<b>{PLAIN})\s*,?\s*\(?\s*(?:(?:i\.e\.\s*)?"
    rf"(?P<p>{PERCENT})\s+of\s+(?:its|the)\s+"
    rf"(?:peak|maximum|max|initial|start)|a\s+factor\s+of\s+(?P<f>{PLAIN}))"
)
_OF_IT = re.compile(
    rf"(?P<a>{PLAIN})\s*(?:{W}\s*){{0,2}}/\s*(?P<b>{PLAIN})(?:\s*{W}){{1,3}}\s*\(\s*(?P<w>one\s+half|half"
    rf"|one\s+third|a\s+third|one\s+quarter|"
    rf"a\s+quarter|one\s+fifth|one\s+tenth|a\s+tenth)\s*\)",
    re.I,
)
_WORDS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
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
    """Tries changes, factors and shares whose two values the same sentence gives."""
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
        for match in _PEAK.finditer(sentence.text):
            yield from _factor(sentence, match)
        for match in _OF_IT.finditer(sentence.text):
            yield from _part(sentence, match)
        for match in _SPARE.finditer(sentence.text):
            yield from _spare(sentence, match)


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


def _factor(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``6e-4 … to 6e-5, 10% of its peak`` and ``5e-4 to 5e-6 (a factor of 100)``."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    stated = sentence.number(match, "p" if match["p"] else "f")
    if a.dimension or b.dimension or not 0 < b.value < a.value:
        return
    try:
        computed = b.given / a.given if match["p"] else a.given / b.given
    except Undefined:
        return
    if b.step == b.value or a.scaled or b.scaled:
        computed = _exact(a, b, share=bool(match["p"]))
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]),
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{a.text} and {b.text} ({sentence.document.place(a.start)})",
    )


def _exact(a: Number, b: Number, *, share: bool) -> Range:
    """Takes settings such as 6e-4 for exact: nobody rounds them."""
    return point(b.value / a.value) if share else point(a.value / b.value)


def _part(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``1.02B total / 0.34B active (one third)``."""
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    large, small = max(a, b, key=lambda one: one.value), min(a, b, key=lambda one: one.value)
    if a.dimension != b.dimension or not small.value:
        return
    wanted = _WORDS[match["w"].split()[-1].lower()]
    computed = large.given / small.given
    low, high = computed.lo * 95 / 100, computed.hi * 105 / 100
    yield verdict(
        sentence.document,
        NAME,
        holds=low <= wanted <= high,
        statement=sentence.excerpt(match),
        stated=small,
        computed=point(large.value / wanted),
        rests=f"{large.text} ({sentence.document.place(large.start)}) by {wanted}",
    )


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
    near: Sequence[Number] = [
        one
        for one in _all_before(sentence, match)
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
