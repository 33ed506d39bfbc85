"""Kind ``prediction``: of several named outcomes, drawn before the run, the expected one came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds import _claims
from harness.kinds._closed import MAX_SECONDS
from harness.kinds._limits import Ask, found_in
from harness.kinds._outcomes import MOST, OTHERWISE, VALUE, Flaw, Posed, drawn, flaws, posed
from harness.kinds._prediction import Drawn, conclude
from harness.kinds._prediction_examples import EXAMPLES
from harness.kinds._rows import Setting
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import Condition, Expression, InputName, Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness

_LOG = InputName("log")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction(Kind):
    """The number that ``predicts`` takes in a log falls into the outcome that was expected.

    ``outcomes`` names each with its condition: comparisons of the number (``>= 9.5 and <= 9.7``), a formula
    of ``value`` (``abs(value - 9.6) <= 0.1``), or ``otherwise`` for what the others leave. The provers must
    show that no two hold of the same number, that one always does and that each can, before any log is read;
    comparisons with constants are told already when the contract is read. ``expects`` is the author's word.
    The place in the log is ``at`` (final if nothing is said) or the row of ``step``. Any other outcome
    falsifies, and digits on both sides of a boundary are inconclusive. ``locked`` counts no verdict unless
    ``harness lock`` wrote the outcomes down before the run that the number comes from.
    """

    name: ClassVar[str] = "prediction"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "predicts"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    predicts: Expression
    outcomes: Mapping[str, Condition]
    expects: str
    log: InputName = _LOG
    at: Literal["final", "first", "min", "max", "mean"] | None = None
    step: int | None = None
    step_column: str = "step"
    window: int | None = None
    select: Expression | None = None
    where: Mapping[str, Printed] = field(default_factory=dict)
    locked: bool = False
    allow_unjudged: int = 0
    min_rows: int = 2
    seconds: float = 10.0
    guard: Literal["float32", "float64"] = "float32"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields outcomes that overlap, leave a gap or cannot come about, and faults of the expressions."""
        yield from _claims.where_faults("where", self.where, scope)
        yield from _claims.text_faults("predicts", self.predicts, scope, truth=False)
        yield from _claims.text_faults("select", self.select, scope)
        if self.at is not None and self.step is not None:
            yield Fault(field="step", message="at already names the place")
        for name, number in (("window", self.window), ("min_rows", self.min_rows)):
            if number is not None and number < 1:
                yield Fault(field=name, message="must be at least 1")
        if self.allow_unjudged < 0:
            yield Fault(field="allow_unjudged", message="must not be negative")
        if not 0 < self.seconds <= MAX_SECONDS:
            yield Fault(field="seconds", message=f"must be above 0 and at most {MAX_SECONDS}")
        yield from self._outcome_faults(scope)

    def _outcome_faults(self, scope: Scope) -> Iterator[Fault]:
        if not 2 <= len(self.outcomes) <= MOST:
            yield Fault(field="outcomes", message=f"wants 2 to {MOST} outcomes: there must be another")
        if self.expects not in self.outcomes:
            told = ", ".join(self.outcomes)
            yield Fault(field="expects", message=f"{self.expects!r} is none of the outcomes: {told}")
        left = [name for name, text in self.outcomes.items() if text.strip() == OTHERWISE]
        if len(left) > 1 or len(left) == len(self.outcomes):
            yield Fault(field="outcomes", message="one outcome at most is what the others leave")
            return
        if VALUE in scope.constants or VALUE in self.where:
            yield Fault(field="outcomes", message=f"{VALUE} is the number itself and no constant")
            return
        try:
            _, trees = drawn(self.outcomes, scope.formulas, {**scope.constants, **self.where})
        except InputError as error:
            yield Fault(field="outcomes", message=str(error))
            return
        for flaw in flaws(trees) or ():
            yield Fault(field="outcomes", message=flaw.message)

    def preregistered(self) -> bool:
        """Tells whether it counts only after ``harness lock``."""
        return self.locked

    def discharge(self, context: Context) -> Verdict:
        """Has the outcomes proved to part all numbers, then names the one that came about.

        Raises ``InputError`` for a condition that cannot be read and for a column that is not there.
        """
        constants = {**context.constants, **self.where}
        texts, trees = drawn(self.outcomes, context.formulas, constants)
        shown = posed(self.outcomes, context, texts, self.seconds)
        if shown.flaw is not None or shown.open:
            return _badly_drawn(shown, self.expects, texts)
        ask = Ask(
            metric=_claims.quantity(self.predicts, context.formulas),
            text=str(self.predicts),
            at=self.at or "final",
            step=self.step,
            step_column=self.step_column,
            window=self.window,
            select=None if self.select is None else _claims.condition(self.select, context.formulas),
            limits={},
            finite=False,
            allow_unjudged=self.allow_unjudged,
            min_rows=self.min_rows,
            setting=Setting(constants=constants, guard=self.guard),
        )
        found = [found_in(frame, ask) for frame in context.frames(self.log)]
        steps = tuple(step for proof in shown.proofs for step in proof.steps)
        outcomes = Drawn(trees=trees, texts=texts, expects=self.expects)
        return conclude(found, ask, outcomes, context.basis(self.log), steps)


def _badly_drawn(shown: Posed, expects: str, texts: Mapping[str, str]) -> Verdict:
    """Returns INCONCLUSIVE: the question has no one answer, whatever the log says."""
    flaw = shown.flaw
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.PROVED,
        denominator=Denominator(judged=0, total=1, unit="predictions"),
        reason=Reason.ILL_POSED if flaw is not None else Reason.UNKNOWN,
        detail=flaw.message if flaw is not None else shown.open,
        threshold=f"{expects}: {texts[expects]}",
        witnesses=() if flaw is None else (_shown_at(flaw),),
        proofs=tuple(step for proof in shown.proofs for step in proof.steps),
    )


def _shown_at(flaw: Flaw) -> Witness:
    at = f"{VALUE} = {flaw.point}" if flaw.point else "no value"
    return Witness(where=f"outcomes: {', '.join(flaw.outcomes)}", found=at, expected="exactly one outcome")
