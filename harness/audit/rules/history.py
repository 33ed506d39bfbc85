"""Settings that a document changes step by step: ``NAME: a → b`` must start from what NAME was said to be."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, readings
from harness.audit.numbers import Number
from harness.audit.text import Document

NAME = "history"
_SETTING = re.compile(r"(?<![\w.])(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:\s+default)?\s*[:=]?\s*(?=[\d.])")
_ARROW = re.compile(r"\s*(?:→|->)\s*")
_WAS = re.compile(r"(?:\s+default)?\s*\(was\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """One mention of a setting: what it was before, if that is said, and what it is then."""

    name: str
    before: tuple[Number, ...]
    after: Number


def judge(document: Document) -> Iterator[Finding]:
    """Tries changes where changes join up in reading order; a value never heard of contradicts."""
    changes: dict[str, list[_Change]] = defaultdict(list)
    for change in _changes(document):
        changes[change.name].append(change)
    for name, found in changes.items():
        found += _spoken(document, name)
        found.sort(key=lambda change: change.after.start)
    joined = sum(_links(found) for found in changes.values())
    reversed_ = sum(_links(found[::-1]) for found in changes.values())
    if joined > reversed_:
        for found in changes.values():
            yield from _walk(document, found)


def _changes(document: Document) -> Iterator[_Change]:
    at = {number.start: index for index, number in enumerate(document.numbers)}
    for match in _SETTING.finditer(document.text):
        index = at.get(match.end())
        if index is None:
            continue
        chain = [document.numbers[index]]
        while (
            index + 1 < len(document.numbers)
            and document.text[chain[-1].end : document.numbers[index + 1].start] == "/"
        ):
            index += 1
            chain.append(document.numbers[index])
        following = document.numbers[index + 1] if index + 1 < len(document.numbers) else None
        between = document.text[chain[-1].end : following.start] if following else ""
        if following and _ARROW.fullmatch(between):
            yield _Change(name=match["name"], before=tuple(chain), after=following)
        elif following and _WAS.fullmatch(between):
            yield _Change(name=match["name"], before=(following,), after=chain[-1])
        else:
            yield _Change(name=match["name"], before=(), after=chain[-1])


def _spoken(document: Document, name: str) -> list[_Change]:
    """Returns figures before the last two words of a setting's name: ``786K batch tokens``."""
    words = name.lower().split("_")
    if len(words) < 3:
        return []
    tail = re.compile(rf"\s+{words[-2]}[\s_-]{words[-1]}\b")
    return [
        _Change(name=name, before=(), after=number)
        for number in document.numbers
        if not number.dimension and tail.match(document.text, number.end)
    ]


def _links(found: Sequence[_Change]) -> int:
    """Counts the changes that start from what the one before ended with."""
    return sum(
        one.after.value in {number.value for number in other.before} and bool(one.before)
        for one, other in itertools.pairwise(found)
    )


def _walk(document: Document, found: Sequence[_Change]) -> Iterator[Finding]:
    heard: list[Number] = []
    for change in found:
        if change.before and heard:
            holds = any(fits(old, readings(number)) for number in change.before for old in heard)
            last, first = heard[-1], change.before[-1]
            yield Finding(
                outcome=Said.HOLDS if holds else Said.CONTRADICTION,
                rule=NAME,
                statement=f"{change.name} goes from {first.text} to {change.after.text}"
                + ("" if holds else f", and was said to be {last.text} before"),
                stated=Figure(shown=first.text, place=document.place(first.start)),
                found=Figure(shown=last.text, place=document.place(last.start)),
            )
        heard += [*change.before, change.after]
