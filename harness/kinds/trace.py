"""Kind ``trace``: a claim about every row of a log, each printed number an interval of its digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds import _claims, _rowwise, _sample, _streamed
from harness.kinds._judge import deepest
from harness.kinds._rows import Setting
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Outcome, Verdict

_LOG = InputName("log")
_RESOLUTION = Printed("0.01")
_CLAIM = "The learning rate follows the cosine with warm-up."
_LR = 'kind: trace, rows: "lr == warmup_cosine(step, peak, 8, 40)", where: {peak: 3.0e-4}'
_EMA = 'kind: trace, rows: "ema == 0.9*ema[-1] + 0.1*loss", first: "ema == loss", every: 1'


def _coarse(decimals: int) -> list[dict[str, object]]:
    return [{**row, "lr": round(float(str(row["lr"])), decimals)} for row in _sample.schedule()]


def _with(index: int, **cells: object) -> list[dict[str, object]]:
    rows = _sample.schedule()
    rows[index] = {**rows[index], **cells}
    return rows


def _example(title: str, outcome: Outcome, obligation: str, rows: list[dict[str, object]]) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=_sample.contract(_CLAIM, obligation),
        files=_sample.lines(rows),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace(Kind):
    """Every selected row of a log satisfies ``rows``.

    Each frame (file or seed) is judged by itself. A row whose digits certainly contradict the claim
    falsifies it. A row counts as judged only if its digits would also have shown a value off by
    ``resolution``; at least ``min_rows`` and half of the selected rows must be. Under ``x[-1]`` the row
    before must lie ``every`` steps of ``step_column`` back, 1 if not said; ``first`` judges rows without it.
    Rows that a restarted run says again further down are not judged, and count as such. ``units``
    (``loss: nats/token``) are held against one another before any row is read.
    """

    name: ClassVar[str] = "trace"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "rows"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("an honest schedule", Outcome.DISCHARGED, _LR, _sample.schedule()),
        _example("a moving average with its first row", Outcome.DISCHARGED, _EMA, _sample.schedule()),
        _example("another warm-up", Outcome.FALSIFIED, _LR, _sample.schedule(warmup=9)),
        _example("one row off by 1 %", Outcome.FALSIFIED, _LR, _with(20, lr=0.0002123)),
        _example(
            "nan is not finite",
            Outcome.FALSIFIED,
            'kind: trace, rows: "finite(loss)"',
            _with(7, loss=float("nan")),
        ),
        _example("nan in another claim", Outcome.INCONCLUSIVE, _LR, _with(7, lr=float("nan"))),
        _example("three decimals cannot tell", Outcome.INCONCLUSIVE, _LR, _coarse(3)),
        _example(
            "a claim that cannot fail",
            Outcome.INCONCLUSIVE,
            'kind: trace, rows: "clip(loss, 0, 9) <= 9"',
            _sample.schedule(),
        ),
        _example(
            "a condition that no row meets",
            Outcome.INCONCLUSIVE,
            'kind: trace, rows: "lr == (7 if step > 1000000 else lr)"',
            _sample.schedule(),
        ),
        _example(
            "a selection that makes the claim true",
            Outcome.INCONCLUSIVE,
            'kind: trace, rows: "loss < 3", select: "loss < 3"',
            _sample.schedule(),
        ),
        _example("one row five times", Outcome.INCONCLUSIVE, _LR, _sample.schedule()[9:10] * 5),
        _example(
            "a restarted run", Outcome.INCONCLUSIVE, _LR, _sample.schedule()[:30] + _sample.schedule()[20:]
        ),
        _example("one row", Outcome.INCONCLUSIVE, _LR, _sample.schedule()[:1]),
        _example("an empty log", Outcome.INCONCLUSIVE, _LR, []),
        _example("no such column", Outcome.ERROR, 'kind: trace, rows: "finite(los)"', _sample.schedule()),
    )

    rows: Expression
    log: InputName = _LOG
    where: Mapping[str, Printed] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    first: Expression | None = None
    select: Expression | None = None
    every: int | None = None
    step_column: str = "step"
    allow_unjudged: int = 0
    min_rows: int = 2
    resolution: Printed = _RESOLUTION
    guard: Literal["float32", "float64"] = "float32"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields faults of the expressions and of the numbers around them."""
        yield from _claims.where_faults("where", self.where, scope)
        for name in ("rows", "first", "select"):
            yield from _claims.text_faults(name, getattr(self, name), scope)
        texts = {name: getattr(self, name) for name in ("rows", "first", "select")}
        yield from _claims.unit_faults(self.units, texts, scope)
        yield from _number_faults(self)
        try:
            back = deepest(_claims.claims(self.rows, scope.formulas))
        except InputError:
            return
        if self.first is not None and not back:
            yield Fault(field="first", message="rows never looks back, so first would judge nothing")

    def discharge(self, context: Context) -> Verdict:
        """Judges every row of every frame; raises ``InputError`` for a column that is not there."""
        rule = self._rule(context)
        found = _streamed.groups(context.streams(self.log), rule)
        if not found:
            found = [(_rowwise.group_of(frame, rule), rule) for frame in context.frames(self.log)]
        return _rowwise.conclude(found, str(self.rows), context.basis(self.log))

    def _rule(self, context: Context) -> _rowwise.Rule:
        rows = _claims.claims(self.rows, context.formulas)
        return _rowwise.Rule(
            rows=rows,
            first=() if self.first is None else _claims.claims(self.first, context.formulas),
            select=None if self.select is None else _claims.condition(self.select, context.formulas),
            formulas=context.formulas,
            setting=Setting(
                constants={**context.constants, **self.where},
                guard=self.guard,
                resolution=self.resolution.exact,
            ),
            every=1 if self.every is None and deepest(rows) else self.every,
            step_column=self.step_column,
            allow_unjudged=self.allow_unjudged,
            min_rows=self.min_rows,
        )


def _number_faults(kind: Trace) -> Iterator[Fault]:
    yield from _claims.resolution_faults(kind.resolution)
    if kind.min_rows < 1:
        yield Fault(field="min_rows", message="must be at least 1: nothing judged proves nothing")
    if kind.every is not None and kind.every < 1:
        yield Fault(field="every", message="must be at least 1")
    if kind.allow_unjudged < 0:
        yield Fault(field="allow_unjudged", message="must not be negative")
