"""``trend``: a curve falls, rises or has come to rest, by tests that hold when its points hang together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds._trend import Ask, Curve, conclude, curves
from harness.kinds._trend_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict

_NONE, _CONFIDENCE = Printed("0"), Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend(Kind):
    """Tests whether a column of a log (``trend``) ``falls``, ``rises`` or is ``flat`` from first to last.

    Points that hang together are no sample: the curve is cut into blocks eight times as long as its memory,
    and only their means are tested. The change from the first point to the last must go the claimed way by
    more than ``margin``, by Student's bound, by the exact test of Mann and Kendall and by the first sixth
    against the last; ``flat`` needs it within ±``margin`` by two one-sided tests (TOST). A bound beyond the
    margin on the other side falsifies; fewer than six such blocks are too little power, and ``flat`` is never
    concluded from a test that found nothing. The memory is that of neighbours about a line; for ``falls`` and
    ``rises`` the median of three or five lines from 90 points on, since a bend about one line looks like
    memory: where it refuses a plateau, ``since`` and ``until`` bound the stretch. Steps must be evenly apart,
    but for the first and the last. ``steps`` are the declared steps of an evaluation: all must be there, and
    no others; they are no more independent for it. Every run must pass.
    """

    name: ClassVar[str] = "trend"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "trend"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    trend: InputName
    shape: Literal["falls", "rises", "flat"] = "falls"
    column: str = "loss"
    step_column: str = "step"
    margin: Printed = _NONE
    steps: tuple[int, ...] = ()
    since: int | None = None
    until: int | None = None
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a plateau without a margin, a stretch of nothing, and numbers out of range."""
        if not self.margin.finite or self.margin.exact < 0:
            yield Fault(field="margin", message="must not be negative")
        elif self.shape == "flat" and not self.margin.exact:
            yield Fault(field="margin", message="flat within what? no data can show that nothing changes")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        if len(set(self.steps)) != len(self.steps):
            yield Fault(field="steps", message="a step is declared twice")
        if self.steps and (self.since is not None or self.until is not None):
            yield Fault(
                field="steps", message="the declared steps are the stretch: leave since and until out"
            )
        if self.since is not None and self.until is not None and self.since >= self.until:
            yield Fault(field="until", message="must lie after since")

    def discharge(self, context: Context) -> Verdict:
        """Tests the curve of every run; raises ``InputError`` for a column that is not there."""
        ask = Ask(
            shape=self.shape,
            column=self.column,
            clock=self.step_column,
            margin=float(self.margin),
            steps=self.steps,
            since=self.since,
            until=self.until,
            confidence=float(self.confidence),
        )
        found: list[Curve] = curves(context.frames(self.trend), ask)
        return conclude(found, ask, context.basis(self.trend))
