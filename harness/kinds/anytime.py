"""``anytime``: a mean gain lies above a margin, by a test that may be looked at after every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.kinds._anytime import Ask, conclude, gains
from harness.kinds._anytime_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict

_NONE, _CONFIDENCE = Printed("0"), Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Anytime(Kind):
    """Bets on the rows of a log (``anytime``), one by one, that their mean gain is more than ``margin``.

    A gain is the column ``gain``, or ``over`` less ``gain``: a baseline's loss less the model's. ``low`` and
    ``high`` bound it and are stated before; one outside them judges nothing. Somebody who bets each time
    what the rows before suggest multiplies the stake by 1/alpha with a chance of at most alpha if the mean is
    not above the margin (Ville 1939), however often one looks: so the run may be stopped at the first row
    where the wealth gets there, and the verdict is DISCHARGED whatever comes later. A bet on the other side
    that gets there first falsifies. The confidence sequence at that row is told. The rows must come in the
    order in which they were drawn, one for each document or window, and none is left out: where a step,
    window or index does not rise, a restart goes back, a document comes again, or rows without such a column
    are sorted by their gain, nothing is judged. Each run is judged for itself. A loop
    that stops by itself asks ``harness.sequence(low=…, high=…, out=…)``: ``if sequence.add(gain): break``
    leaves the rows on which this kind says the same.
    """

    name: ClassVar[str] = "anytime"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "anytime"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    anytime: InputName
    low: Printed
    high: Printed
    gain: str = "gain"
    over: str | None = None
    margin: Printed = _NONE
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields bounds that are none, a margin outside them, and a confidence out of range."""
        if not (self.low.finite and self.high.finite and self.low.exact < self.high.exact):
            yield Fault(field="low", message="low and high must bound a gain")
        elif not (self.margin.finite and self.low.exact < self.margin.exact < self.high.exact):
            yield Fault(field="margin", message="must lie between low and high")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        if self.over == self.gain:
            yield Fault(field="over", message="a column gains nothing over itself")

    def discharge(self, context: Context) -> Verdict:
        """Bets on every run; raises ``InputError`` for a column that is not there."""
        ask = Ask(
            gain=self.gain,
            over=self.over,
            low=float(self.low),
            high=float(self.high),
            margin=float(self.margin),
            confidence=float(self.confidence),
        )
        return conclude(gains(context.frames(self.anytime), ask), ask, context.basis(self.anytime))
