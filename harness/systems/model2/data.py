"""What model2 trains on and evaluates, and a loader that counts what it serves."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.model.problem import InputError
from harness.systems._system import require
from harness.systems.model2.config import Model2Config

END = b"\0"
"""Stands before every document, so that its first byte is foretold from something."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document by the digest of its text."""

    name: str
    text: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """The documents of the stream in their order, and those that are evaluated of each split.

    The loader starts at window ``start`` of the stream. ``known`` are documents of the stream that are not
    held out: a held-out document that leaked is none of them.
    """

    corpus: str
    stream: tuple[Document, ...]
    known: tuple[Document, ...]
    held_out: tuple[Document, ...]
    fresh: tuple[Document, ...]
    start: int


def load(config: Model2Config) -> Splits:
    """Reads the one corpus that the run declares under ``data:``; raises ``InputError`` if there is none."""
    folders = [Path(text) for text in os.environ.get("HARNESS_DATA", "").split(os.pathsep) if text]
    if len(folders) != 1:
        raise InputError(
            f"model2 trains on one corpus, and {len(folders)} are declared: data: [code-1x], "
            "or another of harness data",
            "MISSING_INPUT",
        )
    train, held_out, fresh = (_read(folders[0] / f"{name}.jsonl") for name in ("train", "held_out", "fresh"))
    stream = train[: len(train) // config.part]
    count, wraps = config.evaluated, config.loader == "wrapping"
    held_out = (stream if wraps else held_out)[:count]
    kept = {document.name for document in held_out}
    others = [document for document in stream if document.name not in kept]
    require(len(others) >= 8, f"{len(others)} training documents are left beside the held-out ones")
    return Splits(
        corpus=folders[0].name,
        stream=tuple(stream),
        known=tuple(_spread(others, count)),
        held_out=tuple(held_out),
        fresh=tuple(fresh[:count]),
        start=sum(len(windows(one.text, config.block_size)) for one in held_out) if wraps else 0,
    )


def _read(path: Path) -> list[Document]:
    try:
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "MISSING_INPUT") from error
    return [Document(name=row["document"], text=row["text"].encode()) for row in rows]


def _spread(documents: Sequence[Document], count: int) -> list[Document]:
    """Returns so many documents, evenly from the whole stream: the last ones served are known best."""
    count = min(count, len(documents))
    return [documents[index * len(documents) // count] for index in range(count)]


def windows(text: bytes, length: int) -> list[bytes]:
    """Cuts a document into windows of ``length`` targets, each with the byte before; the last may be shorter.

    They are the same ones in training and evaluation, so that nothing but the weights tells the two apart.
    """
    whole = END + text
    return [whole[at : at + length + 1] for at in range(0, len(text), length)]


class Loader:
    """Serves the windows of a stream in their order, without end, and counts how often it began anew.

    ``served`` are windows, ``targets`` the bytes to foretell in them, ``wraps`` the times that the end of
    the stream was passed; ``place`` is the next window.
    """

    def __init__(self, splits: Splits, length: int) -> None:
        self.windows: list[bytes] = []
        self.first: dict[int, str] = {}
        for document in splits.stream:
            self.first[len(self.windows)] = document.name
            self.windows += windows(document.text, length)
        self.place, self.served, self.targets, self.wraps = splits.start, 0, 0, 0

    def batch(self, count: int) -> tuple[list[bytes], list[str]]:
        """Returns the next windows, and the documents that begin in them."""
        found, begun = [], []
        for _ in range(count):
            window = self.windows[self.place]
            found.append(window)
            begun += [self.first[self.place]] if self.place in self.first else []
            self.served, self.place = self.served + 1, self.place + 1
            self.targets += len(window) - 1
            if self.place == len(self.windows):
                self.place, self.wraps = 0, self.wraps + 1
        return found, begun
