"""Arithmetic of units: power by time, a rate and its period, counts per case and their total."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.judge import fits, verdict
from harness.audit.masks import PLAIN, Mask, masks
from harness.audit.ranges import point
from harness.audit.text import Block, Document
from harness.audit.words import SPELLED, count_of

NAME = "unit"
_ENERGY = re.compile(
    r"(?<![\w.])(?P<w>\d[\d,]*(?:\.\d+)?)\s*(?P<k>k?)W\b(?P<gap>[^.;\n]{0,40}?)(?P<h>\d+(?:\.\d+)?)\s*(?:h"
    r"|hours?|hrs?)\b"
    r"[^.;\n]{0,25}?(?P<e>\d[\d,]*(?:\.\d+)?)\s*(?P<u>[kM]?)Wh\b"
)
_PERIOD = re.compile(
    rf"\b(?:every|each|one per)\s+(?P<t>{PLAIN})\s*\(?\s*[(,=—–]\s*(?:i\.e\.\s*)?(?P<n>{PLAIN})\s+\w+\s*"
    rf"(?:/\s*s|per\s+second)\b"
)
_OF_EACH = (
    re.compile(
        rf"(?P<a>{PLAIN})(?:\s+[\w-]+){{1,2}}\s+(?:of|at|x|×)\s+(?P<b>{PLAIN})\s+each\s*[,=:(]\s*"
        rf"(?P<t>{PLAIN})\s+(?:in all|in total|altogether|together)"
    ),
    re.compile(
        rf"(?P<t>{PLAIN})(?:\s+[\w-]+){{1,2}}\s+in\s+(?P<a>{PLAIN})(?:\s+[\w-]+){{1,2}}\s*[,(]\s*"
        rf"(?P<b>{PLAIN})\s+(?:[\w-]+\s+)?(?:each|per)\b"
    ),
)
_EACH = re.compile(
    rf"(?P<a>{PLAIN})(?:\s+[\w-]+){{1,3}}\s+(?:per|for each|for every)\s+(?P<noun>[a-z]+)\s*[,(]\s*"
    rf"(?P<t>{PLAIN})\s+(?:in all|in total|altogether|overall)"
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries energies, periods and totals over cases where all parts stand in one sentence."""
    for block in document.blocks:
        yield from _energy(document, block)
    for sentence in masks(document):
        for match in _PERIOD.finditer(sentence.text):
            yield from _period(sentence, match)
        for pattern in _OF_EACH:
            for match in pattern.finditer(sentence.text):
                yield from _of_each(sentence, match)
        for match in _EACH.finditer(sentence.text):
            yield from _each(sentence, match)


def _energy(document: Document, block: Block) -> Iterator[Finding]:
    """Judges ``350 W for 4.0 h is 1.4 kWh``."""
    numbers = {number.start: number for number in document.within(block.start, block.end)}
    for match in _ENERGY.finditer(document.text, block.start, block.end):
        if re.search(r"×|x\s*\d|\bGPUs?\b|\beach\b", match["gap"]):
            continue
        stated = numbers.get(match.start("e"))
        if stated is None:
            continue
        power, hours = (Fraction(match[name].replace(",", "")) for name in ("w", "h"))
        scale = {"": Fraction(1), "k": Fraction(1000), "M": Fraction(10**6)}
        computed = point(power * scale[match["k"]] * hours / scale[match["u"]])
        slack = computed.lo / 50
        yield verdict(
            document,
            NAME,
            holds=fits(stated, [type(computed)(computed.lo - slack, computed.hi + slack)]),
            statement=document.excerpt(match.start(), match.end()),
            stated=stated,
            computed=computed,
            rests=f"{match['w']} {match['k']}W by {match['h']} h ({document.place(match.start())})",
        )


def _period(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``every 10 ms (100 frames per second)``."""
    period, rate = sentence.number(match, "t"), sentence.number(match, "n")
    if period.dimension != "seconds" or rate.dimension or not period.value:
        return
    computed = point(1) / period.given if period.given.lo > 0 else point(1 / period.value)
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(rate, [computed]),
        statement=sentence.excerpt(match),
        stated=rate,
        computed=computed,
        rests=f"one in {period.text} ({sentence.document.place(period.start)})",
    )


def _of_each(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``5 runs of 6 h each, 30 h in total`` and ``1,200 prompts in 6 categories, 200 each``."""
    count, each, total = (sentence.number(match, name) for name in "abt")
    if not count.counts or each.dimension != total.dimension or each.dimension == "percent":
        return
    computed = count.given * each.given
    yield verdict(
        sentence.document,
        NAME,
        holds=fits(total, [computed]),
        statement=sentence.excerpt(match),
        stated=total,
        computed=computed,
        rests=f"{count.text} of {each.text} ({sentence.document.place(count.start)})",
    )


def _each(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``2,000 sentences per language, 6,000 in all`` where the text counts the languages."""
    each, total = sentence.number(match, "a"), sentence.number(match, "t")
    noun = match["noun"].lower().removesuffix("s")
    said = {
        count
        for found in re.finditer(
            rf"(?<![\w.,-])(?P<n>\d{{1,3}}|{'|'.join(SPELLED)})[\s-]+{noun}s?\b", sentence.document.text, re.I
        )
        if (count := count_of(found["n"])) and count > 1
    }
    if len(said) != 1 or not (each.counts and total.counts):
        return
    computed = each.given * point(next(iter(said)))
    yield verdict(
        sentence.document,
        NAME,
        holds=computed.lo == total.value,
        statement=sentence.excerpt(match),
        stated=total,
        computed=computed,
        rests=f"{each.text} for each of {next(iter(said))} ({sentence.document.place(each.start)})",
    )
