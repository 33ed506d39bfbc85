"""What a trial of code has seen, and which of it could have told the claim from a false one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.symbolic.formats import Format

COARSE = Fraction(1, 100)
"""A bound wider than this share of a value could not tell the claim from a false one."""
ROUNDINGS = 16
"""Nor could one wider than so many roundings of the value, or of the middle one of all values.

The first matters in formats where one rounding is a share of a hundredth; the second lets a value count
that is nearly nothing because larger ones cancel, if it is known as well as those are.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """One value held against its formula: its size, how far off it is and may be, and one ULP of it."""

    where: str
    size: Fraction
    error: Fraction
    slack: Fraction
    unit: Fraction
    exact: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is decided: how many, the largest error in ULP and as a share of its bound, the bounds in ULP.

    Of what lies below a hundredth of the middle value, these are ULP of that hundredth.
    ``doubt`` is the first place that is not, and ``undefined`` the first at which the formula has no value.
    """

    tried: int
    decided: int
    worst: Fraction
    share: float
    allowed: Sequence[Fraction]
    doubt: str
    undefined: str


class Tally:
    """Counts units tried; ``told`` says what came of them once all have been seen."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.tried = self.settled = 0
        self.undefined = self.doubt = ""
        self.weights: list[Weight] = []

    def note(self, where: str, weight: Weight | None, *, settled: bool) -> None:
        """Counts one unit: ``settled`` unless nothing could be told, with its weight if it has a formula."""
        self.tried += 1
        if not settled:
            self.doubt = self.doubt or where
        elif weight is None:
            self.settled += 1
        else:
            self.weights.append(weight)

    def told(self) -> Told:
        """Returns what is decided by all that was tried."""
        sizes = sorted(weight.size for weight in self.weights)
        middle = sizes[len(sizes) // 2] if sizes else Fraction(0)
        fine = [weight for weight in self.weights if self._tells(weight, middle)]
        wide = (weight for weight in self.weights if not self._tells(weight, middle))
        units = [max(weight.unit, self.form.ulp(middle * COARSE)) for weight in fine]
        return Told(
            tried=self.tried,
            decided=self.settled + len(fine),
            worst=max((one.error / unit for one, unit in zip(fine, units, strict=True)), default=Fraction(0)),
            share=max((share_of(weight) for weight in fine), default=0.0),
            allowed=sorted(one.slack / unit for one, unit in zip(fine, units, strict=True)),
            doubt=self.doubt or next((weight.where for weight in wide), ""),
            undefined=self.undefined,
        )

    def _tells(self, weight: Weight, middle: Fraction) -> bool:
        few = ROUNDINGS * self.form.unit
        return weight.exact or weight.slack <= max(weight.size * max(COARSE, few), middle * few)


def share_of(weight: Weight) -> float:
    """Returns how much of its bound an error takes."""
    return float(weight.error / weight.slack) if weight.slack else 0.0
