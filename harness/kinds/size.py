"""``size``: files together have at most, at least or exactly so many bytes (decimal: 1 MB is 10^6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness


def _example(title: str, outcome: Outcome, fields: str, model: int, code: int = 100) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  model: {{file: model.bin}}
  code: {{file: train.py}}
criteria:
  - id: A
    claim: Code and compressed model fit the budget.
    obligations:
      - {{kind: size, files: [model, code], {fields}}}
""",
        files=lambda: {"model.bin": b"\1" * model, "train.py": b"#" * code},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Size(Kind):
    """Sums the bytes of all files of the inputs and holds the sum against the bounds that are given.

    A file without a byte makes it INCONCLUSIVE, unless ``allow_empty`` is set or a bound is broken: a
    budget is easily kept by a file that was never written.
    """

    name: ClassVar[str] = "size"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "files"
    reads_nothing: ClassVar[bool] = True
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("within the budget", Outcome.DISCHARGED, "at_most: 1000", 800),
        _example("exactly the budget", Outcome.DISCHARGED, "at_most: 1000", 900),
        _example("one byte over, counted together", Outcome.FALSIFIED, "at_most: 1000", 901),
        _example("a MiB is no MB", Outcome.FALSIFIED, "at_most: 1000000", 1_048_576),
        _example("an empty file keeps no budget", Outcome.INCONCLUSIVE, "at_most: 1000", 0),
        _example("an empty file that may be", Outcome.DISCHARGED, "at_most: 1000, allow_empty: true", 0),
        _example("as long as claimed", Outcome.DISCHARGED, "equals: 1000", 900),
        _example("shorter than claimed", Outcome.FALSIFIED, "equals: 1000", 899),
        _example("too short, and empty", Outcome.FALSIFIED, "at_least: 1000", 0),
    )

    files: tuple[InputName, ...]
    at_most: int | None = None
    at_least: int | None = None
    equals: int | None = None
    allow_empty: bool = False

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a check without files, without a bound or that counts an input twice."""
        if self.at_most is None and self.at_least is None and self.equals is None:
            yield Fault(field="", message="nothing is asked: give at_most, at_least or equals")
        elif self.at_most is None and self.equals is None and (self.at_least or 0) <= 0:
            yield Fault(field="at_least", message="no file has fewer bytes than 0: this cannot fail")
        if not self.files:
            yield Fault(field="files", message="no file is named")
        if len(set(self.files)) != len(self.files):
            yield Fault(field="files", message="an input is named twice and would be counted twice")

    def discharge(self, context: Context) -> Verdict:
        """Judges the sum."""
        subjects = {subject.path: subject for name in self.files for subject in context.subjects(name)}
        total = sum(subject.size for subject in subjects.values())
        empty = [subject.name for subject in subjects.values() if subject.size == 0]
        where = " + ".join(self.files)
        broken = [
            Witness(where=where, found=f"{total} bytes", expected=f"{sign} {bound} bytes")
            for sign, bound, holds in self._bounds(total)
            if not holds
        ]
        outcome, reason = Outcome.DISCHARGED, None
        if broken:
            outcome = Outcome.FALSIFIED
        elif not subjects or (empty and not self.allow_empty):
            outcome, reason = Outcome.INCONCLUSIVE, Reason.VACUOUS
        return Verdict(
            outcome=outcome,
            basis=context.basis(*self.files),
            denominator=Denominator(
                judged=len(subjects) - (0 if self.allow_empty else len(empty)),
                total=len(subjects),
                unit="files",
            ),
            reason=reason,
            detail=f"without a byte: {', '.join(empty[:5])}" if empty else "",
            measured=f"{total} bytes",
            threshold=", ".join(f"{sign} {bound} bytes" for sign, bound, _ in self._bounds(total)),
            margin=None if self.at_most is None else f"{self.at_most - total} bytes",
            witnesses=tuple(broken),
        )

    def _bounds(self, total: int) -> Sequence[tuple[str, int, bool]]:
        found = []
        if self.at_most is not None:
            found.append(("at most", self.at_most, total <= self.at_most))
        if self.at_least is not None:
            found.append(("at least", self.at_least, total >= self.at_least))
        if self.equals is not None:
            found.append(("exactly", self.equals, total == self.equals))
        return found
