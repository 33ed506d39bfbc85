"""Named figures of a document: ``val=8.911`` of the arm ``1× run``, from sentences and from tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from harness.audit.masks import ANY, LEVEL, Mask, masks
from harness.audit.numbers import Number
from harness.audit.text import Document

_NAMED = re.compile(
    rf"(?P<label>[^\W\d][\w.]*(?:(?<!\.)[ -][^\W\d][\w.]*){{0,3}})(?:\s*[=:]\s*|\s+)[~≈]?(?P<n>{LEVEL})"
    r"(?![/:×-]?\w)"
)
_ARM = re.compile(r"\s*(?:[-*•]\s+)?(?P<arm>[^:=|]{1,40}?):\s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """A figure under its name; ``arm`` is the column, or the words before the colon, that qualify it.

    ``group`` tells which line or column of a table it was given in.
    """

    label: str
    words: tuple[str, ...]
    arm: str
    group: str
    number: Number


@lru_cache(maxsize=8)
def quantities(document: Document) -> tuple[Quantity, ...]:
    """Returns every named figure."""
    return (*_of_tables(document), *(one for sentence in masks(document) for one in _of_lines(sentence)))


def words_of(label: str) -> tuple[str, ...]:
    """Splits a name into lower case words: ``val_loss`` is val and loss."""
    return tuple(word.lower() for word in re.split(r"[\s_\-./()]+", label) if word)


def arm_of(text: str) -> str:
    """Returns a column's or line's qualifier in a comparable form."""
    return " ".join(text.lower().replace("*", " ").split())


def _of_tables(document: Document) -> Iterator[Quantity]:
    for number, table in enumerate(document.tables):
        width = max((len(row) for row in table.rows), default=0)
        for row in table.rows:
            for column in range(1, len(row)):
                found = row[column].number
                if found is None or not row[0].text.strip():
                    continue
                head = table.header[column].text if column < len(table.header) else ""
                yield Quantity(
                    label=row[0].text.strip(),
                    words=words_of(row[0].text),
                    arm=arm_of(head) if width > 2 else "",
                    group=f"table {number} column {column}",
                    number=found,
                )


def _of_lines(sentence: Mask) -> Iterator[Quantity]:
    text = sentence.text
    if text.lstrip().startswith("|"):
        return
    lead = _ARM.match(text)
    if lead is not None and re.match(rf"[~≈]?{ANY}", text[lead.end() :]):
        lead = None
    for match in _NAMED.finditer(text):
        label = match["label"].strip()
        inside = lead is not None and match.start() >= lead.end("arm")
        arm = _shown(sentence, lead) if inside and lead else ""
        number = sentence.number(match, "n")
        line = sentence.document.line(number.start)
        yield Quantity(label=label, words=words_of(label), arm=arm, group=f"line {line}", number=number)


def _shown(sentence: Mask, lead: re.Match[str]) -> str:
    """Returns the words before the colon with their numbers."""
    start = sentence.block.start
    raw = sentence.document.text[start : sentence.block.end]
    match = _ARM.match(raw.replace("\n", " "))
    return arm_of(match["arm"]) if match else arm_of(re.sub(ANY, "#", lead["arm"]))


def mentions(sentence: str, arm: str) -> bool:
    """Tells whether a sentence names an arm."""
    return re.search(rf"(?<![\w.×]){re.escape(arm)}(?!\w)", sentence.lower()) is not None


def sentence_at(document: Document, position: int) -> str:
    """Returns the sentence around a position."""
    text = document.text
    start = max(
        text.rfind(". ", 0, position), text.rfind(".\n", 0, position), text.rfind("\n\n", 0, position)
    )
    ends = [
        at
        for at in (text.find(". ", position), text.find(".\n", position), text.find("\n\n", position))
        if at >= 0
    ]
    return " ".join(text[start + 1 : min(ends, default=len(text))].split())
