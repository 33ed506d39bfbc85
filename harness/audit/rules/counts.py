"""Counts against lists: ``three claims:``, ``6 missing attributes (a, b, …)``, ``(6 merged, 4 open)``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.audit.findings import Figure, Finding, Said
from harness.audit.text import Block, Document
from harness.audit.words import ENUMERABLE, SPELLED, VAGUE, count_of

NAME = "count"
_COUNT = re.compile(
    rf"(?<![\w.,/#§$:-])(?P<n>\d{{1,3}}|{'|'.join(w for w in SPELLED if w not in ('zero', 'one'))})"
    rf"(?![\w.,%/×+~–])"
    rf"(?:-(?P<tight>[A-Za-z]\w*)|(?:\s+[A-Za-z][\w'/-]*){{0,3}}?\s+(?P<head>"
    rf"{'|'.join(sorted(ENUMERABLE))})\b)",
    re.I,
)
_WEAK = frozenset(
    "across over on for after of from to by than at per within between using with in into and vs".split()
)
"""Words before a count after which the list that follows may be of something else."""
_GOES_ON = re.compile(
    r"\s*(?:[:(]|\w+ing\b|(?:that|which|of|for|in|to|from|with|on|we|below|here|as|about|against)\b)", re.I
)
_TOLD = re.compile(
    r"\s+(?:changed|added|removed|fixed|found|listed|affected|touched|considered|remaining|needed|required)"
    r"\b",
    re.I,
)
_TURNS = re.compile(
    r"\b(?:following|results?|reveal\w*|shows?|found|suggests?|yield\w*|gave|gives?|because|so)\b", re.I
)
_DEFINED = re.compile(r"\s*(?!\S+-[Bb]y:)[\w.`'/+-]+(?:\s[\w.'/+-]+)?(?::\s|\s+[—–]\s)")
_BRACKET = re.compile(
    rf"(?<![\w.,/#§$-])(?P<n>\d{{1,2}}|{'|'.join(w for w in SPELLED if w not in ('zero', 'one'))})"
    r"[ -](?P<noun>(?:[A-Za-z][\w'-]*\s+){0,3}?(?P<head>[A-Za-z][\w-]*))\s*\((?P<list>[^()]{3,400})\)",
    re.I,
)
_RUN = re.compile(r"#(?P<a>\d+)\s*[-–]\s*#?(?P<b>\d+)\b")
_TAGS = re.compile(r"\((?P<tags>[^()]*\d+\s+[A-Za-z]+[^()]*)\)")
_TAG = re.compile(r"(?P<n>\d+)\s+(?P<tag>[A-Za-z]+)")
_SEEDS = re.compile(
    r"\b(?P<n>\d)[ -]seeds?\b(?P<gap>.{0,80}?)\bseeds?:?\s+(?P<list>\d+(?:\s*(?:/|,|and)\s*\d+)+)",
    re.I | re.S,
)
_INLINE = re.compile(r"(?:(?<=\s)|\A)(?:\((?P<b>\d{1,2})\)|(?P<a>\d{1,2})[.)])\s+(?=[^\W\d])")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """The items under a line: the text of each and how many things it stands for.

    ``loose`` says that they carry no bullets, or that something else stands between them, so that where
    the list ends is a guess.
    """

    items: tuple[tuple[str, int], ...]
    start: int
    end: int
    loose: bool = False

    @property
    def total(self) -> int:
        return sum(size for _, size in self.items)


def judge(document: Document) -> Iterator[Finding]:
    """Tries counts whose list follows a colon, stands in brackets, or is numbered in the sentence."""
    blocks = document.blocks
    for index, block in enumerate(blocks):
        text = document.text[block.start : block.end]
        listing = _below(document, blocks, index)
        if listing is not None:
            yield from _headed(document, block, listing)
            yield from _tagged(document, block, listing)
        yield from _inline(document, block, text)
    for block in document.prose:
        if block.kind != "code":
            yield from _bracketed(document, block)
            yield from _seeds(document, block)


def _below(document: Document, blocks: Sequence[Block], index: int) -> _Listing | None:
    """Returns the list that a block which ends in a colon introduces."""
    block = blocks[index]
    if not document.text[block.start : block.end].rstrip().endswith((":", ":-")) or index + 1 >= len(blocks):
        return None
    first = blocks[index + 1]
    if first.kind == "text":
        return _definitions(document, blocks[index + 1 :])
    if first.kind != "item" or (
        block.kind == "item" and first.indent <= block.indent and first.mark[0] == block.mark[0]
    ):
        return None
    items = []
    for other in blocks[index + 1 :]:
        if other.kind != "item" and not (other.kind == "text" and _indented(document, other) > first.indent):
            break
        if other.kind != "item" or other.indent > first.indent:
            continue
        if other.indent < first.indent or _sort(other.mark) != _sort(first.mark):
            break
        items.append((other.start, other.end))
    torn = any(document.text[a[1] : b[0]].strip() for a, b in itertools.pairwise(items))
    return _listing(document, items, loose=torn)


def _listing(document: Document, spans: Sequence[tuple[int, int]], *, loose: bool = False) -> _Listing | None:
    if len(spans) < 2:
        return None
    texts = [document.text[start:end] for start, end in spans]
    return _Listing(
        items=tuple((text, _size(text)) for text in texts), start=spans[0][0], end=spans[-1][1], loose=loose
    )


def _definitions(document: Document, blocks: Sequence[Block]) -> _Listing | None:
    """Returns a list without bullets: ``name: …`` paragraphs, or ``name — …`` lines of one paragraph."""
    paragraphs = []
    for block in blocks:
        if block.kind != "text" or not _DEFINED.match(document.text, block.start, block.end):
            break
        paragraphs.append((block.start, block.end))
    if len(paragraphs) != 1:
        return _listing(document, paragraphs, loose=True)
    start, end = paragraphs[0]
    lines = [
        (match.start() + start, match.end() + start)
        for match in re.finditer(r"[^\n]+", document.text[start:end])
    ]
    base = _indent_of(document, lines[0])
    heads = [span for span in lines if _indent_of(document, span) == base]
    if not all(_DEFINED.match(document.text, *span) for span in heads):
        return None
    return _listing(document, heads, loose=True)


def _indent_of(document: Document, span: tuple[int, int]) -> int:
    line = document.text[slice(*span)]
    return len(line) - len(line.lstrip())


def _sort(mark: str) -> str:
    return mark if mark in "-*•+" else "1"


def _indented(document: Document, block: Block) -> int:
    line = document.text[block.start : block.end]
    return len(line) - len(line.lstrip())


def _size(text: str) -> int:
    """Returns how many numbered things an item stands for: 5 for ``#1076-#1080``."""
    run = _RUN.search(text)
    return max(1, int(run["b"]) - int(run["a"]) + 1) if run else 1


def _headed(document: Document, block: Block, listing: _Listing) -> Iterator[Finding]:
    """Judges the counts of the last sentence before the colon."""
    last = _sentence(document, block)
    found = [
        match for match in _COUNT.finditer(document.text, last, block.end) if _names(document, match, last)
    ]
    ranged = any(_RUN.search(text) for text, _ in listing.items)
    exact = [match for match in found if match["head"] or ranged or _plural(match["tight"])]
    right = [match for match in exact if count_of(match["n"]) in (listing.total, len(listing.items))]
    strict = [match for match in exact if _strict(document, match, last, block.end)]
    if right or (len(strict) == 1 == len(exact) and not listing.loose and _near(strict[0], listing.total)):
        chosen = (right or strict)[0]
        yield _made(document, chosen, listing.total, document.place(listing.start), holds=bool(right))


def _near(match: re.Match[str], listed: int) -> bool:
    """Tells whether a list may be the one that was counted: a far longer or shorter one is another."""
    count = count_of(match["n"]) or 0
    return abs(count - listed) <= max(1, count // 4)


def _plural(noun: str) -> bool:
    return f"{noun.lower()}s" in ENUMERABLE


def _strict(document: Document, match: re.Match[str], start: int, end: int) -> bool:
    """Tells whether the list can be of nothing else than what is counted."""
    before = re.findall(r"\w+", document.text[start : match.start()].lower())
    rest = document.text[match.end() : end]
    if match["tight"]:
        return True
    if re.match(r"\s*\n", rest):
        return False
    told = _TOLD.match(rest)
    after = rest[told.end() :] if told else rest
    weak = bool(before) and before[-1] in _WEAK
    return not weak and bool(told or _GOES_ON.match(rest)) and not _TURNS.search(after)


def _sentence(document: Document, block: Block) -> int:
    """Returns where the last sentence of a block starts."""
    ends = [match.end() for match in re.finditer(r"[.!?;]\s", document.text[block.start : block.end])]
    return block.start + (ends[-1] if ends else 0)


def _names(document: Document, match: re.Match[str], start: int) -> bool:
    """Tells whether the number counts what its noun names, and nothing makes it vague."""
    lead = document.text[start : match.start()]
    if lead.rstrip().endswith((":", "=")) and "\n" in match[0]:
        return False
    before = re.findall(r"[\w.]+", lead.lower())[-2:]
    inside = match[0].lower().split()[1:]
    return not (VAGUE & {*before, *inside})


def _tagged(document: Document, block: Block, listing: _Listing) -> Iterator[Finding]:
    """Judges ``(6 merged, 4 open)`` against the items that carry these words in brackets."""
    for bracket in _TAGS.finditer(document.text, block.start, block.end):
        tags = [
            (int(m["n"]), m["tag"].lower(), bracket.start("tags") + m.start())
            for m in _TAG.finditer(bracket["tags"])
        ]
        tally = {
            tag: sum(
                size for text, size in listing.items if re.search(rf"\([^()]*\b{tag}\b[^()]*\)", text, re.I)
            )
            for _, tag, _ in tags
        }
        covered = sum(tally.values())
        if len(tags) < 2 or not all(tally.values()) or covered != listing.total:
            continue
        for count, tag, at in tags:
            yield Finding(
                outcome=Said.HOLDS if tally[tag] == count else Said.CONTRADICTION,
                rule=NAME,
                statement=f"{count} {tag}: the list marks {tally[tag]} as {tag}",
                stated=Figure(shown=str(count), place=document.place(at)),
                found=Figure(shown=str(tally[tag]), place=f"listed from {document.place(listing.start)}"),
                margin="" if tally[tag] == count else f"off by {tally[tag] - count}",
            )


def _inline(document: Document, block: Block, text: str) -> Iterator[Finding]:
    """Judges ``two fixes that …: 1. … 2. …`` in one running text."""
    marks = list(_INLINE.finditer(text))
    run = _climbing(marks)
    if run < 2:
        return
    lead = block.start + marks[0].start()
    head = document.text[block.start : lead].rstrip()
    if not head.endswith(":"):
        return
    start = _start_of(head) + block.start
    found = [
        m for m in _COUNT.finditer(document.text, start, lead) if _names(document, m, start) and m["head"]
    ]
    count = count_of(found[0]["n"]) if len(found) == 1 else None
    if count == run or (count and _near(found[0], run) and _strict(document, found[0], start, lead)):
        yield _made(document, found[0], run, document.place(lead), holds=count == run)


def _climbing(marks: Sequence[re.Match[str]]) -> int:
    """Returns how far numbers 1, 2, 3 … run."""
    expected = 1
    for mark in marks:
        if int(mark["a"] or mark["b"]) != expected:
            break
        expected += 1
    return expected - 1


def _start_of(head: str) -> int:
    ends = [match.end() for match in re.finditer(r"[.!?;]\s", head)]
    return ends[-1] if ends else 0


def _bracketed(document: Document, block: Block) -> Iterator[Finding]:
    """Judges ``6 missing attributes (a, b, c, d, e/f)``: names after a comma, a dot or a slash."""
    for match in _BRACKET.finditer(document.text, block.start, block.end):
        if not _names(document, match, max(block.start, match.start() - 40)):
            continue
        sizes = _sizes(match["list"])
        nouns = {word.lower() for word in match["noun"].split()}
        if sizes and ENUMERABLE & (nouns | {f"{noun}s" for noun in nouns}):
            count = count_of(match["n"])
            holds = count in sizes
            if not holds and not any(_near(match, size) for size in sizes):
                continue
            yield _made(
                document,
                match,
                sizes[-1] if holds else sizes[0],
                document.place(match.start("list")),
                holds=holds,
            )


def _seeds(document: Document, block: Block) -> Iterator[Finding]:
    """Judges ``3-seed validation …: Seeds 42/1337/7``."""
    for match in _SEEDS.finditer(document.text, block.start, block.end):
        listed = len(re.findall(r"\d+", match["list"]))
        if _near(match, listed):
            yield _made(
                document, match, listed, document.place(match.start("list")), holds=int(match["n"]) == listed
            )


def _sizes(inside: str) -> list[int]:
    """Returns how many things a bracket may list: slashes as part of a name, and as two names.

    Nothing for a bracket that is no plain list of names.
    """
    if re.search(r"\betc|\.\.\.|…|\be\.g|\bi\.e|\bincl|\bsuch|\bsee\b|=|\+|:|→|\bper\b", inside):
        return []
    parts = [part.strip() for part in re.split(r"[,·;]|\band\b|&", inside) if part.strip()]
    if len(parts) < 2 or any(not re.fullmatch(r"[\w][\w./-]*(?:\s[\w./-]+){0,2}", part) for part in parts):
        return []
    if all(part.isdigit() for part in parts[1:]) and re.fullmatch(r"(?:[A-Za-z]+ )?\d+", parts[0]):
        return [len(parts)] if len(parts) >= 3 else []
    if any(part[0].isdigit() for part in parts):
        return []
    slashed = sum(len(part.split("/")) for part in parts)
    return sorted({len(parts), slashed}, key=lambda size: size != len(parts))


def _made(document: Document, match: re.Match[str], listed: int, where: str, *, holds: bool) -> Finding:
    count = count_of(match["n"]) or 0
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=f"{document.excerpt(match.start(), match.end(), 70)}: {count if holds else listed} listed",
        stated=Figure(shown=match["n"], place=document.place(match.start("n"))),
        found=Figure(shown=str(count if holds else listed), place=f"listed from {where}"),
        margin="" if holds else f"off by {listed - count}",
    )
