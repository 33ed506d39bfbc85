"""Moves between two stated figures: ``adds 11 tests, 235 -> 245``, ``from 3.2 to 2.9, a drop of 0.3``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, paired, verdict
from harness.audit.masks import LEVEL, PERCENT, PLAIN, RATIO, SIGNED, SIGNED_PERCENT, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.ranges import Undefined
from harness.audit.relate import explained, nearest
from harness.audit.text import Document

NAME = "move"
_ARROW = r"\s*(?:->|→|=>)\s*"
_TO = rf"(?:{_ARROW}|\s+to\s+)"
_UNIT = rf"(?:\s*(?:{W}))?"
_PAIR = rf"(?P<a>{LEVEL}){_UNIT}{_TO}(?P<b>{LEVEL})"
_D = rf"(?P<d>[{PLAIN}{SIGNED}{PERCENT}{SIGNED_PERCENT}])"
_NOUN = r"(?:drop|fall|rise|gain|increase|decrease|improvement|reduction|descent|difference|change|delta)"
_ADDS = re.compile(
    rf"\b(?:adds?|added|removes?|removed|drops?|dropped|gains?|gained|loses|lost)\s+(?P<d>{PLAIN})"
    rf"\s+(?P<noun>{W})\s*[,:(]\s*(?P<a>{PLAIN}){_TO}(?P<b>{PLAIN})"
)
_MOVED = re.compile(
    rf"\bfrom\s+{_PAIR}\s*(?:[,(]|,\s*(?:i\.e\.|that is))\s*"
    rf"(?:an?\s+(?:(?:relative|absolute)\s+)?{_NOUN}\s+of\s+)?{_D}"
    rf"(?=\s*(?:(?:absolute|relative|percentage)\s*)?(?:points?|pp|pts|nats|bits|abs|rel)?\s*(?:[.,;)]|\Z|\s{_NOUN}))"
)
_CHANGED = re.compile(rf"(?P<a>{LEVEL}){_ARROW}(?P<b>{LEVEL})\s*\(\s*(?P<d>[{SIGNED}{SIGNED_PERCENT}])\s*\)")
_FASTER = re.compile(
    rf"(?P<a>{PLAIN})\s*(?P<u>(?:tok(?:ens)?|it|steps|samples|images|req\w*)\s*/\s*s(?:ec)?\b|ms\b|s\b|)"
    rf"\s*(?:against|vs\.?|versus|instead of|compared (?:to|with))\s*(?P<b>{PLAIN})\s*"
    rf"(?P<v>[a-z]+\s*/\s*s(?:ec)?\b|)"
    rf"\s*,\s*(?:which is\s+|that is\s+)?an?\s+(?P<d>{RATIO})\s*-?\s*"
    rf"(?:speed-?\s?up|faster|improvement|gain)\b",
    re.I,
)
_SPEEDUP = re.compile(
    rf"\bspeed-?\s?up(?:\s+of)?\s*[:=]?\s*(?P<d>{RATIO})\s*\(\s*(?P<a>{PLAIN}){_UNIT}{_TO}(?P<b>{PLAIN}){_UNIT}\s*\)",
    re.I,
)
_BETTER = re.compile(
    rf"(?P<metric>{W})\s+(?P<word>improve[sd]?|improves?|worsen(?:s|ed)?|degrade[sd]?)\s*(?:\(|:|from\s)\s*"
    rf"(?:from\s+)?(?P<a>{LEVEL}){_TO}(?P<b>{LEVEL})",
    re.I,
)
_RELATIVE = re.compile(
    rf"\bbaseline\s+(?P<metric>{W})\s*(?:of|is|:|=)?\s*(?P<a>{LEVEL})\s*,\s*an?\s+relative\s+"
    rf"(?:improvement|reduction|gain|drop)\s+of\s+(?P<d>{PERCENT})",
    re.I,
)
_BEATS = re.compile(
    rf"(?P<metric>{W})\s+(?P<b>{LEVEL})\s*(?:vs\.?|versus|against)\s+(?:the\s+|a\s+)?baseline(?:'s)?\s*(?:of\s+)?"
    rf"(?P<a>{LEVEL})[^.;()\ue000-\ue004]{{0,12}}\b(?P<word>improves?|beats?|outperforms?)\s+(?:on\s+)?the\s+baseline\b",
    re.I,
)
_LOW = frozenset("loss perplexity ppl ece wer cer mae mse rmse bpb bpc nll brier latency fid".split())
_HIGH = frozenset("accuracy acc f1 bleu auc auroc rouge recall precision map miou throughput".split())
_SETTING = re.compile(
    r"\b(?:lr|rate|dropout|layers?|heads?|batch|size|width|decay|temperature|steps?|epochs?)\W*\Z", re.I
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries changes that stand beside both of their figures, and the direction of metrics that are known."""
    for sentence in masks(document):
        if sentence.block.kind == "code":
            continue
        for pattern in (_ADDS, _MOVED, _CHANGED, _FASTER, _SPEEDUP):
            for match in pattern.finditer(sentence.text):
                yield from _move(sentence, match)
        for pattern in (_BETTER, _BEATS):
            for match in pattern.finditer(sentence.text):
                yield from _direction(sentence, match)
        for match in _RELATIVE.finditer(sentence.text):
            yield from _relative(sentence, match)


def _move(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b, change = (sentence.number(match, group) for group in "abd")
    alike = a.dimension == b.dimension and a.dimension != "ratio"
    if not alike or a.value == b.value or not a.value or not b.value:
        return
    if _SETTING.search(sentence.text[max(0, match.start() - 20) : match.start()]):
        return
    if (
        match.re is _FASTER
        and match["v"]
        and match["u"].split("/")[0].strip() != match["v"].split("/")[0].strip()
    ):
        return
    scaled = a.dimension == "percent" and change.dimension != "percent"
    if change.dimension not in ("ratio", "percent", a.dimension) and not scaled:
        return
    try:
        holds = explained(a, b, change) and _signed(a, b, change)
        computed = nearest(a, b, change)
    except (Undefined, ValueError):
        return
    document = sentence.document
    if match.re in (_ADDS,) and all(one.counts for one in (a, b, change)):
        holds = abs(a.value - b.value) == change.value
    yield verdict(
        document,
        NAME,
        holds=holds,
        statement=sentence.excerpt(match),
        stated=change,
        computed=computed,
        rests=f"from {a.text} ({document.place(a.start)}) and {b.text} ({document.place(b.start)})",
    )


def _signed(a: Number, b: Number, change: Number) -> bool:
    """Tells whether a change goes the way of its sign, and is a share of the figure that it starts from.

    A gain may be written with a plus where less is better.
    """
    if change.text.strip().startswith("-") and b.value > a.value > 0:
        return False
    if change.dimension != "percent" or not change.signed or a.dimension == "percent":
        return True
    size = replace(change, value=abs(change.value))
    return fits(size, [abs((x - y) / x) for x, y in paired(a, b)])


def _relative(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``WER 12.4 %. Baseline WER 15.5 %, a relative improvement of 25 %`` by the one other WER."""
    name = re.compile(
        rf"(?<!baseline\s)\b{re.escape(match['metric'])}\s*(?:of|is|:|=)?\s*(?P<n>{LEVEL})", re.I
    )
    ours = [sentence.number(one, "n") for one in name.finditer(sentence.text) if one.start() < match.start()]
    a, change = sentence.number(match, "a"), sentence.number(match, "d")
    if len(ours) != 1 or ours[0].dimension != a.dimension or not a.value:
        return
    computed = abs((a.given - ours[0].given) / a.given)
    document = sentence.document
    yield verdict(
        document,
        NAME,
        holds=fits(change, [computed]),
        statement=sentence.excerpt(match),
        stated=change,
        computed=computed,
        rests=f"from {ours[0].text} and {a.text} ({document.place(a.start)})",
    )


def _direction(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``ECE improved (0.031 -> 0.044)``."""
    metric = match["metric"].lower()
    known = {metric in _LOW: -1, metric in _HIGH: 1}.get(True)
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    if known is None or a.dimension != b.dimension or fits(a, [b.given]):
        return
    better = (b.value - a.value) * known > 0
    holds = better is (match["word"].lower()[:7] in ("improve", "beat", "beats", "outperf"))
    document = sentence.document
    yield Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=f"{sentence.excerpt(match)}: {'less' if known < 0 else 'more'} is better",
        stated=Figure(shown=f"{match['word']} from {a.text}", place=document.place(a.start)),
        found=Figure(shown=f"{'better' if better else 'worse'}: {b.text}", place=document.place(b.start)),
        margin="" if holds else "the other direction",
    )
