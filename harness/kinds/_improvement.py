"""From two sides to a verdict: the sample, its one deciding test, and what so many runs could have seen."""

from __future__ import annotations

from collections.abc import Sequence

from harness.kinds._design import Doubt, blur
from harness.kinds._improvement_tests import Ask, Power, against_it, at_most, seen_by, told_of, tried_with
from harness.kinds._sides import Arm
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.trials import Sample, Tried, error


def conclude(arms: tuple[Arm, Arm], doubts: Sequence[Doubt], ask: Ask, basis: Basis) -> Verdict:
    """Judges one comparison."""
    sample, judged, total = _sample(arms, ask)
    found = list(doubts)
    if not found and not arms[0].values:
        found = [(Reason.TOO_FEW, "no values")]
    if not found and judged < total:
        found = [(Reason.UNJUDGED, f"{total - judged} of {total} {ask.unit} have no pair")]
    if not found and (sample is None or error(sample) is None):
        found = [(Reason.LOW_POWER, "fewer than two values, or none that differ: no test is sound")]
    witnesses: list[Witness] = []
    told = ""
    if not found and sample is not None:
        slack = float(sum(map(blur, arms)))
        power = seen_by(sample, ask)
        against = against_it(sample, ask, slack)
        told = told_of(sample, ask, power, slack)
        if against is not None and against.p <= ask.alpha:
            witnesses = [_refuted(sample, ask, against, slack, arms[0].source)]
        else:
            found = _open(tried_with(sample, ask, ask.trial, slack), power, ask)
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if found else Outcome.DISCHARGED
    return Verdict(
        outcome=outcome,
        basis=basis,
        denominator=Denominator(
            judged=judged,
            total=total,
            unit=f"pairs of {ask.unit}" if ask.paired else f"{ask.unit} a side",
            unjudged=total - judged,
        ),
        reason=found[0][0] if found and not witnesses else None,
        detail="; ".join(part for part in ("; ".join(text for _, text in found[:5]), told) if part),
        measured=None if sample is None else f"{sample.effect:.6g}",
        threshold=ask.threshold,
        witnesses=tuple(witnesses),
    )


def _refuted(sample: Sample, ask: Ask, against: Tried, slack: float, where: str) -> Witness:
    told = f"better by {sample.effect:.6g}, p = {against.p:.3g} of the claim ({against.method})"
    high = at_most(sample, ask, slack)
    if ask.effect is not None and high is not None:
        told += f": {ask.effect} is claimed, at most {high:.3g} is there"
    return Witness(where=where, found=told, expected=ask.threshold)


def _sample(arms: tuple[Arm, Arm], ask: Ask) -> tuple[Sample | None, int, int]:
    """Returns the improvements, how many units they stand for, and of how many."""
    ours, theirs = (arm.values for arm in arms)
    both = [unit for unit in ours if unit in theirs]
    everything = len({*ours, *theirs, *arms[0].unfit, *arms[1].unfit})
    total = max(ask.of, everything)
    if not both:
        return None, 0, total
    if ask.paired:
        pairs = tuple(float(ask.sign * (ours[unit].exact - theirs[unit].exact)) for unit in both)
        return Sample(first=pairs), len(both), total
    first, second = (tuple(ask.sign * float(v) for v in side.values()) for side in (ours, theirs))
    return Sample(first=first, second=second), min(len(first), len(second)), total


def _open(tried: Tried | None, power: Power, ask: Ask) -> list[Doubt]:
    """Returns why the claim is not discharged; nothing where it is."""
    if power.smallest > ask.claimed:
        told = f"so few {ask.unit} detect {power.smallest:.4g} at least, and {ask.claimed:.4g} is claimed"
        return [(Reason.LOW_POWER, f"{told}: about {power.needed:,} a side would do")]
    if tried is None:
        told = f"the {ask.test} test says nothing of so few {ask.unit}, or of numbers printed so short"
        return [(Reason.LOW_POWER, told)]
    if tried.least > ask.alpha:
        return [(Reason.LOW_POWER, f"{tried.method} gives no p below {tried.least:.3g}, whatever the data")]
    if tried.p > ask.alpha:
        return [(Reason.LOW_POWER, f"p = {tried.p:.3g} of no improvement {ask.threshold} ({tried.method})")]
    return []
