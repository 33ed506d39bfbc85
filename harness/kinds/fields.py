"""Kind ``fields``: a document has the fields that are asked for, each of its type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, unsupported
from harness.model.dates import first_day
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.outcome import Basis
from harness.model.values import Cell, InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_CLAIM = "The entry says who made it, when, and how well it does."
_FIELDS = (
    "kind: fields, of: entry, required: "
    "[{at: [author, authors]}, {at: [bpb, mean_bpb], type: number, agree: true}, {at: date, type: date}]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field by the names that it may have, and what its value must be.

    Where it is given under several of them, its numbers must ``agree`` if that is asked.
    """

    at: tuple[str, ...]
    type: Literal["text", "number", "date", "flag", "any"] = "text"
    agree: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields(Kind):
    """Looks for every required field in each document of an input.

    What is missing or of another type is named with its place and leaves the claim INCONCLUSIVE,
    unsupported or malformed: nothing contradicts it. FALSIFIED is a number that is given under two of its
    names with different values though they must agree. A date is a text that names a day of the calendar.
    ``attested`` are booleans that a document states of itself: only a word, whose basis is *stated*, counted
    and never enough.
    """

    name: ClassVar[str] = "fields"
    version: ClassVar[int] = 1
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("all there", Outcome.DISCHARGED, _CLAIM, _FIELDS,
                       {"author": "A", "bpb": 1.2, "date": "2026-03-18T00:00:00Z"}),
        sample.example("one is missing", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"author": "A", "bpb": 1.2}),
        sample.example("a number in quotes", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"author": "A", "bpb": "1.2", "date": "2026-03-18"}),
        sample.example("a day that does not exist", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"author": "A", "bpb": 1.2, "date": "2026-02-30"}),
        sample.example("a number that is none", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"author": "A", "bpb": float("nan"), "date": "2026-03-18"}),
        sample.example("an empty log beside", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {}, {"seed42.log": ""}),
        sample.example("all yes, by its own word", Outcome.INCONCLUSIVE, _CLAIM,
                       "kind: fields, of: entry, attested: ['compliance.*']", {"compliance": {"a": True}}),
        sample.example("two names of one field that differ", Outcome.FALSIFIED, _CLAIM,
                       _FIELDS, {"author": "A", "bpb": 1.2, "mean_bpb": 1.3, "date": "2026-03-18"}),
    )  # fmt: skip

    of: InputName
    required: tuple[Field, ...] = ()
    attested: tuple[str, ...] = ()

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields an input that is not declared, and a list of none."""
        if not self.required and not self.attested:
            yield Fault(field="required", message="no field is named: there is nothing to look for")
        if self.required and self.attested:
            yield Fault(field="attested", message="a word is an obligation of its own: leave one of the two")
        if self.attested:
            yield from _quotes.quote_faults("attested", (Quote(input=self.of, at=self.attested),), scope)
        for field in self.required:
            yield from _quotes.quote_faults("required", (Quote(input=self.of, at=field.at),), scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every field of every document."""
        documents = [one for one in _quotes.files(self.of, context) if one.name.endswith(".json")]
        if not documents:
            return unsupported("there is no document", unit="fields")
        if self.attested:
            return _word([said for one in documents for said in _attested(one, self.attested)])
        wrong: list[tuple[Reason, str]] = []
        twice = [one for document in documents for field in self.required for one in _twice(document, field)]
        if twice:
            total = len(documents) * len(self.required)
            return _quotes.falsified(twice, unit="fields", judged=total, total=total)
        for document in documents:
            for field in self.required:
                found = list(_quotes.cells(document, field.at))
                if not found:
                    wrong.append((Reason.UNSUPPORTED, f"{document.name} has no {' or '.join(field.at)}"))
                wrong += [
                    (Reason.MALFORMED_INPUT, f"{document.name}:{line}: {'.'.join(keys)} is no {field.type}")
                    for keys, value, line in found
                    if not _fits(value, field.type)
                ]
        total = len(documents) * len(self.required)
        if wrong:
            return Verdict(
                outcome=Outcome.INCONCLUSIVE,
                basis=Basis.CHECKED,
                denominator=Denominator(judged=max(0, total - len(wrong)), total=total, unit="fields"),
                reason=wrong[0][0],
                detail="; ".join(story for _, story in wrong)[:600],
            )
        return _quotes.discharged((), context, unit="fields", judged=total)


def _attested(document: Subject, at: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    for keys, value, line in (leaf for path in at for leaf in _quotes.cells(document, (path,))):
        if isinstance(value, bool):
            yield f"{'.'.join(keys)} ({document.name}:{line})", value


def _word(said: list[tuple[str, bool]]) -> Verdict:
    """Returns what a word is worth: it is shown with its basis, and settles nothing."""
    no = [where for where, yes in said if not yes]
    told = f"{len(said) - len(no)} times yes, {len(no)} times no, only by its own word"
    shown = f": {', '.join(no or [where for where, _ in said])}"[:300] if said else ""
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.STATED,
        denominator=Denominator(judged=0, total=len(said), unit="words"),
        reason=Reason.UNSUPPORTED,
        detail=told + shown if said else "nothing is attested",
    )


def _twice(document: Subject, field: Field) -> Iterator[Witness]:
    """Yields numbers that stand under two plain names of one field and differ."""
    plain = [name for name in field.at if field.agree and "*" not in name]
    found = [(name, value, line) for name in plain for _, value, line in _quotes.cells(document, (name,))]
    for name, value, line in found[1:]:
        first, other, at = found[0]
        if isinstance(value, Printed) and isinstance(other, Printed) and value.exact != other.exact:
            yield Witness(where=f"{document.name}:{line}", found=f"{name} {value}",
                          expected=f"{other}, as {first} says ({document.name}:{at})")  # fmt: skip


def _fits(value: Cell, wanted: str) -> bool:
    if wanted == "number":
        return isinstance(value, Printed) and value.finite
    if wanted == "flag":
        return isinstance(value, bool)
    if wanted == "date":
        return isinstance(value, str) and bool(first_day([value]))
    return wanted == "any" or (isinstance(value, str) and bool(value.strip()))
