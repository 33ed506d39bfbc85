"""One quantity in two places: final and best figures, settings of the model, bins and their steps."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from harness.audit.findings import Finding
from harness.audit.judge import fits, readings, verdict
from harness.audit.numbers import Number
from harness.audit.quantities import Quantity, quantities
from harness.audit.ranges import Range, point
from harness.audit.text import Document

NAME = "same"
_QUALIFIED = {"final", "best", "init", "initial", "peak"}
_METRIC = frozenset(
    """loss ce ppl perplexity bpb accuracy acc gap f1 bleu lr memory mem score wer tension descent""".split()
)
_SETTINGS = frozenset(
    """d_model hidden_size hidden_dim n_layer n_layers num_layers num_hidden_layers n_head n_heads num_heads
    num_attention_heads n_kv_head num_key_value_heads vocab_size block_size seed intermediate_size head_dim
    max_position_embeddings rope_theta""".split()
)
_HISTORY = re.compile(r"→|->|\bwas\b|\bcommit(?:s|ted)?\b|\bvs\b|\binstead of\b", re.I)
_GENERAL = (
    r"result|training|evaluation|summary|overview|metric|performance|tl;dr|detail|abstract|introduction"
)
_BIN = re.compile(r"\b(?:bin|bins|bucket)\b", re.I)
_STEPS = re.compile(r"(?<![\w-])(?:steps)\W{0,6}(?=\d)|(?<=\d)\s+(?:training\s+|optimizer\s+)?steps\b", re.I)


def judge(document: Document) -> Iterator[Finding]:
    """Tries figures that carry the same full name and no sign of being of another arm, epoch or version."""
    known = quantities(document)
    yield from _repeated(document, known)
    yield from _bins(document, known)


def _key(one: Quantity) -> tuple[str, ...] | None:
    """Returns the full name of a quantity that a document has one of; None for any other."""
    words = tuple(word for word in one.words if word not in ("the", "our", "is", "of", "a"))
    if one.label.lower() in _SETTINGS:
        return (one.label.lower(),)
    if set(words) & _QUALIFIED and set(words) & _METRIC and len(words) <= 4:
        return tuple(sorted({"init" if word == "initial" else word for word in words}))
    return None


def _repeated(document: Document, known: Sequence[Quantity]) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[Quantity]] = defaultdict(list)
    for one in known:
        if (key := _key(one)) is not None:
            groups[key].append(one)
    yield from _alike(document, known, groups)
    for found in groups.values():
        for index, other in enumerate(found):
            earlier = [one for one in found[:index] if _lines_apart(document, one, other)]
            same = [one for one in earlier if one.number.value == other.number.value]
            if earlier:
                yield from _pair(document, (same or earlier)[0], other, found)


def _alike(
    document: Document, known: Sequence[Quantity], taken: dict[tuple[str, ...], list[Quantity]]
) -> Iterator[Finding]:
    """Tells that a figure is repeated under its name; one that differs may be of another run."""
    first: dict[tuple[tuple[str, ...], Fraction], Quantity] = {}
    skip = {one.number.start for found in taken.values() for one in found}
    told = set()
    for one in known:
        words, number = one.words, one.number
        long = sum(char.isdigit() for char in number.text) >= 3
        if not (set(words) & _METRIC and len(words) <= 4 and long) or number.counts or number.start in skip:
            continue
        key = (words, number.value)
        other = first.setdefault(key, one)
        if other is not one and key not in told and _lines_apart(document, one, other):
            told.add(key)
            yield verdict(
                document,
                NAME,
                holds=True,
                statement=f"{one.label} {number.text} and {other.label} {other.number.text}",
                stated=number,
                computed=point(other.number.value),
                rests=document.place(other.number.start),
            )


def _lines_apart(document: Document, one: Quantity, other: Quantity) -> bool:
    return document.line(one.number.start) != document.line(other.number.start)


def _pair(
    document: Document, first: Quantity, other: Quantity, group: Sequence[Quantity]
) -> Iterator[Finding]:
    """Judges two mentions; they contradict only if nothing in either line, arm or table sets them apart."""
    if first.number.dimension != other.number.dimension:
        return
    rough, fine = (other, first) if other.number.step >= first.number.step else (first, other)
    holds = fits(rough.number, readings(fine.number))
    if not holds and not _plain(document, first, other, group):
        return
    yield verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{other.label} {other.number.text} and {first.label} {first.number.text}",
        stated=other.number,
        computed=Range(first.number.value, first.number.value),
        rests=document.place(first.number.start),
    )


def _plain(document: Document, first: Quantity, other: Quantity, group: Sequence[Quantity]) -> bool:
    """Tells whether two mentions can only mean one quantity."""
    if (
        len({one.number.value for one in group}) != 2
        or first.arm != other.arm
        or first.label.lower() in _SETTINGS
    ):
        return False
    if not all(_bare(document, one) for one in (first, other)):
        return False
    if first.group.startswith("table") and other.group.startswith("table"):
        return False
    lines = [document.lines[document.line(one.number.start) - 1] for one in (first, other)]
    return not any(_HISTORY.search(line) for line in lines) and _apart(lines[0]) == _apart(lines[1])


def _bare(document: Document, one: Quantity) -> bool:
    """Tells whether a line says little more than the figure, and its heading nothing of one run or task."""
    line = document.line(one.number.start)
    words = re.findall(r"[A-Za-z]{3,}", document.lines[line - 1].lower())
    rest = [
        word
        for word in words
        if word not in {*one.words, "the", "our", "this", "here", "value", "and", "was"}
    ]
    heads = [block for block in document.blocks if block.kind == "head" and block.start < one.number.start]
    title = document.text[heads[-1].start : heads[-1].end].lower().strip() if heads else ""
    top = not title.startswith("##")
    return len(rest) <= 2 and (top or re.search(_GENERAL, title) is not None)


def _apart(line: str) -> frozenset[str]:
    """Returns the words of a line that may say which run, epoch or seed it speaks of."""
    return frozenset(
        found.lower()
        for found in re.findall(
            r"\b(?:run|arm|epoch|step|seed|cycle|stage|phase|version|fold|layer|rank|model|ablation|ba"
            r"seline|config"
            r"|variant|teacher|student|small|base|large|xl|hour|min)\b[\s-]*\w*|\d+(?:\.\d+)?[x×](?!\w"
            r")|\bv\d[\w.]*",
            line,
            re.I,
        )
    )


def _bins(document: Document, known: Sequence[Quantity]) -> Iterator[Finding]:
    """Judges counts of bins against the steps, of which the document states one number."""
    steps = _steps(document)
    if steps is None:
        return
    bins = [
        one for one in known if one.group.startswith("table") and _BIN.search(one.label) and one.number.counts
    ]
    for _, found in groupby(bins, key=lambda one: one.group):
        group = list(found)
        total = sum((one.number.value for one in group), Fraction(0))
        if len(group) < 2 or not steps.value / 2 <= total <= steps.value * 2:
            continue
        yield verdict(
            document,
            NAME,
            holds=total == steps.value,
            statement=f"{' + '.join(one.number.text for one in group)} of the bins are the steps",
            stated=steps,
            computed=point(total),
            rests=document.place(group[0].number.start),
        )


def _steps(document: Document) -> Number | None:
    """Returns the one number of steps that a document states."""
    ends = {match.end() for match in _STEPS.finditer(document.text)}
    starts = {match.start() for match in _STEPS.finditer(document.text)}
    found = [one for one in document.numbers if (one.start in ends or one.end in starts) and one.counts]
    return found[0] if len({one.value for one in found}) == 1 else None
