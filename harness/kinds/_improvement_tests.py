"""The claim of an improvement as tests: for it, against it, and what so many runs could have seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.model.values import Printed
from harness.statistics.power import arm_sizes, smallest_effect
from harness.statistics.student import quantile, spread
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
class Power:
    """The smallest detectable effect, from what spread, and how many runs would see the claimed one."""

    smallest: float
    sd: float
    needed: int


def tried_with(sample: Sample, ask: Ask, trial: Trial, slack: float) -> Tried | None:
    """Tries the claim with the margin moved against it by what rounding may hide."""
    margin = float(ask.margin)
    if ask.form == "equivalent":
        return equivalence(trial, sample, margin - slack) if margin > slack else None
    return trial(sample, (margin if ask.form == "superior" else -margin) + slack)


def against_it(sample: Sample, ask: Ask, slack: float) -> Tried | None:
    """Tries the opposite: that the improvement is less than claimed, or beyond the band on its own side.

    What a superior side claims is its ``effect``, where it names one: a claim of so much is false of less.
    """
    margin = float(ask.margin)
    if ask.form == "equivalent":
        ahead = sample if sample.effect > 0 else reversed_sample(sample)
        return ask.trial(ahead, margin + slack)
    return ask.trial(reversed_sample(sample), slack - (ask.claimed if ask.form == "superior" else -margin))


def at_most(sample: Sample, ask: Ask, slack: float) -> float | None:
    """Returns the upper bound of the improvement by Student's t; None where there is none."""
    found = error(sample)
    return None if found is None else sample.effect + slack + quantile(1 - ask.alpha, found[1]) * found[0]


def seen_by(sample: Sample, ask: Ask) -> Power:
    """Returns the smallest effect that this sample shows, and how many runs would show the claimed."""
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
    return Power(smallest=smallest, sd=sd, needed=needed)


def told_of(sample: Sample, ask: Ask, power: Power, slack: float) -> str:
    """Says the power and what every test found, the one that decides marked."""
    shown = []
    for name, trial in TRIALS.items():
        tried = tried_with(sample, ask, trial, slack)
        decides = " decides" if name == ask.test else ""
        shown.append(f"{tried.method}: p = {tried.p:.3g}{decides}" if tried else f"{name}: none{decides}")
    level = f"at alpha {ask.alpha:.3g} and power {ask.power:g}"
    seen = f"smallest detectable effect {power.smallest:.4g} {level}, sd {power.sd:.4g} (ddof 1)"
    return "; ".join([seen, *shown])
