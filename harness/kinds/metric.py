"""Kind ``metric``: one number of a log (the last, the smallest, the mean …) against stated limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds import _claims, _sample
from harness.kinds._limits import LIMITS, Ask, Found, conclude, found_in
from harness.kinds._rows import Setting
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Outcome, Verdict

_LOG = InputName("log")
_LOSSES = (4.0, 3.1, 2.6, 2.4, 2.45)


def _example(title: str, outcome: Outcome, limits: str, losses: Sequence[float] = _LOSSES) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=_sample.contract("The loss ends where it should.", f"kind: metric, metric: loss, {limits}"),
        files=_sample.lines([{"step": step, "loss": loss} for step, loss in enumerate(losses)]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric(Kind):
    """The number that ``metric`` takes at one place of a log keeps every stated limit.

    The place is ``at`` (final if nothing is said) or the row whose ``step_column`` is ``step``; ``window``
    looks only at the last rows. ``falls_by`` is the least fall from the first row to that place, and
    ``finite`` forbids nan and inf in any selected row. A limit is kept only if the whole interval of the
    printed digits keeps it; an interval on both sides of it is inconclusive. Every frame must keep them.
    ``units`` of the columns (``loss: nats/token``) are held against one another without a log.
    """

    name: ClassVar[str] = "metric"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "metric"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("a last value under its limit", Outcome.DISCHARGED, "at_most: 2.5"),
        _example("a last value over its limit", Outcome.FALSIFIED, "at_most: 2.4"),
        _example("a band around the smallest", Outcome.DISCHARGED, "at: min, at_least: 2.3, at_most: 2.5"),
        _example("outside the band", Outcome.FALSIFIED, "at: min, at_least: 2.5, at_most: 2.7"),
        _example("a limit inside the printed digits", Outcome.INCONCLUSIVE, "at_most: 2.451"),
        _example("a fall", Outcome.DISCHARGED, "falls_by: 1.5"),
        _example("too small a fall", Outcome.FALSIFIED, "falls_by: 1.6"),
        _example("finite throughout", Outcome.DISCHARGED, "finite: true"),
        _example("a nan on the way", Outcome.FALSIFIED, "finite: true", (4.0, float("nan"), 2.0)),
        _example(
            "a nan beside a limit", Outcome.INCONCLUSIVE, "at: min, at_most: 2.5", (4.0, float("nan"), 2.0)
        ),
        _example(
            "a selection that keeps the limit",
            Outcome.INCONCLUSIVE,
            'at: max, at_most: 3.0, select: "loss < 3"',
        ),
        _example("one row", Outcome.INCONCLUSIVE, "at_most: 5", (4.0,)),
        _example("an empty log", Outcome.INCONCLUSIVE, "at_most: 5", ()),
    )

    metric: Expression
    log: InputName = _LOG
    at: Literal["final", "first", "min", "max", "mean"] | None = None
    step: int | None = None
    step_column: str = "step"
    window: int | None = None
    select: Expression | None = None
    where: Mapping[str, Printed] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    at_most: Printed | None = None
    at_least: Printed | None = None
    below: Printed | None = None
    above: Printed | None = None
    equals: Printed | None = None
    falls_by: Printed | None = None
    finite: bool = False
    allow_unjudged: int = 0
    min_rows: int = 2
    guard: Literal["float32", "float64"] = "float32"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields faults of the expressions and of the limits."""
        yield from _claims.where_faults("where", self.where, scope)
        yield from _claims.text_faults("metric", self.metric, scope, truth=False)
        yield from _claims.text_faults("select", self.select, scope)
        texts: dict[str, str | None] = {"metric": self.metric, "select": self.select}
        yield from _claims.unit_faults(self.units, texts, scope)
        limits = self._limits()
        for name, value in limits.items():
            if not value.finite:
                yield Fault(field=name, message=f"{value} is no limit")
            elif abs(value.exact) > _claims.LARGEST:
                yield Fault(field=name, message=f"{value} is no limit for a logged number (1e300 at most)")
        if not limits and not self.finite:
            yield Fault(field="metric", message=f"no limit: say finite, {', '.join(LIMITS)}")
        low = [limits[name] for name in ("at_least", "above") if name in limits and limits[name].finite]
        high = [limits[name] for name in ("at_most", "below") if name in limits and limits[name].finite]
        if any(bottom.exact > top.exact for bottom in low for top in high):
            yield Fault(field="at_most", message="lies below the lower limit: nothing can keep both")
        if self.at is not None and self.step is not None:
            yield Fault(field="step", message="at already names the place")
        for name, number in (("window", self.window), ("min_rows", self.min_rows)):
            if number is not None and number < 1:
                yield Fault(field=name, message="must be at least 1")
        if self.allow_unjudged < 0:
            yield Fault(field="allow_unjudged", message="must not be negative")

    def discharge(self, context: Context) -> Verdict:
        """Compares the number of every frame; raises ``InputError`` for a column that is not there."""
        ask = Ask(
            metric=_claims.quantity(self.metric, context.formulas),
            text=str(self.metric),
            at=self.at or "final",
            step=self.step,
            step_column=self.step_column,
            window=self.window,
            select=None if self.select is None else _claims.condition(self.select, context.formulas),
            limits=self._limits(),
            finite=self.finite,
            allow_unjudged=self.allow_unjudged,
            min_rows=self.min_rows,
            setting=Setting(constants={**context.constants, **self.where}, guard=self.guard),
        )
        found: list[Found] = [found_in(frame, ask) for frame in context.frames(self.log)]
        return conclude(found, ask, context.basis(self.log))

    def _limits(self) -> dict[str, Printed]:
        stated = {name: getattr(self, name) for name in LIMITS}
        return {name: value for name, value in stated.items() if value is not None}
