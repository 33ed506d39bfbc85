"""Limits and verdict words beside their figures: budgets, bands, thresholds with PASS, who beats whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, verdict
from harness.audit.masks import LEVEL, PLAIN, RATIO, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Range, point
from harness.audit.text import Document

NAME = "limit"
_LIMIT = r"(?:budget|cap|limit|ceiling)"
_TIMES = re.compile(
    rf"(?P<p>{LEVEL})\s*(?:{W}\s*){{0,2}}[-–—,(;:]*\s*(?P<r>{RATIO})\s*(?P<way>under|below|over|above)"
    rf"\s+(?:the\s+)?{_LIMIT}"
)
_BUDGETS = (
    re.compile(rf"(?P<b>{LEVEL})\s*{_LIMIT}\b"),
    re.compile(rf"\bfits\s+(?:in\s+|into\s+|within\s+|under\s+)?(?:the\s+)?(?P<b>{LEVEL})"),
    re.compile(rf"\b{_LIMIT}\s*(?:of|is|=|:)\s*(?P<b>{LEVEL})"),
)
_FITS = re.compile(
    rf"(?P<a>{LEVEL})\s*(?:{W}\s*){{0,3}}[(,]?\s*(?:fits|well under|safely under)\s+(?:in\s+|into\s+|wi"
    rf"thin\s+|under\s+)?"
    rf"(?:the\s+)?(?P<b>{LEVEL})"
)
_BAND = re.compile(
    rf"(?P<v>{LEVEL})(?P<gap>[^\ue000-\ue004.;]{{0,60}}?)\b(?P<word>in|within|inside|outside)\s+(?:(?:t"
    rf"he|a|band|range|interval)\s+){{0,2}}"
    rf"\[?(?P<lo>{LEVEL})\s*(?:-|–|—|to|,|\.\.)\s*(?P<hi>{LEVEL})\]?\s*(?P<kind>band|range|interval)?"
)
_CONFIRMED = re.compile(
    rf"\b(?:band|range|interval)\s+(?:of\s+)?\[?(?P<lo>{LEVEL})\s*(?:-|–|—|to|,)\s*(?P<hi>{LEVEL})\]?[^"
    rf"\ue000-\ue004.]{{0,40}}"
    rf"\b(?P<word>confirmed|met|PASS|satisfied|reached|within)\b[^\ue000-\ue004]{{0,30}}(?P<v>{LEVEL})"
)
_P = re.compile(
    rf"\bp\s*<\s*(?P<t>{LEVEL})(?P<gap>[^\ue000-\ue004]{{0,60}}?)\bp(?:-value)?\s*(?:=|:|of)\s*(?P<v>{LEVEL})"
)
_GOOD = r"(?:PASS(?:ED|es)?|✅|✓|\bmet\b|\bOK\b|\bsatisfied\b|\bachieved\b)"
_BAD = r"(?:FAIL(?:ED|s)?|❌|✗|\bmissed\b|\bnot met\b|\bunmet\b)"
_BAR = re.compile(
    rf"(?P<v>{LEVEL})(?P<gap>[^\ue000-\ue004]{{0,40}}?)(?P<rel>≥|>=|≤|<=|<|>)\s*(?P<t>{LEVEL})(?P<rest>"
    rf"[^\ue000-\ue004]{{0,40}})"
)
_BEAT = re.compile(
    rf"(?P<neg>\b(?:did not|didn't|does not|doesn't|fails? to|failed to|not|never|NOT)\s+)?\b(?P<verb>b"
    rf"eats?|beaten|outperform(?:s|ed)?"
    rf"|surpass(?:es|ed)?|better than|worse than)\b[^\ue000-\ue004.]{{0,6"
    rf"0}}(?:{RATIO}[^\ue000-\ue004.]{{0,40}})?(?P<b>{LEVEL})"
)
_LOW = re.compile(
    r"(?:loss|ppl|perplexity|bpb|bpc|\bce\b|_ce|wer|\bcer\b|error|rmse|\bmae\b|\bmse\b|\bfid\b|nll|latency)",
    re.I,
)
_HIGH = re.compile(
    r"(?:acc|accuracy|\bf1\b|bleu|score|\bauc\b|rouge|recall|precision|\bmap\b|miou|pass@|throughput)", re.I
)
_SCORED = re.compile(rf"(?P<k>{PLAIN})/(?P<n>{PLAIN})\s*(?P<word>PASS(?:ED)?|FAIL(?:ED)?)\b")


def judge(document: Document) -> Iterator[Finding]:
    """Tries figures against the limit, band or rival that the sentence sets beside them."""
    everything = list(masks(document))
    for sentence in everything:
        for match in _TIMES.finditer(sentence.text):
            yield from _times(sentence, match, everything)
        for match in _FITS.finditer(sentence.text):
            yield from _at_most(sentence, match)
        for pattern in (_BAND, _CONFIRMED):
            for match in pattern.finditer(sentence.text):
                yield from _band(sentence, match)
        for match in _P.finditer(sentence.text):
            yield from _below(sentence, match)
        for match in _BAR.finditer(sentence.text):
            yield from _bar(sentence, match)
        for match in _BEAT.finditer(sentence.text):
            yield from _beaten(sentence, match)
    yield from _scored(everything)
    yield from _rows(document)


def _times(sentence: Mask, match: re.Match[str], everything: Sequence[Mask]) -> Iterator[Finding]:
    """Judges ``2.73 MB, 5.5× under budget`` where one budget is stated, in the block or the document."""
    size, ratio = sentence.number(match, "p"), sentence.number(match, "r")
    budget = _budget([sentence], size) or _budget(everything, size)
    if budget is None or not size.value:
        return
    limit = point(budget.value)
    below = match["way"] in ("under", "below")
    whole, part = (budget, size) if below else (size, budget)
    computed = [limit / size.given if below else size.given / limit]
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(ratio, computed),
        statement=sentence.excerpt(match),
        stated=ratio,
        computed=computed[0],
        rests=f"{whole.text} ({sentence.document.place(whole.start)}) over {part.text}",
    )


def _budget(where: Sequence[Mask], like: Number) -> Number | None:
    found = [
        number
        for sentence in where
        for pattern in _BUDGETS
        for match in pattern.finditer(sentence.text)
        if (number := sentence.number(match, "b")).dimension == like.dimension
    ]
    return found[0] if len({number.value for number in found}) == 1 else None


def _at_most(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    after = sentence.text[match.end("b") : match.end("b") + 40]
    if a.dimension == b.dimension != "" and not re.search(
        r"\b(?:when|with|after|if|once|using|per)\b", after
    ):
        yield _compared(sentence, match, a, b, holds=a.given.lo <= b.value * b.other)


def _band(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    value, low, high = (sentence.number(match, name) for name in ("v", "lo", "hi"))
    banded = match.re is _CONFIRMED or match["kind"] or re.search(r"\b(?:band|range|interval)\b", match[0])
    if not banded or not low.dimension == high.dimension == value.dimension or low.value >= high.value:
        return
    inside = value.given.hi >= low.value and value.given.lo <= high.value
    out = match["word"] == "outside" or re.search(r"\bnot\s*\Z", sentence.text[: match.start("word")][-6:])
    limit = low if value.value < low.value else high
    yield _compared(sentence, match, value, limit, holds=inside is not bool(out))


def _below(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    value, bound = sentence.number(match, "v"), sentence.number(match, "t")
    if not re.search(r"\b(?:not|but|however|require[sd]?|needs?|threshold)\b", match["gap"]):
        yield _compared(sentence, match, value, bound, holds=value.given.lo < bound.value)


def _bar(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges a figure against a threshold after which the sentence says passed or failed."""
    good, bad = re.search(_GOOD, match["rest"]), re.search(_BAD, match["rest"])
    value, bar = sentence.number(match, "v"), sentence.number(match, "t")
    if bool(good) == bool(bad) or value.dimension != bar.dimension or re.search(r"[.;]\s|\n", match["gap"]):
        return
    passes = _passes(value, match["rel"], bar)
    if passes is not None:
        yield _compared(sentence, match, value, bar, holds=passes is bool(good))


def _passes(value: Number, rel: str, bar: Number) -> bool | None:
    """Tells whether a figure keeps to a threshold; None where its digits leave it open."""
    low, high = value.given.lo, value.given.hi
    if rel in ("≥", ">=", ">"):
        return True if low >= bar.value or value.value >= bar.value else (False if high < bar.value else None)
    return True if high <= bar.value or value.value <= bar.value else (False if low > bar.value else None)


def _beaten(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``A beats B`` for a metric whose better direction is known by its name."""
    rival = sentence.number(match, "b")
    earlier = [
        number
        for index, number in enumerate(sentence.numbers)
        if match.start() - 140 < sentence.at[index] < match.start()
        and number.dimension == rival.dimension
        and not number.counts
        and number.step <= 10 * rival.step <= 100 * number.step
        and rival.value / 4 <= number.value <= rival.value * 4
    ]
    lead = sentence.text[match.end("verb") : match.start("b")].strip()
    named = not lead or re.search(r"(?:\bof|\bthan|=|\bbaseline|\bbest)\s*\Z", lead)
    paired = re.match(r"\s*(?:vs|versus|against|/|to\b|and\b|,\s*\d|\()", sentence.text[match.end("b") :])
    if not earlier or rival.counts or not named or paired:
        return
    mine = earlier[-1]
    before = sentence.text[max(0, sentence.at[sentence.index(mine)] - 40) : sentence.at[sentence.index(mine)]]
    low, high = list(_LOW.finditer(before)), list(_HIGH.finditer(before))
    if bool(low) == bool(high):
        return
    worse = match["verb"] == "worse than"
    claims_better = bool(match["neg"]) is worse
    better = mine.value < rival.value if low else mine.value > rival.value
    close = mine.given.meets(rival.given)
    yield _compared(sentence, match, mine, rival, holds=close or better is claims_better)


def _scored(everything: Sequence[Mask]) -> Iterator[Finding]:
    """Judges ``0/6 PASS`` among siblings that write ``0/6 FAIL`` and ``6/6 PASS``."""
    found = [(s, m, s.number(m, "k"), s.number(m, "n")) for s in everything for m in _SCORED.finditer(s.text)]
    usual = [m for _, m, k, n in found if _regular(m["word"], k, n)]
    for sentence, match, part, whole in found:
        if part.value > whole.value > 0:
            yield _compared(sentence, match, part, whole, holds=False)
        if part.value not in (0, whole.value) or len(usual) < max(2, len(found) - len(usual)):
            continue
        yield _compared(sentence, match, part, whole, holds=_regular(match["word"], part, whole))


def _regular(word: str, part: Number, whole: Number) -> bool:
    return part.value == (whole.value if word.startswith("PASS") else 0) and whole.value > 0


def _rows(document: Document) -> Iterator[Finding]:
    """Judges rows of a table that give a figure, a threshold with its relation, and a verdict word."""
    for table in document.tables:
        for row in table.rows:
            bars = [
                (m, c) for c in row if c.numbers and (m := re.match(r"\s*(≥|>=|≤|<=|<|>)\s*[\d.]", c.text))
            ]
            values = [c.number for c in row[1:] if c.number and not re.match(r"\s*[≥≤<>]", c.text)]
            said = [
                c
                for c in row[1:]
                if not c.numbers and re.search(f"{_GOOD}|{_BAD}|\\b(?:yes|no)\\b", c.text, re.I)
            ]
            if len(bars) != 1 or len(values) != 1 or len(said) != 1:
                continue
            good = not re.search(f"{_BAD}|\\bno\\b", said[0].text, re.I)
            bar = bars[0][1].numbers[0]
            passes = _passes(values[0], bars[0][0][1], bar)
            if passes is None or bar.dimension != values[0].dimension:
                continue
            yield Finding(
                outcome=Said.HOLDS if passes is good else Said.CONTRADICTION,
                rule=NAME,
                statement=f"{row[0].text.strip()}: {values[0].text} {bars[0][0][1]} {bar.text}"
                f" is called {said[0].text.strip()}",
                stated=Figure(shown=values[0].text, place=document.place(values[0].start)),
                found=Figure(shown=bar.text, place=document.place(bar.start)),
            )


def _compared(sentence: Mask, match: re.Match[str], value: Number, other: Number, *, holds: bool) -> Finding:
    document = sentence.document
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=sentence.excerpt(match),
        stated=value,
        computed=Range(other.value, other.value),
        rests=f"{other.text} ({document.place(other.start)})",
    )
