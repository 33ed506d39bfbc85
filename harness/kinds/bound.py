"""Kind ``bound``: every number that documents and logs state keeps a bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds._quotes import (
    Quote,
    Stated,
    discharged,
    falsified,
    quote_faults,
    shown,
    stated,
    unsupported,
)
from harness.kinds._whose import Only, Tied
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "Code and model have at most 1,000 bytes for every seed."
_FIELDS = (
    'kind: bound, at_most: 1000, of: [{input: entry, at: [bytes_total, "seeds.*.bytes"]}, '
    '{input: logs, at: "Total submission size*", take: last}]'
)
_NONE = Printed("0")
_TIED = ", logs_of: {claimed: {input: entry, at: bpb}, by: {input: logs, at: '*bpb'}}"
_OVER = {"seed42.log": sample.log(size=1048) + "Code size: 100 bytes\n"}
_PART = (
    "kind: bound, at_most: 1000, of: {input: logs, at: 'Total submission size*', take: last}, "
    "part: {input: logs, at: Code size, take: last}"
)
_TIME = "kind: bound, at_most: 1.9, tolerance: %s, of: {input: logs, at: train_time, take: last}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """What a log must state for a bound to be about it: one of some values behind one of some words."""

    input: InputName
    at: tuple[str, ...]
    among: tuple[Printed, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound(Kind):
    """Holds every quoted number against ``at_most``, ``at_least`` or the values ``among``.

    A bound may be broken by as much as ``tolerance``. A printed number breaks a bound only if every value
    that is printed so does, and keeps it only if every one does; what lies between is not judged. Numbers
    that nothing states are no finding: INCONCLUSIVE, unsupported; and so is, as vacuous, a subject whom
    one of ``only`` leaves out. A value beside ``among`` is a finding, or with ``other: inconclusive`` just
    unknown. Of logs only those count that ``logs_of`` ties to what is claimed. ``binding`` is what a file
    must state for its numbers to break a bound (the machine that the bound is about); ``part`` is what a
    number counts in a size of which ``part_now`` may state a smaller one (code that was packed afterwards).
    A total in a document whose parts beside it, ``summed``, keep the bound is another total, and not judged.
    With ``before`` a log counts with the last number ahead of where it states what is claimed: that of what
    was evaluated there. A number below ``plausible`` may be in another unit, and keeps no bound. A log whose
    ``greatest`` number breaks it, and whose last one is less and keeps it, says two things: neither counts.
    """

    name: ClassVar[str] = "bound"
    version: ClassVar[int] = 4
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("within", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bytes_total": 900}),
        sample.example("over by its own word", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"bytes_total": 1001}),
        sample.example(
            "one seed over",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS,
            {"seeds": {"1": {"bytes": 900}, "2": {"bytes": 1100}}},
        ),
        sample.example(
            "logged over, stated within",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS,
            {"bytes_total": 900},
            {"seed42.log": sample.log(size=1048)},
        ),
        sample.example(
            "one seed logs no number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bytes_total": 900},
            {"seed1.log": sample.log(1), "seed2.log": sample.log(2).replace("zlib: 900 bytes", "zlib: nan")},
        ),
        sample.example(
            "a number in megabytes, as if it were bytes",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + ", plausible: 100",
            {"bytes_total": 1.1},
        ),
        sample.example("a text with its unit", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"bytes_total": "1.1 KB"}),
        sample.example(
            "a total of what is claimed, and a smaller one after it",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS.replace(", take: last", "") + _TIED + ", before: true",
            {"bpb": 1.21406},
            {"seed42.log": sample.log(size=1048) + "Total submission size of old: 900 bytes\n"},
        ),
        sample.example("nothing stated", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bytes_total": None}, {}),
        sample.example(
            "a subject that is not concerned",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + ", only: {input: entry, at: track, like: 'short*'}",
            {"bytes_total": 1001, "track": "long"},
        ),
        sample.example(
            "one of the values that there are",
            Outcome.DISCHARGED,
            _CLAIM,
            "kind: bound, of: {input: logs, at: seed}, among: [41, 42]",
            {},
        ),
        sample.example(
            "a log of what is claimed",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS + _TIED,
            {"bpb": 1.21406},
            _OVER,
        ),
        sample.example(
            "the log of an attempt that nothing claims",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + _TIED,
            {"bpb": 1.3},
            _OVER,
        ),
        sample.example(
            "over by less than its code, which may have been packed since",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _PART,
            {},
            _OVER,
        ),
        sample.example(
            "over with its code as small as it is said to be",
            Outcome.FALSIFIED,
            _CLAIM,
            _PART + ", part_now: {input: entry, at: bytes_code}",
            {"bytes_code": 60},
            _OVER,
        ),
        sample.example(
            "a machine that the bound is not about",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _TIME % "0.05" + ", binding: {input: logs, at: world_size, among: 8}",
            {},
            {"seed42.log": "world_size:1\n" + sample.log()},
        ),
        sample.example("time within the tolerance", Outcome.DISCHARGED, _CLAIM, _TIME % "0.2", {}),
        sample.example("time beyond it", Outcome.FALSIFIED, _CLAIM, _TIME % "0.05", {}),
        sample.example(
            "time beyond it, and less of it at the end of the log",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _TIME.replace("last", "greatest") % "0.05",
            {},
            {"seed42.log": sample.log() + "stopping: train_time:1899ms step:20/20\n"},
        ),
        sample.example(
            "time beyond it, and a while of something else after it",
            Outcome.FALSIFIED,
            _CLAIM,
            _TIME.replace("last", "greatest") % "0.05",
            {},
            {"seed42.log": sample.log() + "adapting train_time:900ms\n"},
        ),
        sample.example(
            "nothing that is a number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bytes_total": float("nan")},
            {"seed42.log": ""},
        ),
    )

    of: tuple[Quote, ...]
    at_most: Printed | None = None
    at_least: Printed | None = None
    among: tuple[Printed, ...] = ()
    tolerance: Printed = _NONE
    other: Literal["falsified", "inconclusive"] = "falsified"
    only: tuple[Only, ...] = ()
    logs_of: Tied | None = None
    binding: Binding | None = None
    part: Quote | None = None
    part_now: tuple[Quote, ...] = ()
    summed: tuple[Quote, ...] = ()
    before: bool = False
    plausible: Printed | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a check without numbers or bounds, and inputs that are not declared."""
        if self.at_most is None and self.at_least is None and not self.among:
            yield Fault(field="", message="nothing is asked: give at_most, at_least or among")
        yield from quote_faults("of", self.of, scope)
        if self.before and self.logs_of is None:
            yield Fault(field="before", message="of what is claimed: give logs_of")
        if self.part_now and self.part is None:
            yield Fault(field="part_now", message="a size for a part that is not named: give part")
        others = [*self.part_now, *self.summed, *([self.part] if self.part is not None else [])]
        others += [*self.logs_of.claimed, self.logs_of.by] if self.logs_of is not None else []
        if others:
            yield from quote_faults("", tuple(others), scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every number."""
        if not all(one.concerns(context) for one in self.only):
            return unsupported("this subject is not concerned", unit="numbers", reason=Reason.VACUOUS)
        found = [one for quote in self.of for one in stated(quote, context)]
        if self.logs_of is not None:
            tied = self.logs_of.places(context)
            logged = [one for one in found if one.source in tied]
            found = [one for one in found if one.source.endswith(".json")]
            found += _of_claimed(logged, tied, stated(self.logs_of.by, context)) if self.before else logged
        if not found:
            return unsupported("no such number is stated", unit="numbers")
        odd = [one for one in found if self.plausible is not None and one.value < self.plausible.exact]
        if odd and not any(self._breaks(one) for one in found):
            story = f"{odd[0].where}: {_told(odd[0])}, less than {self.plausible}: its unit is unclear"
            return unsupported(story, unit="numbers", total=len(found))
        excused = {one: why for one in found if self._breaks(one) and (why := self._excuse(one, context))}
        broken = [one for one in found if self._breaks(one) and one not in excused]
        undecided = [one for one in found if not self._breaks(one) and not self._keeps(one)]
        if broken and (not self.among or self.other == "falsified"):
            wanted = self._wanted() + self._rule(context)
            witnesses = [Witness(where=one.where, found=_told(one), expected=wanted) for one in broken]
            judged = len(found) - len(undecided) - len(excused)
            return falsified(witnesses, unit="numbers", judged=judged, total=len(found))
        if broken or undecided or excused:
            one = (broken or undecided or list(excused))[0]
            why = f", but {excused[one]}" if one in excused else ""
            story = f"{one.where}: {_told(one)}, wanted {self._wanted()}{why}"
            return unsupported(story, unit="numbers", total=len(found))
        return discharged(self.of, context, unit="numbers", judged=len(found))

    def _rule(self, context: Context) -> str:
        """Says by which word of its own files the bound is this subject's."""
        places = [place for one in self.only if (place := one.place(context))]
        return f", by {places[0]}" if places else ""

    def _excuse(self, one: Stated, context: Context) -> str:
        """Says why a number beyond the bound does not break it; empty where it does."""
        if self.binding is not None and not one.source.endswith(".json"):
            said = stated(Quote(input=self.binding.input, at=self.binding.at, take="first"), context)
            own = next((other for other in said if other.source == one.source), None)
            if own is None or all(own.value != value.exact for value in self.binding.among):
                stands = "nothing there states" if own is None else f"{own.where} states {own.text} for"
                return f"{stands} {self.binding.at[0]}, and the bound is for {_or(self.binding.among)}"
        if later := self._taken_back(one, context):
            return f"{later.where} says {_told(later)} after it: the log says two things"
        parts = [stated(quote, context) for quote in self.summed] if one.source.endswith(".json") else []
        parts = [[part for part in some if part.keys[:-1] == one.keys[:-1]] for some in parts]
        if parts and all(parts):
            total = sum((part[0].value for part in parts), Fraction(0))
            if not self._breaks(replace(one, value=total)):
                return f"its parts ({', '.join(part[0].where for part in parts)}) sum to {shown(total)}"
        if self.part is None:
            return ""
        counted = next((p for p in stated(self.part, context) if p.source == one.source), None)
        if counted is None:
            return ""
        sizes = [size for quote in self.part_now for size in stated(quote, context)]
        least = min((size.value for size in sizes), default=Fraction(0))
        rest = one.value - counted.value + min(least, counted.value)
        moved = replace(one, value=rest)
        if self._breaks(moved):
            return ""
        return f"without {counted.text} ({counted.where}) counted otherwise since it is {shown(rest)}"

    def _taken_back(self, one: Stated, context: Context) -> Stated | None:
        """Returns what a log says last of what only grows, if that keeps the bound and goes on as before."""
        every = [replace(quote, take="all") for quote in self.of if quote.take == "greatest"]
        said = [other for quote in every for other in stated(quote, context) if other.source == one.source]
        last = max(said, key=lambda other: other.line, default=one)
        kept = [other.value for other in said if not self._breaks(other)]
        goes_on = last.line > one.line and not self._breaks(last) and last.value >= max(kept)
        return last if goes_on and not one.file.endswith(".json") else None

    def _limits(self) -> tuple[Fraction | None, Fraction | None]:
        slack = self.tolerance.exact
        low = None if self.at_least is None else self.at_least.exact - slack
        return low, None if self.at_most is None else self.at_most.exact + slack

    def _breaks(self, one: Stated) -> bool:
        low, high = self._limits()
        near = any(one.low - self.tolerance.exact <= value.exact <= one.high + self.tolerance.exact
                   for value in self.among)  # fmt: skip
        outside = (low is not None and one.high < low) or (high is not None and one.low > high)
        return outside or bool(self.among and not near)

    def _keeps(self, one: Stated) -> bool:
        low, high = self._limits()
        return (low is None or one.low >= low) and (high is None or one.high <= high)

    def _wanted(self) -> str:
        parts = [f"at least {self.at_least}"] if self.at_least is not None else []
        parts += [f"at most {self.at_most}"] if self.at_most is not None else []
        parts += [f"one of {', '.join(map(str, self.among))}"] if self.among else []
        return " and ".join(parts) + (f" (tolerance {self.tolerance})" if self.tolerance.exact else "")


def _of_claimed(
    found: list[Stated], places: Mapping[str, int], measured: Sequence[Stated]
) -> Iterator[Stated]:
    """Yields of each log the number of what is claimed: the last ones ahead of it, of these the least.

    They are those between which nothing was measured: one export may state its size before and after it was
    compressed. Where none is ahead, those count that come after it.
    """
    for source, place in places.items():
        own = [one for one in found if one.source == source]
        ahead = [one for one in own if one.line <= place] or own
        if ahead:
            lines = [one.line for one in measured if one.source == source and one.line < ahead[-1].line]
            yield min((one for one in ahead if one.line > max(lines, default=0)), key=lambda one: one.value)


def _or(values: tuple[Printed, ...]) -> str:
    return " or ".join(map(str, values))


def _told(one: Stated) -> str:
    plain = shown(one.value)
    return f"{one.text} ({plain})" if float(one.text) != float(one.value) else one.text
