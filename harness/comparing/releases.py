"""Two releases: the numbers that their cards publish under one label, and the tensors of their headers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from harness.artifacts.safetensors_file import SIZES, Tensor
from harness.audit.files import MAX_TEXT
from harness.audit.numbers import Number
from harness.audit.text import Document
from harness.kinds._card_text import model_index
from harness.model.problem import InputError

_WORDS = 6
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """One number of a card under a label that both cards have once, as printed on both sides."""

    label: str
    before: str
    after: str
    place: str
    difference: float
    within: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cards:
    """Two cards: what moved, how many numbers agree, and how many have no partner of the same label."""

    moved: tuple[Published, ...]
    equal: int
    unmatched: tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Two checkpoints by their headers: counts, and what was added, removed, reshaped or cast."""

    parameters: tuple[int, int]
    size: tuple[int, int]
    dtypes: tuple[str, str]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reshaped: tuple[str, ...]
    cast: tuple[str, ...]


def cards(before: Path, after: Path, remarks: list[str]) -> Cards:
    """Matches the numbers of two cards by their labels: a table's row and column, or the words before."""
    ours, theirs = (_published(path, remarks) for path in (before, after))
    moved, equal = [], 0
    for label in ours.keys() & theirs.keys():
        (_, one), (place, other) = ours[label], theirs[label]
        if one.value == other.value:
            equal += 1
            continue
        apart = other.value - one.value
        moved.append(
            Published(
                label=label,
                before=one.text,
                after=other.text,
                place=place,
                difference=float(apart),
                within=abs(apart) <= (one.step + other.step) / 2,
            )
        )
    matched = len(ours.keys() & theirs.keys())
    return Cards(
        moved=tuple(sorted(moved, key=lambda one: list(theirs).index(one.label))),
        equal=equal,
        unmatched=(len(ours) - matched, len(theirs) - matched),
    )


def _published(path: Path, remarks: list[str]) -> dict[str, tuple[str, Number]]:
    """Returns label to place and number; a label twice is told apart by its heading, or left out."""
    raw = path.read_bytes()[:MAX_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")
    body = _FRONT.sub(lambda match: "\n" * match[0].count("\n"), raw)
    document = Document(path.name, body)
    found = [*_of_tables(document), *_of_lines(document)]
    counts = Counter(label for label, _, _ in found)
    named = [(label if counts[label] == 1 else f"{head}: {label}", n) for label, head, n in found]
    again = Counter(label for label, _ in named)
    known = {label: (document.place(n.start), n) for label, n in named if again[label] == 1}
    try:
        indexed = list(_indexed(raw, path.name))
    except InputError as error:
        remarks.append(str(error))
        indexed = []
    return known | {label: held for label, held in indexed if label not in known}


def _indexed(raw: str, name: str) -> Iterator[tuple[str, tuple[str, Number]]]:
    for entry in model_index(raw, name):
        label = f"model-index: {' '.join(dict.fromkeys((*entry.tasks, *entry.metrics)))}"
        if entry.stated.readings:
            low, high = entry.stated.readings[0]
            number = Number(
                text=entry.stated.text, start=0, end=0, value=(low + high) / 2, step=Fraction(high - low)
            )
            yield label, (entry.stated.where, number)


def _of_tables(document: Document) -> Iterator[tuple[str, str, Number]]:
    for table in document.tables:
        for row in table.rows:
            name = _plain(row[0].text)
            for column in range(1, len(row)):
                number = row[column].number
                head = _plain(table.header[column].text) if column < len(table.header) else ""
                if number is not None and name:
                    yield f"{name} / {head}".rstrip(" /"), _heading(document, number.start), number


def _of_lines(document: Document) -> Iterator[tuple[str, str, Number]]:
    inside = {
        n.start for table in document.tables for row in table.rows for cell in row for n in cell.numbers
    }
    for block in document.blocks:
        if block.kind == "head":
            continue
        last = block.start
        for number in document.within(block.start, block.end):
            before = re.split(r"[.;:!?]\s", document.text[last : number.start].rstrip(" :=~≈"))[-1]
            words = _plain(before).split()[-_WORDS:]
            last = number.end
            if number.start not in inside and any(word.isalpha() for word in words):
                yield " ".join(words), _heading(document, number.start), number


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w.%@/+-]*\w[\w.%@/+-]*", text.lower()))


def _heading(document: Document, position: int) -> str:
    heads = [block for block in document.blocks if block.kind == "head" and block.start < position]
    return _plain(document.text[heads[-1].start : heads[-1].end]) if heads else ""


def weights(before: Sequence[Tensor], after: Sequence[Tensor]) -> Weights:
    """Compares two checkpoints by their headers; no value is read."""
    ours, theirs = ({tensor.name: tensor for tensor in side} for side in (before, after))
    both = [(ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())]
    return Weights(
        parameters=(_parameters(ours), _parameters(theirs)),
        size=(_size(ours), _size(theirs)),
        dtypes=(_dtypes(ours), _dtypes(theirs)),
        added=tuple(f"{name} {list(theirs[name].shape)}" for name in sorted(theirs.keys() - ours.keys())),
        removed=tuple(f"{name} {list(ours[name].shape)}" for name in sorted(ours.keys() - theirs.keys())),
        reshaped=tuple(f"{a.name} {list(a.shape)} → {list(b.shape)}" for a, b in both if a.shape != b.shape),
        cast=tuple(f"{a.name} {a.dtype} → {b.dtype}" for a, b in both if a.dtype != b.dtype),
    )


def _parameters(held: Mapping[str, Tensor]) -> int:
    return sum(tensor.values for tensor in held.values())


def _size(held: Mapping[str, Tensor]) -> int:
    return sum(tensor.values * SIZES[tensor.dtype] for tensor in held.values())


def _dtypes(held: Mapping[str, Tensor]) -> str:
    counts = Counter(tensor.dtype for tensor in held.values())
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())
