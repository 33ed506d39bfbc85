"""Numbers that somebody typed into a model card: refused where they claim a result that no evidence has.

In the front matter and in sections about results every number of a known quantity must be that of evidence.
Elsewhere one that contradicts the evidence is refused, and one that nothing is known about is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from harness.hub.facts import Fact
from harness.hub.loose import ALONE, loose, of_others
from harness.hub.quantities import CELL, Claimed, claimed, family_of, family_words, readings
from harness.hub.stated import shown
from harness.kinds._card_whose import heads_another, of_another, whose
from harness.scoreboard.board import Board
from harness.scoreboard.fold import Status

_RESULTS = (
    r"(?:eval\w*|results?|metrics?|performance|benchmarks?|scores?|claims?|verdicts?|evidence|scoreboard)"
)
_HEADING = re.compile(r"\s*(?P<level>#{1,6})\s+(?P<title>.*)")
_BARE = re.compile(rf"[\s*_]*(?:\w+\s+)?{_RESULTS}(?:\s+\w+){{0,2}}[\s*_:]*\Z", re.I)
_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*\Z")
_NEUTRAL = re.compile(
    r"(?:\A|[^\w\s-]|\b(?:the|an?|its|our|and|or|with|in|to|at|of|has|had|have|is|was|that|whose|final|last|best"
    r"|lowest|min\w*|max\w*|highest|mean|average|overall|total|train|training|reach\w*|achiev\w*|gets?|got"
    r"|obtain\w*|attain\w*|hits?|trainable|model|models))[\s*`_:-]*\Z",
    re.I,
)
_PART = re.compile(
    r"(?<![\w.])(?P<some>\d[\d,]{0,15})\s*(?:of|/|out\s+of)\s*(?:(?:the|all|its|our)\s+)?(?P<all>\d[\d,]{0,15})\s+"
    r"(?:[a-z-]+\s+){0,2}?(?:criteria|criterions?|claims?|obligations?|contracts?)\b",
    re.I | re.A,
)
_COUNT = re.compile(
    r"(?<![\w./])(?P<all>\d[\d,]{0,15})(?P<percent>\s*%\s+of\s+(?:the\s+|its\s+|our\s+|all\s+)*)?\s*"
    r"(?:[a-z-]+\s+){0,2}?(?:criteria|criterion|claims|obligations|contracts)\b",
    re.I | re.A,
)
_STATUS = re.compile(r"\b(?:DISCHARGED|PROVED|VERIFIED)\b")
_NAME = re.compile(r"(?<![\w./-])[\w.-]{1,100}/[\w.-]{1,100}(?![\w./-])", re.A)
_LONGEST = 10_000
"""Letters that a line, or a paragraph, may have: the patterns take longer than a line's length."""
_IMAGE = re.compile(r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=]+", re.A)
OWN = "Claims and what was found"


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a card may give numbers of: facts, sizes of weights in bytes, numbers by words, the board."""

    facts: Sequence[Fact] = ()
    sizes: Sequence[int] = ()
    told: Mapping[str, Sequence[Fraction]] = field(default_factory=dict)
    board: Board | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """One number of a card that no evidence has; ``refused`` where it claims what evidence alone may say."""

    why: str
    refused: bool


def typed(own: str, front: int, known: Known, name: str) -> Iterator[Typed]:
    """Yields the numbers of a card's own text that no evidence has; its first ``front`` lines are YAML."""
    level, header, waiting = 0, "", ""
    for number, line in enumerate(shown(_IMAGE.sub("", own)).split("\n"), 1):
        where = f"{name}:{number}"
        if len(line) > _LONGEST:
            yield Typed(why=f"{where}: {len(line):,} letters in one paragraph: part it", refused=True)
            continue
        heading = _HEADING.match(line)
        if heading and (not level or len(heading["level"]) <= level):
            level = len(heading["level"]) if re.search(rf"\b{_RESULTS}\b", heading["title"], re.I) else 0
        elif _BARE.match(line) and not level:
            level = 6
        row = "|" in line
        header = (header or line) if row else ""
        strict = bool(level) or number <= front
        yield from _line(line, known, where, strict=strict)
        if strict and waiting and (alone := ALONE.match(line)):
            yield from _line(f"{waiting}: {alone['number']}", known, where, strict=True)
        elif strict and not heading:
            yield from _rest(header, line, known, where)
        if line.strip():
            waiting = line.strip(" |:*-+`") if family_of(line) and not any(claimed(line)) else ""
        if strict and row and line != header and not _RULE.match(line):
            yield from _row(header, line, known, where)
        if known.board is not None:
            yield from _counted(line, known.board, where)


def _line(line: str, known: Known, where: str, *, strict: bool) -> Iterator[Typed]:
    for one in claimed(line):
        lead = line[: one.start]
        if (
            whose(lead) == "other"
            or of_another(line[one.end :])
            or heads_another(line.strip(" |").split("|")[0])
        ):
            continue
        if _backed(one, known):
            continue
        about = _about(one, known)
        if about or strict:
            measured = f"the evidence says {', '.join(about)}" if about else "no evidence has that number"
            yield Typed(why=f"{where}: {one.text}: {measured}", refused=True)
        else:
            yield Typed(why=f"{where}: {one.text}: no evidence is about it", refused=False)


def _rest(header: str, line: str, known: Known, where: str) -> Iterator[Typed]:
    """Yields numbers of a section of results that are said of no known quantity and that no evidence has."""
    if of_others(header, line):
        return
    taken = [(one.start, one.end) for one in claimed(line)]
    values = [low for fact in known.facts for low in (Fraction(fact.value),)]
    values += [number for numbers in known.told.values() for number in numbers]
    for match in loose(header, line):
        inside = any(low <= match.start("digits") < high for low, high in taken)
        spans = readings(match["digits"], match["unit"] or "")
        if not inside and not any(low <= one <= high for one in values for low, high in spans):
            yield Typed(
                why=f"{where}: {match[0].strip()} stands among results: no evidence is about it",
                refused=False,
            )


def _backed(one: Claimed, known: Known) -> bool:
    """Tells whether evidence about the quantity has the number, or lies within the bound."""
    return any(_agrees(one, low, high) for low, high in _values(one.family, known))


def _agrees(one: Claimed, low: Fraction, high: Fraction) -> bool:
    if one.bound == "<":
        return any(low <= upper for _, upper in one.readings)
    if one.bound == ">":
        return any(high >= lower for lower, _ in one.readings)
    return any(lower <= high and low <= upper for lower, upper in one.readings)


def _values(family: str, known: Known) -> Iterator[tuple[Fraction, Fraction]]:
    if family == "bytes":
        yield from ((Fraction(size), Fraction(size)) for size in known.sizes)
    words = family_words(family)
    for fact in known.facts:
        if (fact.metric or fact.part) and words.search(
            " ".join((fact.metric.replace("_", " "), fact.part, *fact.labels))
        ):
            yield Fraction(fact.value) - fact.radius, Fraction(fact.value) + fact.radius
    for text, numbers in known.told.items():
        if words.search(text.replace("_", " ")):
            yield from ((number, number) for number in numbers)


def _about(one: Claimed, known: Known) -> list[str]:
    """Returns what evidence says of exactly this quantity, which the number then contradicts."""
    if one.family == "bytes":
        return [f"{size:,} bytes" for size in known.sizes[:3]]
    found = []
    for fact in known.facts:
        said = _plain(fact.metric or fact.part)
        match = re.search(rf"(?<!\w){re.escape(said)}\s*\Z", _plain(one.phrase)) if said else None
        if match and family_of(said) == one.family and _NEUTRAL.search(_plain(one.phrase)[: match.start()]):
            found.append(f"{fact.name} measured {fact.value}")
    return list(dict.fromkeys(found))


def _plain(text: str) -> str:
    """Returns a metric's name, or words that end with one, so that both can be compared."""
    flat = " ".join(re.sub(r"[_*`-]", " ", text).split()).casefold()
    flat = re.sub(r"\bparam(?:eter)?s?\b", "parameters", flat)
    return re.sub(r"\b(?:validation|valid|evaluation|eval)\b", "val", flat)


def _row(header: str, line: str, known: Known, where: str) -> Iterator[Typed]:
    """Yields the cells of a row of results whose row or column names a quantity."""
    heads, cells = (text.strip().strip("|").split("|") for text in (header, line))
    if heads_another(cells[0]):
        return
    for head, cell in zip(heads[1:], cells[1:], strict=False):
        family = family_of(head) or family_of(cells[0])
        match = CELL.match(cell)
        if not family or match is None or heads_another(head):
            continue
        text = f"{(head if family_of(head) else cells[0]).strip(' *`')} {cell.strip(' *`')}"
        one = Claimed(
            family=family,
            text=text,
            readings=readings(match["digits"], match["unit"] or ""),
        )
        if not _backed(one, known):
            yield Typed(why=f"{where}: {text}: no evidence has that number", refused=True)


def _counted(line: str, board: Board, where: str) -> Iterator[Typed]:
    """Yields counts of criteria, and their statuses, that are not those of the scoreboard."""
    rows = {f"{contract.name}/{row.id}": row for contract in board.contracts for row in contract.criteria}
    done = [row for row in rows.values() if row.status is Status.DISCHARGED]
    stands, asked = board.totals.get("DISCHARGED", 0), board.totals.get("required", 0)
    said = f"the scoreboard has {stands} of {asked} required criteria discharged"
    parts = {(stands, asked), (len(done), len(rows))}
    obligations = sum(len(row.obligations) for row in rows.values())
    counts = {asked, stands, len(rows), len(done), len(board.contracts), obligations}
    spans = []
    line = re.sub(r"[*`]", "", line)
    for match in _PART.finditer(line):
        spans.append(match.span())
        if (_whole(match["some"]), _whole(match["all"])) not in parts:
            yield Typed(why=f"{where}: {match[0]}: {said}", refused=True)
    for match in _COUNT.finditer(line):
        if any(low <= match.start() < high for low, high in spans):
            continue
        whole = stands == asked and len(done) == len(rows)
        right = whole and _whole(match["all"]) == 100 if match["percent"] else _whole(match["all"]) in counts
        if not right:
            yield Typed(why=f"{where}: {match[0]}: {said}", refused=True)
    if OWN.casefold() in line.casefold():
        yield Typed(why=f"{where}: that section is written from the evidence: take it out", refused=True)
    status, named = _STATUS.search(line), _NAME.search(line)
    if status and named and named.start() < status.start():
        row = rows.get(named[0])
        if row is None or row.status is not Status.DISCHARGED:
            yield Typed(why=f"{where}: {named[0]} is not {status[0]} on the scoreboard", refused=True)


def _whole(text: str) -> int:
    return int(text.replace(",", ""))
