"""Counts against what is listed beside them: ``5 stages (4.0, 3.0)``, ``2 sets: A, B``, ``7 of 8``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Figure, Finding, Said
from harness.audit.text import Block, Document
from harness.audit.words import ENUMERABLE, SPELLED, VAGUE, count_of

NAME = "listed"
_N = rf"(?<![\w.,/#§$:-])(?P<n>\d{{1,2}}|{'|'.join(w for w in SPELLED if w not in ('zero', 'one'))})"
_NUMBERS = re.compile(
    rf"{_N}[ -](?:[A-Za-z][\w'-]*\s+){{0,2}}?(?P<noun>[A-Za-z][\w-]*s)\s*\((?P<list>[^()]{{3,200}})\)", re.I
)
_COLON = re.compile(
    rf"{_N}[ -](?:[A-Za-z][\w'-]*\s+){{0,2}}?(?P<noun>[A-Za-z][\w-]*s):\s+"
    r"(?P<list>[^.;:()\n]{3,200})(?=\.\s|\.?\Z)",
    re.I,
)
_KEPT = re.compile(
    r":\s+(?P<list>[^.;:()\n]{3,200}?)\s+\(\s*(?P<n>\d{1,2})\s+(?:[a-z]+\s+)?(?P<noun>[a-z]+s)(?:\s+[a-z]+)?\s*\)",
    re.I,
)
_OF = re.compile(
    r"(?<![\w.,/-])(?P<n>\d{1,3})\s*(?:of|/)\s*(?P<all>\d{1,3})\s+(?:[a-z-]+\s+)?(?P<noun>[a-z]+s)"
    r"\s+(?:pass|passed|passing"
    r"|hold|are ok|ok|green|succeed(?:ed)?)\b[^:;.\n]*(?:\.\d[^:;.\n]*)?:\s+(?P<list>[^;\n]{8,600})",
    re.I,
)
_JUDGED = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z]+[-_ ]?\d+)\s*[:=]?\s*"
    r"(?P<said>ok|pass(?:ed|es)?|green|yes|✓|fail(?:ed|s)?|red|no|✗)(?!\w)",
    re.I,
)
_GOOD = re.compile(r"ok|pass|green|yes|✓", re.I)
_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?\s?(?:%|[kKMBG]B?|ms|s|h)?")
_NAME = re.compile(r"[A-Z0-9][\w./+-]*(?:\s[A-Z0-9][\w./+-]*)?|[a-z]+[-_]?\d+")
_OPEN = re.compile(
    r"\betc|\.\.\.|…|\be\.g|\bi\.e|\bincl|\bsuch|\bsee\b|=|→|->|\bper\b|\bof\b|\bto\b|\bvs\b", re.I
)
_COUNTED = ENUMERABLE | frozenset(
    "seeds epochs rates temperatures thresholds folds shards gates layers".split()
)
_NOT_MEMBERS = frozenset("layers epochs tokens steps parameters".split())
"""Things whose bracketed figures need not be one each: ``3 layers (64, 64 hidden units)``."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries counts whose members are listed in the same sentence, all by figures or all by names."""
    for block in document.blocks:
        for pattern in (_NUMBERS, _COLON, _KEPT):
            for match in pattern.finditer(document.text, block.start, block.end):
                yield from _count(document, block, match)
        for match in _OF.finditer(document.text, block.start, block.end):
            yield from _passed(document, match)


def _count(document: Document, block: Block, match: re.Match[str]) -> Iterator[Finding]:
    count, noun, listed = count_of(match["n"]), match["noun"].lower(), _members(match["list"])
    before = re.findall(
        r"[\w.]+", document.text[max(block.start, match.start() - 30) : match.start("n")].lower()
    )
    if not count or not listed or noun not in _COUNTED or noun in _NOT_MEMBERS or VAGUE & {*before[-2:]}:
        return
    if count != listed and abs(count - listed) > max(1, count // 4):
        return
    if match.re is _KEPT and not all(_kin(part, noun) for part in _parts(match["list"])):
        return
    yield _finding(document, match, "n", count, listed, "list")


def _kin(name: str, noun: str) -> bool:
    """Tells a numbered name of a thing: ``ckpt-10`` of checkpoints, ``seed 3`` of seeds."""
    stem = re.match(r"[a-z]+", name.lower())
    short = {"checkpoints": "ckpt", "parameters": "param", "experiments": "exp"}.get(noun, noun[:-1])
    return stem is not None and (noun.startswith(stem[0]) or stem[0] == short)


def _parts(text: str) -> list[str]:
    return [
        part.strip()
        for part in re.split(r",\s+(?:and\s+)?|\s+and\s+|\s+&\s+|;\s+", text.strip())
        if part.strip()
    ]


def _members(text: str) -> int:
    """Returns how many figures, or names, a list has; 0 for what is no plain list of either."""
    parts = _parts(text)
    if len(parts) < 2 or _OPEN.search(text):
        return 0
    alike = any(all(pattern.fullmatch(part) for part in parts) for pattern in (_NUMBER, _NAME))
    return len(parts) if alike and len(set(parts)) == len(parts) else 0


def _passed(document: Document, match: re.Match[str]) -> Iterator[Finding]:
    """Judges ``7 of 8 probes pass: P1 ok, … P4 fail``, which names every one."""
    named = {one["name"].lower(): bool(_GOOD.match(one["said"])) for one in _JUDGED.finditer(match["list"])}
    if len(named) != int(match["all"]) or len(named) < 2:
        return
    yield _finding(document, match, "n", int(match["n"]), sum(named.values()), "list")


def _finding(
    document: Document, match: re.Match[str], group: str, count: int, listed: int, place: str
) -> Finding:
    holds = count == listed
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=f"{document.excerpt(match.start(), match.end(), 70)}: {listed} listed",
        stated=Figure(shown=match[group], place=document.place(match.start(group))),
        found=Figure(shown=str(listed), place=f"listed from {document.place(match.start(place))}"),
        margin="" if holds else f"off by {listed - count}",
    )
