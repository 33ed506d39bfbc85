"""Days between two dates of a sentence: ``on 3 May 2025 and on 17 May 2025, 14 days later``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from harness.audit.findings import Figure, Finding, Said
from harness.audit.text import Block, Document
from harness.audit.words import SPELLED, count_of

NAME = "date"
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}})|(?P<d2>\d{{1,2}})\s+(?P<m2>{_MONTH})(?:,?\s+"
    rf"(?P<y2>\d{{4}}))?"
    rf"|(?P<m3>{_MONTH})\s+(?P<d3>\d{{1,2}}),?\s+(?P<y3>\d{{4}})"
)
_DAYS = re.compile(r"(?<![\w.–-])(?P<n>\d{1,4}|" + "|".join(SPELLED) + r")\s+(?P<unit>days?|weeks?)\b", re.I)


def judge(document: Document) -> Iterator[Finding]:
    """Tries a number of days or weeks against the only two dates of its sentence."""
    for block in document.blocks:
        yield from _spans(document, block)


def _spans(document: Document, block: Block) -> Iterator[Finding]:
    """Judges ``on 3 May 2025 and on 17 May 2025, 14 days later``: one or the other end may count."""
    text = document.text[block.start : block.end]
    for start, end in _sentences(text):
        dates = [one for match in _DATE.finditer(text, start, end) if (one := _read(match)) is not None]
        spans = list(_DAYS.finditer(text, start, end))
        if (
            len(dates) != 2
            or len(spans) != 1
            or re.search(r"\b(?:first|last|every|within|another|each|per|apiece)\b", text[start:end])
        ):
            continue
        first, second = dates
        if first.year == 1 or second.year == 1:
            year = max(first.year, second.year)
            if year == 1:
                continue
            first, second = first.replace(year=year), second.replace(year=year)
        days = abs((second - first).days)
        unit = 7 if spans[0]["unit"].lower().startswith("week") else 1
        count = count_of(spans[0]["n"]) or 0
        holds = days - unit <= count * unit <= days + unit
        place = document.place(block.start + spans[0].start())
        yield Finding(
            outcome=Said.HOLDS if holds else Said.CONTRADICTION,
            rule=NAME,
            statement=f"{spans[0][0]} from {first} to {second}",
            stated=Figure(shown=spans[0][0], place=place),
            found=Figure(shown=f"{days} days", place=f"between the dates ({place})"),
            margin="" if holds else f"off by {days - count * unit} days",
        )


def _sentences(text: str) -> list[tuple[int, int]]:
    ends = [match.end() for match in re.finditer(r"[.!?]\s+(?=[A-Z])", text)]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))


def _read(match: re.Match[str]) -> date | None:
    """Returns the date that was written; one without a year is of year 1."""
    year = match["y"] or match["y2"] or match["y3"] or "1"
    month = match["m"] or match["m2"] or match["m3"]
    day = match["d"] or match["d2"] or match["d3"]
    number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None
