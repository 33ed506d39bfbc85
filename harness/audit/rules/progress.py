"""What a sentence says of a series: a value at a step, the best and the last, whether it always fell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, verdict
from harness.audit.masks import LEVEL, PLAIN, Mask, W, mask, masks
from harness.audit.numbers import Number
from harness.audit.quantities import words_of
from harness.audit.ranges import Range
from harness.audit.series import Series, series_of
from harness.audit.text import Document

NAME = "progress"
_AT = re.compile(
    rf"(?P<v>{LEVEL})(?:\s+(?:nats|{W}))?\s*\(?\s*(?:at|after|by|in)\s+(?:the\s+)?(?P<axis>step|iter"
    rf"|iteration|epoch|update)"
    rf"\s+(?P<k>{PLAIN})",
    re.I,
)
_REACHED = re.compile(
    rf"\b(?:at|in|after)\s+(?P<axis>step|iter|iteration|epoch|update)\s+(?P<k>{PLAIN})\s*(?:with|\(|:|at|is"
    rf"|of)\s*(?P<v>{LEVEL})",
    re.I,
)
_LESS = re.compile(rf"(?<![\w-])(?P<a>[A-Za-z_]+)\s*[-–−]\s*(?P<b>[A-Za-z_]+)\s*=\s*(?P<d>{LEVEL})")
_BETWEEN = re.compile(
    rf"\b(?:[Bb]etween|[Ff]rom)\s+(?:(?:step|iter|epoch)\s+)?(?P<i>{PLAIN})\s*(?:and|to)\s+"
    rf"(?:(?:step|iter|epoch)\s+)?(?P<k>{PLAIN})[^.;\ue000-\ue004]{{0,50}}?\b(?:by|of)\s+(?P<d>{PLAIN})"
)
_WHERE = re.compile(
    rf"\b(?P<word>lowest|highest|best|minimum|maximum|min|max)\b[^\ue000-\ue004.;]{{0,25}}?\b(?:at|in"
    rf"|after)\s+"
    rf"(?P<axis>step|iter|iteration|epoch|update)\s+(?P<k>{PLAIN})",
    re.I,
)
_BEST = re.compile(
    rf"\b(?P<word>best|lowest|minimum)\s+(?P<name>(?:{W}\s+){{0,3}}?)(?:loss\s+|perplexity\s+|ppl\s+)?"
    rf"(?:is\s+|was\s+|of\s+|[:=]\s*)?"
    rf"(?P<v>{LEVEL})",
    re.I,
)
_LAST = re.compile(
    rf"\b[Ff]inal\s+(?P<name>(?:{W}\s+){{0,2}}?(?:loss|perplexity|ppl|accuracy|ce))\s*(?:is|was|of|[:=|])?"
    rf"\s*(?P<v>{LEVEL})"
)
_RESULT = re.compile(
    rf"\A\s*[-*]\s+(?P<name>Loss|Perplexity|Accuracy|F1|Wer)\s*:\s*(?P<v>{LEVEL})\s*\Z", re.I
)
_ALWAYS = re.compile(
    r"\b(?P<name>(?:val(?:idation)?|train(?:ing)?|eval(?:uation)?|test)\s+(?:loss|perplexity|error|ce))"
    r"\b[^.;\ue000-\ue004]{0,30}?"
    r"\b(?P<way>fell|falls|decreased|decreases|dropped|drops|improved|improves|declined|went down)"
    r"\b[^.;\ue000-\ue004]{0,12}?"
    r"(?P<all>\b(?:(?:at|in|with|after|on|from)\s+(?:each|every)\s+(?:evaluation|checkpoint|epoch|step|row"
    r"|eval)|monotonically|"
    r"throughout|steadily at every \w+))(?!\s+(?:of|but|except|on)\b)",
    re.I,
)
_LOW = {"loss", "perplexity", "ppl", "ce", "error", "bpb", "bpc", "wer", "cer", "nll"}
_SPLITS = {"val": "val", "valid": "val", "validation": "val", "eval": "val", "evaluation": "val",
           "dev": "val", "train": "train", "training": "train", "test": "test"}  # fmt: skip


def judge(document: Document) -> Iterator[Finding]:
    """Tries what prose says of the one series that it can mean."""
    known = series_of(document)
    for sentence in masks(document) if known else ():
        if sentence.block.kind != "line":
            for pattern, tried in _TRIED:
                for match in pattern.finditer(sentence.text):
                    yield from tried(sentence, match, known)
    for block in document.blocks if known else ():
        if _ALWAYS.search(document.text, block.start, block.end):
            sentence = mask(document, block)
            for match in _ALWAYS.finditer(sentence.text):
                yield from _always(sentence, match, known)


def _key(words: Sequence[str] | frozenset[str]) -> frozenset[str]:
    """Returns the split and the metric of a name: validation loss and val are both val."""
    found = {_SPLITS.get(word, word) for word in words}
    return frozenset(found & ({"val", "train", "test"} | _LOW | {"accuracy", "acc", "f1"}))


def _of(known: Sequence[Series], name: Sequence[str] | frozenset[str]) -> list[Series]:
    """Returns the series that a name may mean: of its split, and of its metric as far as both are said."""
    wanted = _key(name)
    splits, metrics = wanted & {"val", "train", "test"}, wanted - {"val", "train", "test"}
    found: dict[tuple[int, ...], Series] = {}
    for one in known:
        key = _key(one.words)
        mine, kind = key & {"val", "train", "test"}, key - {"val", "train", "test"}
        if (splits == mine or (not splits and mine == {"val"}) or (not mine and metrics & kind)) and (
            not metrics or not kind or metrics & kind
        ):
            found.setdefault(tuple(value.start for value in one.values), one)
    return list(found.values())


def _like(number: Number, one: Series) -> bool:
    """Tells whether a number is printed like a value of the series, and of its size."""
    return any(
        value.dimension == number.dimension
        and value.step == number.step
        and abs(value.value - number.value) * 5 <= abs(value.value)
        for value in one.values
    )


def _at(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``1.4853 at iter 4000`` against the rows of that step."""
    stated, position = sentence.number(match, "v"), sentence.number(match, "k")
    if stated.counts:
        return
    before = re.findall(rf"{W}", sentence.text[max(0, match.start() - 60) : match.start()])[-2:]
    if match.re is _REACHED:
        before = re.findall(
            rf"{W}", sentence.text[max(0, match.start() - 60) : match.start()].rpartition(". ")[2]
        )
    named = {word.lower() for word in before}
    rows = [
        (one, value)
        for one in known
        if _same_axis(one, match["axis"])
        for at, value in one.points
        if at.value == position.value
    ]
    good = [row for row in rows if fits(stated, [row[1].given])]
    asked = [row for row in rows if _key(row[0].words) & _key(list(named)) and _like(stated, row[0])]
    if good or (asked and len({value.value for _, value in asked}) == 1):
        one, value = (good or asked)[0]
        yield _finding(
            sentence, match, stated, value, f"{one.name} at {one.axis} {position.text}", holds=bool(good)
        )


def _less(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``val - train = 0.4039`` by the last values of both series, or those of any one row."""
    first, second = (_of(known, words_of(match[name].lower())) for name in "ab")
    stated = sentence.number(match, "d")
    if len(first) != 1 or len(second) != 1 or first[0] is second[0] or stated.counts:
        return
    rows = list(zip(first[0].values, second[0].values, strict=False))
    found = [a.given - b.given for a, b in rows]
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, found),
        statement=sentence.excerpt(match),
        stated=stated,
        computed=found[-1],
        rests=f"{rows[-1][0].text} and {rows[-1][1].text} ({sentence.document.place(rows[-1][0].start)})",
    )


def _between(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``between epoch 1 and epoch 5 train loss drops by 0.409`` by the series that has both places."""
    stated = sentence.number(match, "d")
    ends = [sentence.number(match, name) for name in "ik"]
    found = []
    for one in _of(known, words_of(match[0].lower())):
        at = {_place(one, position): value for position, value in one.points}
        here = [at[end.value] for end in ends if end.value in at]
        if len(here) == 2 and here[0].dimension == stated.dimension:
            found.append(here)
    if len(found) != 1 or stated.counts:
        return
    first, second = found[0]
    computed = abs(first.given - second.given)
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(stated, [computed]),
        statement=sentence.excerpt(match),
        stated=stated,
        computed=computed,
        rests=f"{first.text.strip()} and {second.text.strip()} ({sentence.document.place(first.start)})",
    )


def _place(one: Series, position: Number) -> Fraction:
    """Returns a place on the axis in units: 50 under ``tokens (B)`` is 50 billion."""
    unit = re.search(r"\(([BMT])\)", one.axis, re.I)
    return (
        position.value * Fraction(10) ** {"m": 6, "b": 9, "t": 12}[unit[1].lower()]
        if unit
        else position.value
    )


def _same_axis(one: Series, word: str) -> bool:
    return one.axis.startswith(word.lower()[:4])


def _where(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``lowest at step 2346`` by where the series is lowest."""
    text = sentence.text[max(0, match.start() - 80) : match.end()]
    name = words_of(text.rpartition(". ")[2].lower())
    low = match["word"].lower() in ("lowest", "minimum", "min") or bool(set(name) & _LOW)
    stated = sentence.number(match, "k")
    along = [one for one in known if _same_axis(one, match["axis"])]
    found = [one for one in _of(along, name) if any(at.value == stated.value for at, _ in one.points)]
    if len(found) != 1 or not _key(name):
        return
    pick = (min if low else max)(found[0].points, key=lambda pair: pair[1].value)
    ties = [at for at, value in found[0].points if value.value == pick[1].value]
    holds = any(at.value == stated.value for at in ties)
    yield _finding(sentence, match, stated, pick[0], f"where {found[0].name} is {match['word']}", holds=holds)


def _best(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``best val 1.4853`` by the lowest value of the only series of that name."""
    name = words_of(match[0].lower())
    stated = sentence.number(match, "v")
    found = [one for one in _of(known, name) if _key(name) & (_LOW | {"val"}) and _low(one)]
    found = [one for one in found if _like(stated, one)]
    if len(found) != 1 or stated.counts:
        return
    best = min(found[0].values, key=lambda value: value.value)
    holds = fits(stated, [best.given])
    if holds or stated.value > best.value:
        yield _finding(sentence, match, stated, best, f"lowest {found[0].name}", holds=holds)


def _low(one: Series) -> bool:
    return bool(one.words & _LOW) or not one.words & {"accuracy", "acc", "f1", "score", "bleu"}


def _last(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges a final figure: the last of its series, or at least one of it."""
    name = list(words_of(match["name"].lower()))
    if match.re is _RESULT:
        name.append("val")
    stated = sentence.number(match, "v")
    found = [one for one in _of(known, name) if _like(stated, one)]
    if len(found) != 1:
        return
    last = found[0].values[-1]
    holds = any(fits(stated, [value.given]) for value in found[0].values)
    yield _finding(sentence, match, stated, last, f"last {found[0].name}", holds=holds)


def _always(sentence: Mask, match: re.Match[str], known: Sequence[Series]) -> Iterator[Finding]:
    """Judges ``the validation loss fell at every evaluation``."""
    found = _of(known, words_of(match["name"].lower()))
    if len(found) != 1:
        return
    rises = [(a, b) for a, b in pairwise(found[0].values) if b.value > a.value]
    first, second = rises[0] if rises else found[0].values[-2:]
    yield _said(sentence, match, first, second, holds=not rises)


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


def _finding(
    sentence: Mask, match: re.Match[str], stated: Number, value: Number, words: str, *, holds: bool
) -> Finding:
    document = sentence.document
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{sentence.excerpt(match)} ({words})",
        stated=stated,
        computed=Range(value.value, value.value),
        rests=f"{value.text.strip()} ({document.place(value.start)})",
    )


_TRIED = (
    (_AT, _at),
    (_REACHED, _at),
    (_BETWEEN, _between),
    (_LESS, _less),
    (_WHERE, _where),
    (_BEST, _best),
    (_LAST, _last),
    (_RESULT, _last),
)
