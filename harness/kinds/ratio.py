"""Kind ``ratio``: two stated numbers have one of the ratios that are possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import Printed
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "Bits per byte and loss differ by the tokens per byte of a known tokenizer."
_ONE, _WITHIN = Printed("1"), Printed("0.0005")
_FIELDS = (
    "kind: ratio, over: {input: entry, at: bpb}, under: {input: entry, at: loss}, times: 0.6931471806, "
    "known: {small: 0.4105, bytes: 1.0}, suspect: {bytes counted twice: 0.2053}, within: 0.0005"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Where logs state both numbers on one line."""

    over: Quote
    under: Quote


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio(Kind):
    """Divides ``over`` by ``under``, ``times`` a constant, and looks for the result among ``known`` ones.

    With ``lines`` it must also be the ratio of some line of the logs on which both numbers stand: if any
    line has both and none their ratio, INCONCLUSIVE. Near one of ``suspect`` it is FALSIFIED, for that is
    how the fault shows; near none it is INCONCLUSIVE: another family may exist. ``within`` is how far
    off it may be, beside what the digits leave open. Of
    several numbers those with the same keys but the last are paired.
    """

    name: ClassVar[str] = "ratio"
    version: ClassVar[int] = 2
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("a known ratio", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.21406, "loss": 2.05}),
        sample.example("a known fault", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"bpb": 0.60717, "loss": 2.05}),
        sample.example("of no family", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.5, "loss": 2.05}),
        sample.example(
            "a known ratio, and not that of the log",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + ", lines: {over: {input: logs, at: '*bpb'}, under: {input: logs, at: '*loss'}}",
            {"bpb": 1.21406, "loss": 0.8415},
        ),
        sample.example("no loss", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.5}),
        sample.example(
            "nothing that is a number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bpb": float("nan"), "loss": 2.05},
            {"seed42.log": ""},
        ),
    )

    over: Quote
    under: Quote
    known: Mapping[str, Printed]
    suspect: Mapping[str, Printed] = field(default_factory=dict)
    times: Printed = _ONE
    within: Printed = _WITHIN
    lines: Lines | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields inputs that are not declared, and no known ratio."""
        yield from _quotes.quote_faults("over", (self.over, self.under), scope)
        if self.lines is not None:
            yield from _quotes.quote_faults("lines", (self.lines.over, self.lines.under), scope)
        if not self.known:
            yield Fault(field="known", message="no ratio is known: there is nothing to hold it against")

    def discharge(self, context: Context) -> Verdict:
        """Judges every pair."""
        pairs = _pairs(stated(self.over, context), stated(self.under, context))
        if not pairs:
            return unsupported("there are no two numbers to divide", unit="ratios")
        logged = self._logged(context)
        wrong: list[Witness] = []
        odd: list[str] = []
        for over, under in pairs:
            ratio = over.value * self.times.exact / under.value
            room = self.within.exact + ratio * (over.half / over.value + under.half / under.value)
            known = any(abs(ratio - value.exact) <= room for value in self.known.values())
            same = not logged or any(abs(ratio - value) <= room for value, _ in logged)
            if known and same:
                continue
            told = f"{over.text} · {self.times} / {under.text} = {float(ratio):.4f}"
            bad = [name for name, value in self.suspect.items() if abs(ratio - value.exact) <= room]
            if known:
                value, where = logged[-1]
                odd.append(
                    f"{over.where}: {told}; on the line of the logs ({where}) it is {float(value):.4f}"
                )
            elif bad:
                expected = f"one of {_listed(self.known)}; so is {bad[0]}"
                wrong.append(Witness(where=f"{over.where} and {under.where}", found=told, expected=expected))
            else:
                odd.append(f"{over.where}: {told}, of no known family")
        if wrong:
            return _quotes.falsified(wrong, unit="ratios", judged=len(pairs) - len(odd), total=len(pairs))
        if odd:
            return unsupported(odd[0], unit="ratios", total=len(pairs), reason=Reason.UNKNOWN)
        return _quotes.discharged((self.over, self.under), context, unit="ratios", judged=len(pairs))

    def _logged(self, context: Context) -> list[tuple[Fraction, str]]:
        """Returns the ratios of the lines on which logs state both numbers, with their places."""
        if self.lines is None:
            return []
        under = {one.where: one for one in stated(self.lines.under, context) if one.value > 0}
        return [
            (one.value * self.times.exact / under[one.where].value, one.where)
            for one in stated(self.lines.over, context)
            if one.where in under and one.value > 0
        ]


def _pairs(over: list[Stated], under: list[Stated]) -> list[tuple[Stated, Stated]]:
    """Pairs numbers of one line, or of one object; positive ones only."""
    places = {_place(one): one for one in under if one.value > 0}
    found = [(one, places.get(_place(one))) for one in over if one.value > 0]
    return [(one, other) for one, other in found if other is not None]


def _place(one: Stated) -> tuple[str, ...]:
    return (one.source, *one.keys[:-1])


def _listed(known: Mapping[str, Printed]) -> str:
    return ", ".join(f"{value} ({name})" for name, value in known.items())
