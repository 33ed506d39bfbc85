"""Cases of a table that prose counts or ranks: ``on all four subsets``, ``three of four tasks improve``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.audit.findings import Figure, Finding, Said
from harness.audit.numbers import Number
from harness.audit.quantities import words_of
from harness.audit.text import Block, Cell, Document, Table
from harness.audit.words import SPELLED, count_of

NAME = "case"
_COUNTED = "|".join(word for word in SPELLED if word not in ("zero", "one"))
NUMBER = rf"(?:{_COUNTED}|\d{{1,2}})"
_ALL = re.compile(
    rf"\b(?:all|the|these|our|over|best of the|across)\s+(?:the\s+)?(?P<n>{NUMBER})\s+(?P<noun>[a-z]+s)"
    rf"\b(?!-)",
    re.I,
)
_LEAD = re.compile(rf"\b(?P<n>{NUMBER})\s+(?:[a-z]+\s+)?(?P<noun>[a-z]+s):\s*\Z", re.I)
_EVERY = re.compile(
    rf"\b(?:(?P<k>{NUMBER})\s+(?:out\s+)?of\s+(?:the\s+)?(?P<n>{NUMBER})|(?P<all>every|each|all(?:\s+"
    rf"(?:the\s+)?"
    rf"(?P<m>{NUMBER}))?))\s+(?P<noun>[a-z]+)\s+(?:is\s+|are\s+|gets?\s+|become\s+|becomes\s+)?"
    rf"(?P<verb>improves?|improved|gains?|better|"
    r"worse|higher|lower|worsens?|degrades?|drops?|regress(?:es)?)\b",
    re.I,
)
_WINS = re.compile(
    rf"\b(?P<who>[A-Za-z][\w-]*)\s+(?:wins|is better|is lower|is higher|leads|is ahead|(?:beats"
    rf"|outperforms)\s+[\w\s-]{{1,30}}?)\s+(?:on|in|for)\s+(?:(?P<k>{NUMBER})\s+(?:out\s+)?of\s+"
    rf"|(?P<all>all)\s+)(?:the\s+)?(?P<n>{NUMBER})\s+(?P<noun>[a-z]+)",
    re.I,
)
_GAIN = re.compile(r"\b(?:gain|improvement|delta|diff|difference|change)\b|Δ", re.I)
_LABELS = re.compile(r"\b(?:avg|average|mean|total|sum|overall|all|std|stdev|median|min|max)\b|Σ", re.I)
_REFERENCE = re.compile(
    r"\b(?:random|chance|human|baseline|majority|previous|prior|sota|reference|uniform)\b", re.I
)


def judge(document: Document) -> Iterator[Finding]:
    """Tries prose that counts or ranks the rows of the one table that its noun or its name points to."""
    tables = [table for table in document.tables if len(cases(table)) >= 2]
    heads: dict[str, list[tuple[Table, int]]] = {}
    for table in tables:
        for column, cell in enumerate(table.header):
            heads.setdefault(cell.text.strip().lower(), []).append((table, column))
    for block in document.blocks if tables else ():
        text = document.text[block.start : block.end]
        for pattern in (_ALL, _LEAD):
            for match in pattern.finditer(text):
                yield from _count(document, block, match, tables)
        for match in _EVERY.finditer(text):
            yield from _signs(document, block, match, tables)
        for match in _WINS.finditer(text):
            yield from _wins(document, block, match, tables)
        yield from _cells(document, block, heads)


def cases(table: Table) -> list[tuple[Cell, ...]]:
    """Returns the rows that are cases, not totals or means of the others."""
    return [row for row in table.rows if row and row[0].text.strip() and not _LABELS.search(row[0].text)]


def _headed(tables: Sequence[Table], noun: str) -> list[Table]:
    """Returns the tables whose first column is headed by a noun."""
    single = noun.lower().removesuffix("s")
    return [
        table
        for table in tables
        if table.header and _words(table.header[0]) and _words(table.header[0])[-1] in (single, noun.lower())
    ]


def _words(cell: Cell) -> tuple[str, ...]:
    return words_of(cell.text.strip().strip("*_").lower())


def _columns(table: Table, noun: str) -> list[int]:
    single = noun.lower().removesuffix("s")
    named = re.compile(rf"(?:{re.escape(single)}|{re.escape(single[:1])})\s*\d+\Z", re.I)
    return [index for index, cell in enumerate(table.header) if index and named.match(cell.text.strip())]


def _count(
    document: Document, block: Block, match: re.Match[str], tables: Sequence[Table]
) -> Iterator[Finding]:
    """Judges ``all four subsets`` against the rows of the only table of subsets."""
    found = _headed(tables, match["noun"])
    sizes = {len({row[0].text.strip() for row in cases(table)}) for table in found}
    if not found:
        across = [len(columns) for table in tables if (columns := _columns(table, match["noun"]))]
        sizes = set(across)
    if len(sizes) != 1:
        return
    (size,), stated = sizes, count_of(match["n"])
    own = {len([row for row in cases(table) if not _REFERENCE.search(row[0].text)]) for table in found}
    size = stated if stated is not None and stated in own else size
    strong = match.re is _LEAD or re.match(r"all|over|best|across", match[0], re.I)
    if stated is None or (stated != size and not (strong and abs(stated - size) <= max(2, size // 2))):
        return
    if stated != size and re.search(r"\b(?:other|remaining|first|last|top|more)\b", match[0], re.I):
        return
    where = document.place(found[0].rows[0][0].start) if found else document.name
    yield Finding(
        outcome=Said.HOLDS if stated == size else Said.CONTRADICTION,
        rule=NAME,
        statement=f"{' '.join(match[0].split())}: the table has {size}",
        stated=Figure(shown=match["n"], place=document.place(block.start + match.start("n"))),
        found=Figure(shown=str(size), place=where),
        margin="" if stated == size else f"off by {size - stated}",
    )


def _gains(table: Table) -> list[Number] | None:
    """Returns the figures of the only column that is headed as a gain, of every case."""
    columns = [index for index, cell in enumerate(table.header) if index and _GAIN.search(cell.text)]
    if len(columns) != 1:
        return None
    found = [row[columns[0]].number for row in cases(table) if columns[0] < len(row)]
    kept = [number for number in found if number is not None]
    return kept if len(kept) == len(found) >= 2 else None


def _signs(
    document: Document, block: Block, match: re.Match[str], tables: Sequence[Table]
) -> Iterator[Finding]:
    """Judges how many cases improve by the signs in the column of gains."""
    noun = match["noun"].lower()
    found = [(table, gains) for table in _headed(tables, noun) if (gains := _gains(table))]
    after = document.text[block.start + match.end() : block.start + match.end() + 40]
    if len(found) != 1 or re.match(r"[^.;]{0,20}\b(?:on average|except|but|apart|overall)\b", after, re.I):
        return
    table, gains = found[0]
    up, down = sum(one.value > 0 for one in gains), sum(one.value < 0 for one in gains)
    said_up = re.match(r"improve|gain|better|higher", match["verb"], re.I) is not None
    head = next(cell.text for cell in table.header[1:] if _GAIN.search(cell.text))
    directed = re.search(r"gain|improvement", head, re.I) is not None
    size, wanted = len(gains), count_of(match["k"]) if match["k"] else len(gains)
    whole = count_of(match["n"] or match["m"] or str(size))
    fitting = {up if said_up else down} if directed else {up, down}
    holds = wanted in fitting and whole == size
    place = document.place(block.start + match.start())
    yield Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=" ".join(match[0].split()),
        stated=Figure(shown=f"{match['k'] or match['all']}", place=place),
        found=Figure(shown=f"{up} up, {down} down of {size}", place=document.place(table.rows[0][0].start)),
        margin="" if holds else "the column of gains says otherwise",
    )


def _wins(
    document: Document, block: Block, match: re.Match[str], tables: Sequence[Table]
) -> Iterator[Finding]:
    """Judges ``EMA wins on 6 of 6 seeds`` where two rows, or two columns, hold the figures of every case."""
    noun = match["noun"].lower()
    across = _across(tables, match["who"].lower(), noun)
    if across is not None:
        yield _counted_wins(document, block, match, *across)
        return
    for table in tables:
        columns, rows = _columns(table, noun), cases(table)
        mine = [row for row in rows if match["who"].lower() in _words(row[0])]
        if len(columns) < 2 or len(rows) != 2 or len(mine) != 1:
            continue
        other = next(row for row in rows if row is not mine[0])
        pairs = [
            (a, b)
            for index in columns
            if (a := mine[0][index].number) is not None and (b := other[index].number) is not None
        ]
        if len(pairs) != len(columns):
            continue
        yield _counted_wins(document, block, match, pairs, mine[0][0].start)
        return


def _across(tables: Sequence[Table], who: str, noun: str) -> tuple[list[tuple[Number, Number]], int] | None:
    """Returns the figures of the column of one and of the only other column of levels, for every case."""
    for table in _headed(tables, noun):
        levels = [i for i, cell in enumerate(table.header) if i and not _GAIN.search(cell.text)]
        mine = [i for i in levels if who in _words(table.header[i])]
        if len(levels) != 2 or len(mine) != 1:
            continue
        (other,) = set(levels) - set(mine)
        pairs = [
            (a, b)
            for row in cases(table)
            if (a := row[mine[0]].number) is not None and (b := row[other].number) is not None
        ]
        if len(pairs) == len(cases(table)):
            return pairs, table.rows[0][0].start
    return None


def _counted_wins(
    document: Document, block: Block, match: re.Match[str], pairs: Sequence[tuple[Number, Number]], at: int
) -> Finding:
    less, more = sum(a.value < b.value for a, b in pairs), sum(a.value > b.value for a, b in pairs)
    whole = count_of(match["n"])
    said = count_of(match["k"]) if match["k"] else whole
    holds = said in (less, more) and whole == len(pairs)
    name = "k" if match["k"] else "n"
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=" ".join(match[0].split()),
        stated=Figure(shown=match[name], place=document.place(block.start + match.start(name))),
        found=Figure(shown=f"{less} below, {more} above of {len(pairs)}", place=document.place(at)),
        margin="" if holds else "the figures say otherwise",
    )


def _cells(
    document: Document, block: Block, heads: Mapping[str, Sequence[tuple[Table, int]]]
) -> Iterator[Finding]:
    """Tells that ``MODEL-1: … 5 PARTIALs`` is the cell there; another number may be a part."""
    text = document.text[block.start : block.end]
    for number in document.within(block.start, block.end):
        noun = re.match(r"\s+([A-Z][A-Za-z]+?)s?\b", document.text[number.end :][:40])
        if noun is None or not number.counts:
            continue
        for table, column in heads.get(noun[1].lower(), ()):
            for row in table.rows if column else ():
                cell = row[column].number if column < len(row) else None
                label = row[0].text.strip()
                if cell is not None and label and cell.value == number.value and label in text:
                    yield Finding(
                        outcome=Said.HOLDS,
                        rule=NAME,
                        statement=f"{label}: {number.text} {noun[1]}",
                        stated=Figure(shown=number.text, place=document.place(number.start)),
                        found=Figure(shown=cell.text, place=document.place(cell.start)),
                    )
