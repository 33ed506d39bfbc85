"""From two sides to a verdict: the sample, its one deciding test, and what so many runs could have seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.kinds._arms import Arm, Doubt, blur
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.power import arm_sizes, smallest_effect
from harness.statistics.student import spread
from harness.statistics.trials import (
    TRIALS,
    Sample,
    Trial,
    Tried,
    equivalence,
    error,
    reversed_sample,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is claimed, and how it is tested; ``sign`` is 1 where larger values are better, else -1."""

    margin: Printed
    effect: Printed | None
    sd: float | None
    form: str
    sign: int
    paired: bool
    unit: str
    of: int
    trial: Trial
    test: str
    alpha: float
    power: float

    @property
    def claimed(self) -> float:
        """The effect that the runs must be able to see."""
        return float(self.margin if self.effect is None else self.effect)

    @property
    def threshold(self) -> str:
        """The claim in words."""
        words = {"superior": f"more than {self.margin}", "not_worse": f"more than -{self.margin}"}
        return words.get(self.form, f"within ±{self.margin}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Power:
    """The smallest detectable effect, from what spread, and how many runs would see the claimed one."""

    smallest: float
    sd: float
    needed: int


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
        power = _power(sample, ask)
        against = _against(sample, ask, slack)
        told = _told(sample, ask, power, slack)
        if against is not None and against.p <= ask.alpha:
            p = f"{sample.effect:.6g}, p = {against.p:.3g} of the claim ({against.method})"
            witnesses = [Witness(where=arms[0].source, found=f"better by {p}", expected=ask.threshold)]
        else:
            found = _open(_tried(sample, ask, ask.trial, slack), power, ask)
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


def _tried(sample: Sample, ask: Ask, trial: Trial, slack: float) -> Tried | None:
    """Tries the claim with the margin moved against it by what rounding may hide."""
    margin = float(ask.margin)
    if ask.form == "equivalent":
        return equivalence(trial, sample, margin - slack) if margin > slack else None
    return trial(sample, (margin if ask.form == "superior" else -margin) + slack)


def _against(sample: Sample, ask: Ask, slack: float) -> Tried | None:
    """Tries the opposite: that the improvement is less than claimed, or beyond the band on its own side."""
    margin = float(ask.margin)
    if ask.form == "equivalent":
        ahead = sample if sample.effect > 0 else reversed_sample(sample)
        return ask.trial(ahead, margin + slack)
    return ask.trial(reversed_sample(sample), slack - (margin if ask.form == "superior" else -margin))


def _power(sample: Sample, ask: Ask) -> _Power:
    scale, df = error(sample) or (math.inf, 1.0)
    arms = (sample.first,) if sample.second is None else (sample.first, sample.second)
    spreads = [spread(arm) or 0.0 for arm in arms]
    sd = math.sqrt(sum(x * x for x in spreads) / len(spreads))
    if ask.sd is not None and ask.sd > sd:
        sd, df = ask.sd, float(sum(len(arm) - 1 for arm in arms))
        scale = sd * math.sqrt(sum(1 / len(arm) for arm in arms))
    base = float(ask.margin) if ask.effect is not None else 0.0
    alike = ask.form == "equivalent"
    smallest = base + scale * smallest_effect(df, ask.alpha, ask.power, equivalence=alike)
    share = 1 - (1 - ask.power) / 2 if alike else ask.power  # two tests must both succeed
    needed = arm_sizes(ask.claimed - base, sd, ask.alpha, share, pairs=sample.second is None)
    return _Power(smallest=smallest, sd=sd, needed=needed)


def _open(tried: Tried | None, power: _Power, ask: Ask) -> list[Doubt]:
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


def _told(sample: Sample, ask: Ask, power: _Power, slack: float) -> str:
    shown = []
    for name, trial in TRIALS.items():
        tried = _tried(sample, ask, trial, slack)
        decides = " decides" if name == ask.test else ""
        shown.append(f"{tried.method}: p = {tried.p:.3g}{decides}" if tried else f"{name}: none{decides}")
    level = f"at alpha {ask.alpha:.3g} and power {ask.power:g}"
    seen = f"smallest detectable effect {power.smallest:.4g} {level}, sd {power.sd:.4g} (ddof 1)"
    return "; ".join([seen, *shown])
