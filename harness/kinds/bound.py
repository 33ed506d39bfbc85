"""Kind ``bound``: every number that documents and logs state keeps a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds._quotes import (
    Only,
    Quote,
    Stated,
    discharged,
    falsified,
    quote_faults,
    shown,
    stated,
    unsupported,
)
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import Printed
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "Code and model have at most 1,000 bytes for every seed."
_FIELDS = (
    'kind: bound, at_most: 1000, of: [{input: entry, at: [bytes_total, "seeds.*.bytes"]}, '
    '{input: logs, at: "Total submission size*", take: last}]'
)
_NONE = Printed("0")
_TIME = "kind: bound, at_most: 1.9, tolerance: %s, of: {input: logs, at: train_time, take: last}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound(Kind):
    """Holds every quoted number against ``at_most``, ``at_least`` or the values ``among``.

    A bound may be broken by as much as ``tolerance``. A printed number breaks a bound only if every value
    that is printed so does, and keeps it only if every one does; what lies between is not judged. Numbers
    that nothing states are no finding: INCONCLUSIVE, unsupported; and so is, as vacuous, a subject whom
    ``only`` leaves out. A value beside ``among`` is a finding, or with ``other: inconclusive`` just unknown.
    """

    name: ClassVar[str] = "bound"
    version: ClassVar[int] = 1
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
        sample.example("time within the tolerance", Outcome.DISCHARGED, _CLAIM, _TIME % "0.2", {}),
        sample.example("time beyond it", Outcome.FALSIFIED, _CLAIM, _TIME % "0.05", {}),
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
    only: Only | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a check without numbers or bounds, and inputs that are not declared."""
        if self.at_most is None and self.at_least is None and not self.among:
            yield Fault(field="", message="nothing is asked: give at_most, at_least or among")
        yield from quote_faults("of", self.of, scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every number."""
        if self.only is not None and not self.only.concerns(context):
            return unsupported("this subject is not concerned", unit="numbers", reason=Reason.VACUOUS)
        found = [one for quote in self.of for one in stated(quote, context)]
        if not found:
            return unsupported("no such number is stated", unit="numbers")
        broken = [one for one in found if self._breaks(one)]
        undecided = [one for one in found if not self._breaks(one) and not self._keeps(one)]
        if broken and (not self.among or self.other == "falsified"):
            witnesses = [
                Witness(where=one.where, found=_told(one), expected=self._wanted()) for one in broken
            ]
            return falsified(witnesses, unit="numbers", judged=len(found) - len(undecided), total=len(found))
        if broken or undecided:
            one = (broken or undecided)[0]
            return unsupported(
                f"{one.where}: {_told(one)}, wanted {self._wanted()}", unit="numbers", total=len(found)
            )
        return discharged(self.of, context, unit="numbers", judged=len(found))

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


def _told(one: Stated) -> str:
    plain = shown(one.value)
    return f"{one.text} ({plain})" if float(one.text) != float(one.value) else one.text
