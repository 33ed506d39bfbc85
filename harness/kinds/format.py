"""``format``: a file is laid out byte for byte as its format says, and as somebody claims of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from harness.artifacts.formats._format import Document, Fact, Format, Malformed, named, names
from harness.kinds._format_examples import FORMAT_EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import Cell, InputName, Printed
from harness.model.verdict import Denominator, Mutation, Outcome, Verdict, Witness

SURVIVORS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFormat(Kind):
    """Reads every file of an input whole, by its format, and holds its layout against what is claimed.

    The reader refuses what is cut, padded or malformed, and says at which byte. ``facts`` are what the
    header says (version, sizes); ``offsets`` and ``sizes`` say where named parts start and how long they
    are; ``bytes`` is the length of the whole. Then the file is cut at every boundary, lengthened, and each
    bit of its headers flipped: what the reader does not refuse is a survivor. A changed value is none of
    these: a format without a checksum cannot know it, but ``roundtrip`` against the source can.
    """

    name: ClassVar[str] = "format"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = None
    EXAMPLES: ClassVar[tuple[Example, ...]] = FORMAT_EXAMPLES

    file: InputName
    format: str
    bytes: int | None = None
    facts: Mapping[str, Cell] = field(default_factory=dict)
    offsets: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a format that is not installed, and numbers that no file has."""
        if self.format not in names():
            known = ", ".join(names())
            message = f"no format is called {self.format!r}"
            yield Fault(field="format", message=message, suggestion=f"known: {known}")
        for word, numbers in (("offsets", self.offsets), ("sizes", self.sizes)):
            for name, number in numbers.items():
                if number < 0:
                    yield Fault(field=f"{word}.{name}", message="no byte lies there")
        if self.bytes is not None and self.bytes < 1:
            yield Fault(field="bytes", message="an empty file has no layout")

    def discharge(self, context: Context) -> Verdict:
        """Judges every file of the input; raises ``InputError`` for one that cannot be read at all."""
        form, subjects = named(self.format), context.subjects(self.file)
        witnesses: list[Witness] = []
        survivors: list[str] = []
        tried, told = 0, []
        for subject in subjects:
            data = _bytes(subject)
            try:
                held = form.read(data)
            except Malformed as error:
                where = f"{subject.name}:byte {error.at}"
                witnesses.append(Witness(where=where, found=error.found, expected=error.expected))
                continue
            witnesses += self._differences(subject.name, len(data), held)
            told.append(", ".join(f"{key} {value}" for key, value in held.facts.items()))
            count, missed = _plant(form, data, held)
            tried += count
            survivors += missed
        return Verdict(
            outcome=Outcome.FALSIFIED if witnesses else Outcome.DISCHARGED,
            basis=context.basis(self.file),
            denominator=Denominator(judged=len(subjects), total=len(subjects), unit="files"),
            measured="; ".join(dict.fromkeys(told)) or "not of the format",
            threshold=self._asked(),
            witnesses=tuple(witnesses[:20]),
            mutation=Mutation(
                killed=tried - len(survivors), generated=tried, survivors=tuple(survivors[:SURVIVORS])
            )
            if tried
            else None,
        )

    def _asked(self) -> str:
        asked = [f"{key} {value}" for key, value in self.facts.items()]
        asked += [f"{key} at {at}" for key, at in self.offsets.items()]
        asked += [f"{key} of {size} bytes" for key, size in self.sizes.items()]
        asked += [] if self.bytes is None else [f"{self.bytes} bytes"]
        return ", ".join([self.format, *asked])

    def _differences(self, where: str, size: int, held: Document) -> Iterator[Witness]:
        if self.bytes is not None and size != self.bytes:
            yield Witness(where=where, found=f"{size} bytes", expected=f"{self.bytes} bytes")
        for key, value in self.facts.items():
            if key not in held.facts:
                known = ", ".join(held.facts)
                raise InputError(f"{self.format} has no fact {key!r}; known: {known}", "ILL_POSED")
            if not _same(held.facts[key], value):
                yield Witness(where=f"{where}:{key}", found=str(held.facts[key]), expected=str(value))
        parts = {part.name: part for part in held.parts}
        for word, asked in (("start", self.offsets), ("size", self.sizes)):
            for name, number in asked.items():
                found = getattr(parts[name], word) if name in parts else "no such part"
                if found != number:
                    told = f"{word} {found}" if name in parts else found
                    yield Witness(where=f"{where}:{name}", found=told, expected=f"{word} {number}")


def _same(held: Fact, claimed: Cell) -> bool:
    if isinstance(claimed, Printed):
        if isinstance(held, str):
            return held == claimed.text
        return not isinstance(held, bool) and claimed.finite and claimed.exact == held
    return type(held) is type(claimed) and held == claimed


def _bytes(subject: Subject) -> bytes:
    try:
        return Path(subject.path).read_bytes()
    except OSError as error:
        raise InputError(f"{subject.name}: {error.strerror}", "MISSING_INPUT") from error


def _plant(form: Format, data: bytes, held: Document) -> tuple[int, list[str]]:
    """Changes the file in ways that must be refused; returns how many, and those that were not."""
    missed, count = [], 0
    for what, changed in _planted(data, held):
        count += 1
        try:
            form.read(changed)
        except Malformed:
            continue
        missed.append(what)
    return count, missed


def _planted(data: bytes, held: Document) -> Iterator[tuple[str, bytes]]:
    # A cut exactly where another version of the format ends is a sound file: one byte more is asked there.
    ends = sorted({part.start + part.size for part in held.parts} | {part.start for part in held.parts})
    for end in _spread(ends):
        yield f"cut before byte {end}", data[: max(0, end - 1)]
    yield "a byte of 0 at the end", data + b"\0"
    yield "the whole twice", data + data
    for span in held.fixed:
        for at in range(span.start, span.start + span.size):
            for bit in range(8):
                flipped = bytes([data[at] ^ 1 << bit])
                yield f"bit {bit} of byte {at} in {span.name}", data[:at] + flipped + data[at + 1 :]


def _spread(ends: Sequence[int], most: int = 40) -> Sequence[int]:
    return ends if len(ends) <= most else ends[:: len(ends) // most + 1]
