"""Kind ``behaviour``: an invariant of behaviour, tried over scenarios that were generated for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.kinds._behaviour import Ask, Judged, Tally, judged, tally, told
from harness.kinds._behaviour_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.rates import trials_needed

_CONFIDENCE = Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour(Kind):
    """Counts the scenarios of a log (``behaviour``) that failed: their rate is ``at_most`` so large.

    Each row is a scenario with its outcome in ``passed``: true or false. Clopper and Pearson's upper bound
    must not be above ``at_most``; a lower bound above it falsifies. No failure in n is no proof: the verdict
    says which rate n excludes, and with ``never`` one failure falsifies but the rate must be stated all the
    same. ``control`` is the outcome of the same scenario for a paired control, which must fail more often
    (McNemar's exact test). ``scenarios`` is how many were to be tried. A scenario that stands there twice, or
    one without an outcome, makes it inconclusive. Every log must pass.
    """

    name: ClassVar[str] = "behaviour"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "behaviour"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    behaviour: InputName
    at_most: Printed
    never: bool = False
    scenario: str = "scenario"
    passed: str = "passed"
    control: str = ""
    scenarios: int | None = None
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a rate that no number of scenarios can show, and too few of them."""
        sure = self.confidence.finite and 0.5 < self.confidence.exact < 1
        if not sure:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        if not self.at_most.finite or not 0 < self.at_most.exact < 1:
            message = "must lie between 0 and 1: no number of scenarios shows that it never fails"
            yield Fault(field="at_most", message=message, suggestion="state the rate that may be left")
        elif sure and self.scenarios is not None:
            needed = trials_needed(float(self.at_most), float(self.confidence))
            if self.scenarios < needed:
                message = f"even without a failure {needed} are needed to exclude a rate of {self.at_most}"
                yield Fault(field="scenarios", message=message)
        if self.control and self.control in (self.passed, self.scenario):
            yield Fault(field="control", message="is a column of its own")

    def discharge(self, context: Context) -> Verdict:
        """Judges every log; raises ``InputError`` for a column that is not there."""
        ask = Ask(
            scenario=self.scenario,
            passed=self.passed,
            control=self.control,
            at_most=float(self.at_most),
            never=self.never,
            scenarios=self.scenarios,
            confidence=float(self.confidence),
        )
        tallies = [tally(frame, ask) for frame in context.frames(self.behaviour)]
        doubt = next((found for one in tallies if (found := _doubt(one, ask))), None)
        fit = [one for one in tallies if one.judged and not one.twice]
        answers = [judged(one, ask, len(tallies)) for one in fit]
        witnesses = [
            found
            for one, answer in zip(fit, answers, strict=True)
            if answer.state == "fails"
            for found in _witnesses(one, answer, ask)
        ]
        unsure = next(
            (told(one, a, ask) for one, a in zip(fit, answers, strict=True) if a.state == "open"), ""
        )
        if doubt is None and unsure:
            doubt = Reason.LOW_POWER, unsure
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
        shown = "; ".join(told(one, answer, ask) for one, answer in zip(fit, answers, strict=True))
        return Verdict(
            outcome=outcome,
            reason=doubt[0] if doubt and not witnesses else None,
            basis=context.basis(self.behaviour),
            denominator=Denominator(
                judged=sum(one.judged for one in tallies),
                total=sum(max(one.rows, self.scenarios or 0) for one in tallies),
                unit="scenarios",
                unjudged=sum(one.unsaid for one in tallies),
            ),
            detail=doubt[1] if doubt and not witnesses else shown,
            measured=", ".join(
                f"{len(one.failed)} of {one.judged} failed, a rate of at most {answer.high:.3g}"
                for one, answer in zip(fit, answers, strict=True)
            )
            or None,
            threshold=f"a rate of at most {self.at_most} at {self.confidence}",
            witnesses=tuple(witnesses[:20]),
        )


def _doubt(found: Tally, ask: Ask) -> tuple[Reason, str] | None:
    """Says why a log cannot discharge the claim, however few of its scenarios failed."""
    if found.twice:
        return Reason.ILL_POSED, f"{found.twice}: is it one trial or two?"
    if not found.judged:
        return Reason.TOO_FEW, f"{found.source}: no scenario has an outcome"
    if found.unsaid:
        return Reason.UNJUDGED, f"{found.unsaid_at}: no outcome, of {found.unsaid} rows"
    if ask.scenarios is not None and found.judged < ask.scenarios:
        return Reason.LOG_INCOMPLETE, f"{found.source}: {found.judged} of {ask.scenarios} scenarios are there"
    if ask.scenarios is not None and found.judged > ask.scenarios:
        why = (
            f"{found.source}: {found.judged} scenarios, and {ask.scenarios} were to be tried: which of them?"
        )
        return Reason.ILL_POSED, why
    return None


def _witnesses(found: Tally, answer: Judged, ask: Ask) -> Sequence[Witness]:
    rate = Witness(
        where=found.source,
        found=f"{len(found.failed)} of {found.judged} failed: {answer.why}",
        expected="none fails" if ask.never else f"a rate of at most {ask.at_most:g}",
    )
    failed = [
        Witness(where=f"{place}: scenario {name}", found="failed", expected="passed")
        for name, place in found.failed.items()
    ]
    return rate, *failed[:9]
