"""Kind ``steering``: adding a concept's direction moves what it should, by dose, and not as any would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from harness.kinds._steering import Effect, effects
from harness.kinds._steering_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.picture import Picture, Span, Spans
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_CONFIDENCE, _NOTHING = Printed("0.99"), Printed("0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Steering(Kind):
    """Reads a log of interventions (``steering``) and holds each concept's own direction against random ones.

    A row has ``concept`` (whose effect is read), ``direction`` (which was added: a concept, or a name that
    begins with ``random``), ``dose``, the ``norm`` of what was added and the ``effect``. At each dose all
    norms are equal. The effect of a concept's own direction rises from dose to dose through 0 where nothing
    is added (``rising``), is ``above`` a number at the largest, and there above that of random directions:
    the p of that is the share of them that reach it. With ``specific`` no other concept's direction reaches
    it either. Too few random directions, or an effect that they reach too, is inconclusive. Every log must
    pass.
    """

    name: ClassVar[str] = "steering"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "steering"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    steering: InputName
    above: Printed = _NOTHING
    rising: bool = True
    specific: bool = False
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a threshold below nothing and a confidence that is none."""
        if not self.above.finite or self.above.exact < 0:
            yield Fault(field="above", message="an effect is asked that is above 0, or above more")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")

    def discharge(self, context: Context) -> Verdict:
        """Judges every concept of every log; raises ``InputError`` for rows that cannot be read."""
        found = [one for frame in context.frames(self.steering) for one in effects(frame)]
        witnesses = [
            Witness(where=one.where, found=told, expected=self._asked())
            for one in found
            for told in self._against(one)
        ]
        chance = [one for one in found if one.p > float(1 - self.confidence.exact)]
        doubt = None
        if not found:
            doubt = Reason.VACUOUS, "no concept was steered by its own direction"
        elif chance:
            doubt = Reason.LOW_POWER, f"{len(chance)} of {len(found)} are as by chance: {_told(chance[0])}"
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
        return Verdict(
            outcome=outcome,
            reason=doubt[0] if doubt and not witnesses else None,
            basis=context.basis(self.steering),
            denominator=Denominator(judged=len(found), total=len(found), unit="concepts"),
            detail=doubt[1] if doubt and not witnesses else "; ".join(_told(one) for one in found[:3]),
            measured=f"{min(one.value for one in found):.3g} at least" if found else None,
            threshold=self._asked(),
            witnesses=tuple(witnesses[:20]),
        )

    def pictures(self, context: Context) -> tuple[Picture, ...]:
        """Shows each concept's effect at the largest dose beside those of random directions, log by log."""
        return tuple(
            Spans(
                title=f"{frame.source}: effect at the largest dose (dot) beside random directions",
                spans=tuple(
                    Span(
                        name=one.where.rpartition(":")[2], value=one.value, low=low, middle=middle, high=high
                    )
                    for one in effects(frame)
                    for low, middle, high in [one.null]
                ),
                bound=float(self.above),
            )
            for frame in context.frames(self.steering)
        )

    def _asked(self) -> str:
        parts = ["equal norms", *(["rising with the dose"] if self.rising else []), f"above {self.above}"]
        return f"{', '.join(parts)}, and not by chance"

    def _against(self, one: Effect) -> Iterator[str]:
        if one.unequal:
            yield one.unequal
        course = [(dose, effect) for dose, effect in one.course if self.rising or dose == one.course[-1][0]]
        for (low, small), (high, large) in pairwise(course):
            if not large > small:
                yield f"effect {small:.3g} at dose {low:g} and {large:.3g} at {high:g}"
        if not one.value > float(self.above):
            yield f"effect {one.value:.3g} at dose {one.course[-1][0]:g}"
        if self.specific and not one.value > one.rival:
            yield f"effect {one.value:.3g}, and {one.rival:.3g} by the direction of {one.rival_name}"


def _told(one: Effect) -> str:
    low, middle, high = one.null
    return (
        f"{one.where}: {one.value:.3g} at dose {one.course[-1][0]:g}; by chance {middle:.3g} ({low:.3g} to "
        f"{high:.3g}), p {one.p:.2g}; {one.randoms} random; {one.rival:.3g} by {one.rival_name}"
    )
