"""Kind ``sensitivity``: a knob is turned, and the outcome moves by more than the seeds move it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds import _claims
from harness.kinds._arms import Arm, Effect, Reading, arm_of, confounded, effect_of, identical
from harness.kinds._limits import Ask
from harness.kinds._rows import Setting
from harness.kinds._sensitivity_examples import EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_LEVEL = Printed("0.95")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensitivity(Kind):
    """Compares two runs that differ in one configuration key, seed by seed.

    ``sensitivity`` is the log of the one, ``against`` that of the other, and ``key`` the knob between them:
    where both are outputs of runs their programs must be one and their configurations differ in this key
    alone (and in ``along``, which a matched control changes with it). The number of ``quantity`` at ``at`` is
    read from every seed; its change is judged by the two-sided interval at ``confidence`` of the mean
    difference (Student's t): paired where the seeds are the same, else Welch's. Logs that are the same in
    every row of ``quantity`` falsify: the knob is connected to nothing. An interval on both sides of 0 is too
    little power, for the seeds alone may have done that. ``expect: lower`` (or ``higher``) claims a side,
    and the other side falsifies. ``match`` is a quantity whose mean over the run must not differ.
    """

    name: ClassVar[str] = "sensitivity"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "sensitivity"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    sensitivity: InputName
    against: InputName
    key: str
    quantity: Expression
    along: tuple[str, ...] = ()
    at: Literal["final", "first", "min", "max", "mean"] = "final"
    window: int | None = None
    select: Expression | None = None
    where: Mapping[str, Printed] = field(default_factory=dict)
    expect: Literal["moves", "lower", "higher"] = "moves"
    match: Expression | None = None
    confidence: Printed = _LEVEL

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields faults of the expressions, one run named twice, and a level that is none."""
        yield from _claims.where_faults("where", self.where, scope)
        yield from _claims.text_faults("quantity", self.quantity, scope, truth=False)
        yield from _claims.text_faults("match", self.match, scope, truth=False)
        yield from _claims.text_faults("select", self.select, scope)
        if self.sensitivity == self.against:
            yield Fault(field="against", message="one log cannot show that a knob moves anything")
        if not self.confidence.finite or not 0.5 <= self.confidence.exact < 1:
            yield Fault(field="confidence", message="a confidence lies between 0.5 and 1, such as 0.95")
        if self.window is not None and self.window < 1:
            yield Fault(field="window", message="must be at least 1")

    def discharge(self, context: Context) -> Verdict:
        """Judges the difference; raises ``InputError`` for a column that is not there."""
        names = (self.sensitivity, self.against)
        base, other = (self._arm(context, name, self.quantity, self.at, self.window) for name in names)
        wrong = confounded(context, names, self.key, self.along)
        if not wrong and self.match is not None:
            wrong = self._apart(*(self._arm(context, name, self.match, "mean", None) for name in names))
        wrong = wrong or _lost(base, other)
        found = effect_of(base, other, float(self.confidence))
        unread = sum(reading.value is None for reading in (*base, *other))
        outcome, reason, detail = self._judge(base, other, found, wrong, unread)
        total = len(base) + len(other)
        return Verdict(
            outcome=outcome,
            reason=reason,
            basis=context.basis(*names),
            denominator=Denominator(judged=total - unread, total=total, unit="runs", unjudged=unread),
            detail=detail,
            measured=str(found) if found else None,
            threshold=f"{self.quantity} {self.expect} with {self.key}",
            margin=None if found is None else f"{found.margin:.4g}",
            witnesses=self._witnesses(base, other) if outcome is Outcome.FALSIFIED else (),
        )

    def _arm(self, context: Context, name: InputName, metric: Expression, at: str, window: int | None) -> Arm:
        ask = Ask(
            metric=_claims.quantity(metric, context.formulas),
            text=str(metric),
            at=at,
            step=None,
            step_column="step",
            window=window,
            select=None if self.select is None else _claims.condition(self.select, context.formulas),
            limits={},
            finite=False,
            allow_unjudged=0,
            min_rows=1,
            setting=Setting(constants={**context.constants, **self.where}),
        )
        return arm_of(context.frames(name), ask)

    def _apart(self, base: Arm, other: Arm) -> str:
        found = effect_of(base, other, float(self.confidence))
        if found is None:
            same = identical(base, other)
            return "" if same else f"{self.match} could not be compared between the runs"
        return "" if found.low <= 0 <= found.high else f"the runs are not matched: {self.match} {found}"

    def _judge(
        self, base: Arm, other: Arm, found: Effect | None, wrong: str, unread: int
    ) -> tuple[Outcome, Reason | None, str]:
        if wrong:
            return Outcome.INCONCLUSIVE, Reason.ILL_POSED, wrong
        if unread:
            return Outcome.INCONCLUSIVE, Reason.UNJUDGED, f"{unread} runs have no such number in every row"
        if base and identical(base, other):
            return (
                Outcome.FALSIFIED,
                None,
                f"{self.quantity} is the same in every row: {self.key} moves nothing",
            )
        if found is None:
            return Outcome.INCONCLUSIVE, Reason.TOO_FEW, "an interval needs two seeds of each that differ"
        if found.low <= 0 <= found.high:
            return Outcome.INCONCLUSIVE, Reason.LOW_POWER, f"within what the seeds do: {found}"
        side = "lower" if found.value < 0 else "higher"
        if self.expect not in ("moves", side):
            return Outcome.FALSIFIED, None, f"it is {side}: {found}"
        return Outcome.DISCHARGED, None, str(found)

    def _witnesses(self, base: Arm, other: Arm) -> tuple[Witness, ...]:
        return tuple(
            Witness(
                where=after.name,
                found=f"{self.quantity} {_shown(after)}, {_shown(before)} before {self.key} changed",
                expected=f"it {'is ' if self.expect != 'moves' else ''}{self.expect}",
            )
            for before, after in _side_by_side(base, other)
        )


def _lost(base: Arm, other: Arm) -> str:
    """Names a seed that only one of two arms with common seeds has; arms of quite other seeds lose none.

    Files of two folders that are called alike are of one seed.
    """
    first, second = ({reading.name.rpartition("/")[2] for reading in arm} for arm in (base, other))
    alone = sorted(first ^ second)
    return f"only one of the two has seed {alone[0]}" if first & second and alone else ""


def _shown(reading: Reading) -> str:
    return f"{reading.value:.6g}" if reading.value is not None else "nothing"


def _side_by_side(base: Sequence[Reading], other: Sequence[Reading]) -> Iterator[tuple[Reading, Reading]]:
    named = {reading.name: reading for reading in base}
    for index, reading in enumerate(other[:20]):
        yield named.get(reading.name, base[min(index, len(base) - 1)]), reading
