"""Kind ``corpus``: what a training text is by its bytes: carried over, counted, free of what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from harness.kinds._text_bytes import lines_of, lines_with, opened, places
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_TEXT = b"<q> what is it\n<a> a text\n<q> and this\n<a> too\n"
_ALL = "bytes: 47, lines: 4, forbid: [helper], contains: {'<q>': 2}, equals: carried"


def _example(title: str, outcome: Outcome, data: bytes, fields: str, carried: bytes = _TEXT) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  corpus: {{file: corpus.txt}}
  carried: {{file: before.txt}}
criteria:
  - id: EXAMPLE
    claim: The corpus is that of the last cycle.
    obligations:
      - {{kind: corpus, corpus: corpus, {fields}}}
""",
        files=lambda: {"corpus.txt": data, "before.txt": carried},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus(Kind):
    """Holds the files of a corpus, taken together, against what is said of them.

    ``equals`` is another input with the same bytes, file by file in name order; ``bytes`` and ``lines`` are
    counts (a last line without its end counts); ``forbid`` lists texts that no file may contain; ``contains``
    gives the least number of lines that a text must stand in. Texts are looked for as UTF-8, exactly. A
    witness names file and byte, never the text around it.
    """

    name: ClassVar[str] = "corpus"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "corpus"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("carried over, counted, clean", Outcome.DISCHARGED, _TEXT, _ALL),
        _example("one byte is another", Outcome.FALSIFIED, _TEXT.replace(b"too", b"tou"), _ALL),
        _example("one line more", Outcome.FALSIFIED, _TEXT + b"<a>\n", "lines: 4"),
        _example("a line without its end", Outcome.DISCHARGED, _TEXT[:-1], "lines: 4"),
        _example("a forbidden word", Outcome.FALSIFIED, _TEXT + b"helper", "forbid: [helper]"),
        _example("too few of a kind", Outcome.FALSIFIED, _TEXT, "contains: {'<q>': 3}"),
        _example("nothing forbidden in nothing", Outcome.INCONCLUSIVE, b"", "forbid: [helper]"),
        _example("no byte where there should be some", Outcome.FALSIFIED, b"", "bytes: 47"),
    )

    corpus: InputName
    equals: InputName | None = None
    bytes: int | None = None
    lines: int | None = None
    forbid: tuple[str, ...] = ()
    contains: Mapping[str, int] = field(default_factory=dict)

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a corpus of which nothing is asked, and what cannot fail."""
        if not (self.equals or self.forbid or self.contains) and self.bytes is None and self.lines is None:
            yield Fault(field="", message="nothing is asked: give equals, bytes, lines, forbid or contains")
        if self.equals == self.corpus:
            yield Fault(field="equals", message="a corpus is always the same as itself")
        for name in ("bytes", "lines"):
            if (getattr(self, name) or 0) < 0:
                yield Fault(field=name, message="must not be negative")
        if "" in (*self.forbid, *self.contains):
            yield Fault(
                field="forbid" if "" in self.forbid else "contains", message="an empty text is everywhere"
            )
        for text, least in self.contains.items():
            if least < 1:
                yield Fault(field=f"contains.{text}", message="must be at least 1: this cannot fail")

    def discharge(self, context: Context) -> Verdict:
        """Judges all that is asked; raises ``InputError`` for a file that cannot be read."""
        subjects = context.subjects(self.corpus)
        witnesses = [*self._counts(subjects), *self._texts(subjects)]
        inputs = [self.corpus]
        if self.equals is not None:
            inputs.append(self.equals)
            witnesses += _apart(subjects, context.subjects(self.equals))
        size = sum(subject.size for subject in subjects)
        asked = (self.equals, self.bytes, self.lines, *self.forbid, *self.contains)
        total = sum(one is not None for one in asked)
        outcome = Outcome.FALSIFIED if witnesses else Outcome.DISCHARGED if size else Outcome.INCONCLUSIVE
        return Verdict(
            outcome=outcome,
            reason=Reason.VACUOUS if outcome is Outcome.INCONCLUSIVE else None,
            basis=context.basis(*inputs),
            denominator=Denominator(judged=total if size or witnesses else 0, total=total, unit="statements"),
            detail=f"{len(subjects)} files, {size} bytes",
            measured=", ".join(dict.fromkeys(subject.sha256 for subject in subjects[:3])),
            witnesses=tuple(witnesses[:20]),
        )

    def _counts(self, subjects: Sequence[Subject]) -> Iterator[Witness]:
        size = sum(subject.size for subject in subjects)
        if self.bytes is not None and size != self.bytes:
            yield Witness(where=self.corpus, found=f"{size} bytes", expected=f"{self.bytes} bytes")
        if self.lines is not None:
            count = sum(lines_of(subject) for subject in subjects)
            if count != self.lines:
                yield Witness(where=self.corpus, found=f"{count} lines", expected=f"{self.lines} lines")

    def _texts(self, subjects: Sequence[Subject]) -> Iterator[Witness]:
        for text in self.forbid:
            for subject in subjects:
                with opened(subject) as data:
                    place = next(places(data, text.encode()), None)
                if place is not None:
                    yield Witness(
                        where=f"{subject.name}, byte {place}", found=f"{text!r}", expected=f"no {text!r}"
                    )
        for text, least in self.contains.items():
            count = sum(lines_with(subject, text.encode()) for subject in subjects)
            if count < least:
                found = f"{text!r} on {count} lines"
                yield Witness(where=self.corpus, found=found, expected=f"on at least {least}")


def _apart(ours: Sequence[Subject], theirs: Sequence[Subject]) -> Iterator[Witness]:
    """Yields the files that differ, with the first byte that does."""
    if len(ours) != len(theirs):
        yield Witness(where=ours[0].name, found=f"{len(ours)} files", expected=f"{len(theirs)} files")
    for one, other in zip(ours, theirs, strict=False):
        if one.sha256 == other.sha256:
            continue
        with opened(one) as first, opened(other) as second:
            size = min(len(first), len(second))
            place = next((at for at in range(size) if first[at] != second[at]), size)
        yield Witness(
            where=f"{one.name}, byte {place}",
            found=f"{one.size} bytes, sha256 {one.sha256[:16]}…",
            expected=f"{other.size} bytes, sha256 {other.sha256[:16]}… ({other.name})",
        )
