"""Kind ``ratio``: two stated numbers have one of the ratios that are possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
class Ratio(Kind):
    """Divides ``over`` by ``under``, ``times`` a constant, and looks for the result among ``known`` ones.

    Near one of ``suspect`` it is FALSIFIED, for that is how the fault shows; near none it is INCONCLUSIVE:
    another family may exist. ``within`` is how far off it may be, beside what the digits leave open. Of
    several numbers those with the same keys but the last are paired.
    """

    name: ClassVar[str] = "ratio"
    version: ClassVar[int] = 1
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("a known ratio", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.21406, "loss": 2.05}),
        sample.example("a known fault", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"bpb": 0.60717, "loss": 2.05}),
        sample.example("of no family", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.5, "loss": 2.05}),
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

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields inputs that are not declared, and no known ratio."""
        yield from _quotes.quote_faults("over", (self.over, self.under), scope)
        if not self.known:
            yield Fault(field="known", message="no ratio is known: there is nothing to hold it against")

    def discharge(self, context: Context) -> Verdict:
        """Judges every pair."""
        pairs = _pairs(stated(self.over, context), stated(self.under, context))
        if not pairs:
            return unsupported("there are no two numbers to divide", unit="ratios")
        wrong: list[Witness] = []
        odd: list[str] = []
        for over, under in pairs:
            ratio = over.value * self.times.exact / under.value
            room = self.within.exact + ratio * (over.half / over.value + under.half / under.value)
            if any(abs(ratio - value.exact) <= room for value in self.known.values()):
                continue
            told = f"{over.text} · {self.times} / {under.text} = {float(ratio):.4f}"
            bad = [name for name, value in self.suspect.items() if abs(ratio - value.exact) <= room]
            if bad:
                expected = f"one of {_listed(self.known)}; so is {bad[0]}"
                wrong.append(Witness(where=f"{over.where} and {under.where}", found=told, expected=expected))
            else:
                odd.append(f"{over.where}: {told}, of no known family")
        if wrong:
            return _quotes.falsified(wrong, unit="ratios", judged=len(pairs) - len(odd), total=len(pairs))
        if odd:
            return unsupported(odd[0], unit="ratios", total=len(pairs), reason=Reason.UNKNOWN)
        return _quotes.discharged((self.over, self.under), context, unit="ratios", judged=len(pairs))


def _pairs(over: list[Stated], under: list[Stated]) -> list[tuple[Stated, Stated]]:
    """Pairs numbers of one line, or of one object; positive ones only."""
    places = {_place(one): one for one in under if one.value > 0}
    found = [(one, places.get(_place(one))) for one in over if one.value > 0]
    return [(one, other) for one, other in found if other is not None]


def _place(one: Stated) -> tuple[str, ...]:
    return (one.source, *one.keys[:-1])


def _listed(known: Mapping[str, Printed]) -> str:
    return ", ".join(f"{value} ({name})" for name, value in known.items())
