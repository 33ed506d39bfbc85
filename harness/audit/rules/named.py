"""Relations of named figures: ``val < train by 0.556``, ``gap=-0.556``, ``never exhibits this inversion``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, verdict
from harness.audit.masks import LEVEL, Mask, masks
from harness.audit.quantities import Quantity, mentions, quantities, sentence_at
from harness.audit.ranges import Range
from harness.audit.text import Document

NAME = "named"
_CHANGE = {"gap", "delta", "descent", "diff", "difference", "drop", "change", "Δ"}
_PAIRS = (({"train", "training"}, {"val", "valid", "validation", "eval", "test"}),
          ({"init", "initial", "start", "first", "before"}, {"final", "end", "last", "after"}))  # fmt: skip
_COMPARED = re.compile(
    rf"(?<![\w.])(?P<a>[A-Za-z][\w]*)\s*(?P<rel>[<>])\s*(?P<b>[A-Za-z][\w]*)(?:\s+by\s+[~≈]?(?P<d>"
    rf"{LEVEL})|\s*=\s*(?P<truth>true|false|yes|no)\b)?",
    re.I,
)
_NEVER = re.compile(
    r"\b(?:never|no longer|does not|doesn't|do not|did not|didn't|without)\s+(?:\w+\s+)?(?:this|that|t"
    r"he|any|such an?)\s+"
    r"(?P<noun>inversion|crossover|reversal|pattern|behaviou?r|effect|signature|ordering)\b",
    re.I,
)
REACH = 900
"""How far back, in characters, what ``this inversion`` refers to may stand."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries named changes by the two figures that they name, comparisons of names, and denials."""
    known = quantities(document)
    yield from _lines(document, known)
    for sentence in masks(document):
        for match in _COMPARED.finditer(sentence.text):
            yield from _compared(sentence, match, known)
    for block in document.prose:
        for match in _COMPARED.finditer(document.text, block.start, block.end):
            if match["truth"]:
                yield from _truth(document, match, known)
        yield from _denied(document, block.start, block.end, known)


def _lines(document: Document, known: Sequence[Quantity]) -> Iterator[Finding]:
    """Judges a change that one line names together with exactly its two figures."""
    inline = [one for one in known if one.group.startswith("line")]
    for _, found in groupby(inline, key=lambda one: one.group):
        group = list(found)
        changes = [one for one in group if _CHANGE & set(one.words)]
        for change in changes if len(changes) == 1 else ():
            for first, second in _PAIRS:
                a = [one for one in group if first & set(one.words) and one is not change]
                b = [one for one in group if second & set(one.words) and one is not change]
                if len(a) == len(b) == 1 and a[0].number.dimension == b[0].number.dimension:
                    yield _difference(document, change, a[0], b[0])


def _difference(document: Document, change: Quantity, a: Quantity, b: Quantity) -> Finding:
    computed = abs(a.number.given - b.number.given)
    stated = change.number
    return verdict(
        document,
        NAME,
        holds=fits(replace(stated, value=abs(stated.value)), [computed]),
        statement=f"{change.label} of {a.label} {a.number.text} and {b.label} {b.number.text}",
        stated=stated,
        computed=computed,
        rests=f"from {document.place(a.number.start)} and {document.place(b.number.start)}",
    )


def _compared(sentence: Mask, match: re.Match[str], known: Sequence[Quantity]) -> Iterator[Finding]:
    """Judges ``a < b by d`` for the arm that the sentence speaks of."""
    if not match["d"]:
        return
    document = sentence.document
    start, end = sentence.span(match)
    stated = sentence.number(match, "d")
    pairs = _pairs(match, known, sentence_at(document, start))
    if not pairs:
        return
    good = [pair for pair in pairs if fits(stated, [abs(pair[0].number.given - pair[1].number.given)])]
    if not good and len(pairs) > 1 and len({pair[0].number.value for pair in pairs}) > 1:
        return
    a, b = (good or pairs)[0]
    ordered = _holds(match["rel"], a, b) is not False
    yield verdict(
        document,
        NAME,
        holds=bool(good) and ordered,
        statement=document.excerpt(start, end),
        stated=stated,
        computed=abs(a.number.given - b.number.given),
        rests=f"{a.label} {a.number.text} ({document.place(a.number.start)}), "
        f"{b.label} {b.number.text} ({document.place(b.number.start)})",
    )


def _pairs(match: re.Match[str], known: Sequence[Quantity], sentence: str) -> list[tuple[Quantity, Quantity]]:
    """Returns figures of both names that stand in one line or column, of the arms that a sentence names."""
    firsts = [one for one in known if _named(match["a"], one)]
    seconds = [one for one in known if _named(match["b"], one)]
    arms = {one.arm for one in known if one.arm and mentions(sentence, one.arm)}
    return [
        (a, b)
        for a in firsts
        for b in seconds
        if a is not b
        and a.group == b.group
        and a.arm == b.arm
        and (not arms or a.arm in arms)
        and a.number.dimension == b.number.dimension
    ]


def _named(name: str, one: Quantity) -> bool:
    """Tells whether a short name means a figure: ``val`` means ``val_loss``, but no gap of it."""
    mine = {word for word in name.lower().split("_") if word}
    return mine <= set(one.words) and len(one.words) <= len(mine) + 1 and not _CHANGE & set(one.words)


def _holds(rel: str, a: Quantity, b: Quantity) -> bool | None:
    """Tells whether a relation surely holds, surely does not, or is too close for the digits."""
    x, y = (a, b) if rel == "<" else (b, a)
    small, large = x.number.given, y.number.given
    if small.hi < large.lo:
        return True
    return False if small.lo > large.hi else None


def _truth(document: Document, match: re.Match[str], known: Sequence[Quantity]) -> Iterator[Finding]:
    """Judges ``model<uniform = true`` by the figures of these names."""
    firsts = [one for one in known if _named(match["a"], one)]
    seconds = [one for one in known if _named(match["b"], one)]
    if {one.number.value for one in firsts} and len({one.number.value for one in firsts}) == 1 == len(
        {one.number.value for one in seconds}
    ):
        a, b = firsts[0], seconds[0]
        said = match["truth"].lower() in ("true", "yes")
        found = _holds(match["rel"], a, b)
        if found is not None:
            yield _ordering(document, match, a, b, found is said)


def _ordering(document: Document, match: re.Match[str], a: Quantity, b: Quantity, holds: bool) -> Finding:  # noqa: FBT001
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=document.excerpt(match.start(), match.end()),
        stated=a.number,
        computed=Range(b.number.value, b.number.value),
        rests=document.place(b.number.start),
    )


def _denied(document: Document, start: int, end: int, known: Sequence[Quantity]) -> Iterator[Finding]:
    """Judges ``the 4× run never exhibits this inversion`` where ``val < train`` was the inversion."""
    for match in _NEVER.finditer(document.text, start, end):
        earlier = list(_COMPARED.finditer(document.text, max(0, match.start() - REACH), match.start()))
        if not earlier:
            continue
        pairs = _pairs(earlier[-1], known, sentence_at(document, match.start()))
        arms = {a.arm for a, _ in pairs}
        if len(arms) != 1 or not next(iter(arms)):
            continue
        a, b = pairs[0]
        if (shows := _holds(earlier[-1]["rel"], a, b)) is None:
            continue
        yield Finding(
            outcome=Said.CONTRADICTION if shows else Said.HOLDS,
            rule=NAME,
            statement=f"{document.excerpt(match.start(), match.end())} ({a.arm}): "
            f"{document.excerpt(earlier[-1].start(), earlier[-1].end())} is the {match['noun']}",
            stated=Figure(shown=f"{a.label} {a.number.text}", place=document.place(a.number.start)),
            found=Figure(shown=f"{b.label} {b.number.text}", place=document.place(b.number.start)),
            margin=f"said at {document.place(match.start())}",
        )
