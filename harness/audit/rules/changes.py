"""Changes stated beside both values: ``2.6973 vs 2.8615 (+0.164)``, ``4.1× larger (74M vs 18M)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Finding
from harness.audit.judge import verdict
from harness.audit.masks import LEVEL, PERCENT, PLAIN, RATIO, SIGNED, SIGNED_PERCENT, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.relate import askable, explained, nearest
from harness.audit.text import Document

NAME = "change"
NEAR = 160
"""How far from a change, in characters, a value must stand for a contradiction to it."""
MORE = r"(?:larger|bigger|more|higher|greater|longer|faster|wider|deeper|better|worse|heavier)"
LESS = (
    r"(?:smaller|fewer|less|lower|shorter|slower|cheaper|narrower|lighter|reduction|compression|compressed)"
)
_KEY = (
    rf"(?:{MORE}|{LESS}|increase|decrease|improvement|improved|gain|drop|reduced|regression|speed-?up"
    rf"|savings?|change"
    r"|difference|delta|worsening)"
)
_WORDS = rf"(?:\s*{W}){{0,6}}?\s*[:=]?\s*"
_BETWEEN = rf"{_WORDS}(?:\bvs\.?|\bversus|\bagainst|\bcompared (?:to|with)|\bto|→|->|\binstead of){_WORDS}"
_CHANGE = (
    rf"(?:(?P<d>[{SIGNED}{SIGNED_PERCENT}])(?=\s*(?:\)|,|;|{W}\s*\)|(?:{W}\s+)?{_KEY}))"
    rf"|(?P<e>[{PLAIN}{PERCENT}{RATIO}])(?=\s*(?:{W}\s+)?{_KEY}))"
)
_BESIDE = re.compile(
    rf"(?P<a>{LEVEL}){_BETWEEN}(?P<b>{LEVEL})(?:\s*{W}){{0,3}}\s*[,:]?\s*\(\s*(?:an? )?{_CHANGE}"
)
_BEFORE = re.compile(
    rf"(?P<e>[{RATIO}{PERCENT}])\s*(?:-?\s*{_KEY})(?:\s*{W}){{0,4}}?\s*\(\s*(?:{W}\s*[:=]?\s*){{0,3}}"
    rf"(?P<a>{LEVEL}){_BETWEEN}(?P<b>{LEVEL})\s*(?:{W}\s*){{0,2}}\)"
)
_THAN = re.compile(
    rf"(?P<a>{LEVEL})(?:\s*{W}){{0,2}}\s*[(,—–-]+\s*(?P<e>[{RATIO}{PERCENT}])"
    rf"\s*{_KEY}\s+than(?:\s*{W}){{0,5}}\s*\(?"
    rf"(?P<b>{LEVEL})"
)
_OVER = re.compile(
    rf"(?P<d>[{SIGNED}{SIGNED_PERCENT}])(?:\s*{W}){{0,3}}?\s*\b(?:over|vs\.?|than|relative to"
    rf"|compared (?:to|with)"
    rf"|against)(?:\s*{W}){{0,7}}\s*\((?:{W}\s*[:=]?\s*){{0,2}}(?P<b>{LEVEL})\s*(?:{W})?\)"
)
_ALONE = re.compile(
    rf"(?P<label>{W})\s*[=:]\s*(?P<a>{LEVEL})\s*[(,—–-]+\s*(?P<e>{RATIO})\s*(?:{MORE}|{LESS})(?!\s+(?:than"
    rf"|{W}\s+than))"
)
_FLAG = re.compile(rf"--(?P<label>[A-Za-z][\w-]*)(?:\s+|=)(?P<a>{PLAIN})\s*\(\s*(?P<e>{RATIO})(?=[\s)])")
_SETTING = re.compile(
    r"\b(?:lr|learning rate|rate|decay|wd|dropout|temperature|temp|noise|beta|threshold|alpha|eps|fraction"
    r"|coef\w*|weight|scale|layers?|heads?|batch|seq|rank|lambda|momentum|warmup|top_?[kp])\W*\Z",
    re.I,
)
_PLACE = re.compile(
    r"\b(?:step|iter|iteration|epoch|layer|seed|rank|version|stage|phase|table|figure|section)s?\s*\Z", re.I
)
"""What a number after it is the place of, and no value."""
_SIZE = r"larger|smaller|bigger|more|fewer|less|longer|shorter|increase|decrease|reduction|higher|lower"
_UNITS = {"points", "pts", "pp", "abs", "absolute", "rel", "relative", "nats", "bits", "point"}
_LISTED = re.compile(rf"(?P<a>{LEVEL})\s*(?:{W})?\s*\(\s*(?P<d>{SIGNED})\s*(?:[,)]|{W}\s*[,)])")


def judge(document: Document) -> Iterator[Finding]:
    """Tries every change whose two values the sentence gives, or must hold among those of the block."""
    for sentence in masks(document):
        if sentence.block.kind == "code":
            continue
        for pattern in (_BESIDE, _BEFORE, _THAN):
            for match in pattern.finditer(sentence.text):
                yield from _direct(sentence, match)
        for match in _FLAG.finditer(sentence.text):
            yield from _flag(sentence, match)
        for match in _ALONE.finditer(sentence.text):
            yield from _alone(sentence, match)
        for match in _OVER.finditer(sentence.text):
            yield from _among(sentence, match, "b")
        for match in _LISTED.finditer(sentence.text) if sentence.block.kind != "line" else ():
            if not _BESIDE.search(sentence.text, max(0, match.start() - 90), match.end()):
                yield from _among(sentence, match, "a")


def _direct(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    a, b = sentence.number(match, "a"), sentence.number(match, "b")
    named = "d" if "d" in match.re.groupindex and match["d"] else "e"
    change = sentence.number(match, named)
    if askable(a, b, change) and _about(sentence, match, a, b, named):
        yield _finding(sentence, sentence.excerpt(match), a, b, change)


def _about(sentence: Mask, match: re.Match[str], a: Number, b: Number, named: str) -> bool:
    """Tells whether a change can be of the two values beside it, and is not what changing a setting did."""
    before, after = (
        sentence.text[max(0, match.start() - 30) : match.start()],
        sentence.text[match.end(named) :],
    )
    word = re.match(rf"\s*({W})", after)
    said = word[1].lower() if word else ""
    if _SETTING.search(before) and not re.search(_SIZE, said):
        return False
    if _PLACE.search(before) and a.counts:
        return False
    if a.counts and b.counts and match[named] != SIGNED:
        return re.search(_SIZE, said) is not None
    if re.search(r"faster|slower|speed|cheaper", said):
        return a.dimension == "seconds" or "/s" in match[0]
    return (
        not said
        or re.match(_KEY, said) is not None
        or said in _UNITS
        or said in f"{before}{match[0]}".lower()
    )


def _alone(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``lr=5e-7 — 40x smaller`` against the one value that the block gave to this name before."""
    a, change = sentence.number(match, "a"), sentence.number(match, "e")
    name = re.compile(rf"(?<!\w){re.escape(match['label'])}\s*[=:]\s*(?P<n>{LEVEL})")
    earlier = [sentence.number(found, "n") for found in name.finditer(sentence.text, 0, match.start())]
    good = [b for b in earlier if askable(a, b, change) and explained(a, b, change)]
    if good or (len(earlier) == 1 and askable(a, earlier[0], change)):
        yield _finding(sentence, sentence.excerpt(match), a, (good or earlier)[0], change)


def _flag(sentence: Mask, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``--num-steps 80000 (4× budget)`` against the one other value of this flag."""
    a, change = sentence.number(match, "a"), sentence.number(match, "e")
    document = sentence.document
    ends = {m.end() for m in re.finditer(rf"--{re.escape(match['label'])}(?:\s+|=)", document.text)}
    others = [one for one in document.numbers if one.start in ends and one.value != a.value]
    if len({one.value for one in others}) == 1 and askable(a, others[0], change):
        yield _finding(sentence, sentence.excerpt(match), a, others[0], change)


def _among(sentence: Mask, match: re.Match[str], group: str) -> Iterator[Finding]:
    """Judges a change against one value that is named; the other is any like it in the block.

    Only when no other value of the block explains the change does it contradict; the nearest is named.
    """
    known, change = sentence.number(match, group), sentence.number(match, "d")
    like = [
        other
        for other in sentence.numbers
        if other not in (known, change)
        and other.dimension == known.dimension
        and not other.signed
        and _alike(other, known)
        and askable(other, known, change)
    ]
    if not like or known.counts or (group == "a" and not _named_alike(sentence, known, like)):
        return
    far = [other for other in like if abs(other.start - change.start) > NEAR]
    if len(far) == len(like) and not any(explained(other, known, change) for other in like):
        return
    best = min(like, key=lambda other: abs(nearest(other, known, change).middle - abs(change.value)))
    yield _finding(sentence, sentence.excerpt(match), best, known, change)


def _named_alike(sentence: Mask, known: Number, like: Sequence[Number]) -> bool:
    """Tells whether another value of the block follows the same word."""
    words = {_word_before(sentence, other) for other in like}
    return _word_before(sentence, known) in words - {""}


def _word_before(sentence: Mask, number: Number) -> str:
    at = sentence.at[sentence.index(number)]
    found = re.search(r"([^\W\d]\w*)\s*[=:]?\s*\Z", sentence.text[max(0, at - 40) : at])
    return found[1].lower() if found else ""


def _alike(one: Number, other: Number) -> bool:
    """Tells whether two numbers may be values of one metric: printed as finely, and of one size."""
    finer, coarser = sorted((one.step, other.step))
    return coarser <= 100 * finer and abs(other.value) / 4 <= abs(one.value) <= 4 * abs(other.value)


def _finding(sentence: Mask, statement: str, a: Number, b: Number, change: Number) -> Finding:
    document = sentence.document
    return verdict(
        document,
        NAME,
        holds=explained(a, b, change),
        statement=statement,
        stated=change,
        computed=nearest(a, b, change),
        rests=f"from {a.text} ({document.place(a.start)}) and {b.text} ({document.place(b.start)})",
    )
