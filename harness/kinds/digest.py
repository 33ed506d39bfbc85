"""``digest``: a file is the one that was named, byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Verdict, Witness

_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")


def _example(title: str, outcome: Outcome, fields: str, data: bytes) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  weights: {{file: weights.bin}}
criteria:
  - id: A
    claim: The weights are the released ones.
    obligations:
      - {{kind: digest, file: weights, {fields}}}
""",
        files=lambda: {"weights.bin": data},
    )


_ABC = hashlib.sha256(b"abc").hexdigest()
_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest(Kind):
    """Compares the SHA-256 of every file of an input, and their length if it is given, with what is named."""

    name: ClassVar[str] = "digest"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "sha256"
    reads_nothing: ClassVar[bool] = True
    judges: ClassVar[tuple[str, ...]] = ("",)
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("the named bytes", Outcome.DISCHARGED, f"sha256: {_ABC}, bytes: 3", b"abc"),
        _example(
            "capital hex digits are the same digest", Outcome.DISCHARGED, f"sha256: {_ABC.upper()}", b"abc"
        ),
        _example("one byte differs", Outcome.FALSIFIED, f"sha256: {_ABC}", b"abd"),
        _example(
            "the length that is claimed is another", Outcome.FALSIFIED, f"sha256: {_ABC}, bytes: 4", b"abc"
        ),
        _example("an empty file for full ones", Outcome.FALSIFIED, f"sha256: {_ABC}", b""),
        _example("an empty file that is named so", Outcome.DISCHARGED, f"sha256: {_EMPTY}, bytes: 0", b""),
    )

    file: InputName
    sha256: str
    bytes: int | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a digest that is none and a negative length."""
        if not _HEX.match(self.sha256):
            yield Fault(field="sha256", message="a SHA-256 has 64 hexadecimal digits")
        if self.bytes is not None and self.bytes < 0:
            yield Fault(field="bytes", message="a file has no negative length")

    def discharge(self, context: Context) -> Verdict:
        """Judges every file of the input."""
        subjects = context.subjects(self.file)
        wanted = self.sha256.lower()
        witnesses = tuple(found for subject in subjects for found in self._differences(subject, wanted))
        return Verdict(
            outcome=Outcome.FALSIFIED if witnesses else Outcome.DISCHARGED,
            basis=context.basis(self.file),
            denominator=Denominator(judged=len(subjects), total=len(subjects), unit="files"),
            measured=", ".join(dict.fromkeys(subject.sha256 for subject in subjects[:3])),
            threshold=wanted,
            witnesses=witnesses[:20],
        )

    def _differences(self, subject: Subject, wanted: str) -> Iterator[Witness]:
        if subject.sha256 != wanted:
            yield Witness(where=subject.name, found=f"sha256 {subject.sha256}", expected=f"sha256 {wanted}")
        if self.bytes is not None and subject.size != self.bytes:
            yield Witness(where=subject.name, found=f"{subject.size} bytes", expected=f"{self.bytes} bytes")
