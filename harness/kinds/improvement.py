"""``improvement``: one training recipe, or one checkpoint, is better than another by a stated margin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds._design import design
from harness.kinds._improvement import conclude
from harness.kinds._improvement_examples import EXAMPLES as _EXAMPLES
from harness.kinds._improvement_tests import Ask
from harness.kinds._sides import Columns, read_arm
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict
from harness.statistics.trials import TRIALS

_CONFIDENCE, _POWER = Printed("0.95"), Printed("0.8")
_RISING = re.compile(
    r"(^|[^a-z0-9])(acc|accuracy|auc|auroc|roc_auc|f1|f1_score|score|bleu|rouge[0-9l]*|recall|precision|mcc|iou"
    r"|exact_match|pass@?[0-9]*|win_?rate|map|ndcg|r2|reward|throughput)($|[^a-z0-9])"
)
"""Metrics of which more is better, as words of a column's name."""
_FALLING = re.compile("loss|err|nll|perplexity|ppl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Improvement(Kind):
    """Tests that side A (``improvement``) is better than side B (``over``) by more than ``margin``.

    Each side holds one value of ``metric`` per run, under the ``seeds`` that the contract declares: one
    that is missing, was never declared, counts twice or is a copy is no comparison. ``pair: seed`` takes
    differences (paired t), ``none`` compares two arms (Welch's t); ``test`` chooses the one test that
    decides (spreads over n - 1), all are shown. ``form: not_worse`` asks for more than -margin, and
    ``equivalent`` for a difference within it, by two one-sided tests. The smallest effect that so many runs
    detect with ``power`` stands beside every verdict; above the claimed one (``effect``, else the margin)
    nothing is discharged, whatever the p, and an ``effect`` that the data rule out at ``confidence`` is
    false, however small the margin. ``sd`` states a spread known before, and the larger one counts.
    Less is ``better`` unless the contract says which, and it must of an accuracy or a score.
    ``pair: document`` is about two checkpoints only, and the contract must say so.
    t and permutation take differences for symmetric: of 20 skewed (exponential) ones they have 5 % false
    alarms at a nominal 1 %, the bootstrap 2 %; such pairs are no evidence by any one of them.
    """

    name: ClassVar[str] = "improvement"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "improvement"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    improvement: InputName
    over: InputName
    margin: Printed
    metric: str = "loss"
    better: Literal["lower", "higher"] | None = None
    form: Literal["superior", "not_worse", "equivalent"] = "superior"
    pair: Literal["seed", "document", "none"] = "seed"
    about: Literal["recipe", "checkpoints"] = "recipe"
    seeds: tuple[int, ...] = ()
    test: Literal["t", "permutation", "bootstrap"] = "t"
    effect: Printed | None = None
    sd: Printed | None = None
    confidence: Printed = _CONFIDENCE
    power: Printed = _POWER
    seed_column: str = "seed"
    document_column: str = "document"
    step_column: str = "step"
    step: int | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields numbers out of range, seeds that nobody declared, and a test of the wrong unit."""
        for name in ("confidence", "power"):
            value: Printed = getattr(self, name)
            if not value.finite or not 0.5 <= value.exact < 1:
                yield Fault(field=name, message="must be at least 0.5 and below 1")
        if not self.margin.finite or self.margin.exact < 0:
            yield Fault(field="margin", message="must not be negative")
        elif self.form == "superior" and self.effect is None and not self.margin.exact:
            yield Fault(
                field="effect", message="better by how much? a margin of 0 needs the effect that is claimed"
            )
        elif self.form != "superior" and not self.margin.exact:
            yield Fault(field="margin", message="must be more than 0: no data can show that nothing differs")
        known = None if _FALLING.search(self.metric.lower()) else _RISING.search(self.metric.lower())
        if self.better is None and known is not None:
            told = f"of {known[2]} more is better: say better: higher, or better: lower if it is meant"
            yield Fault(field="better", message=told, suggestion="higher")
        yield from self._effect_faults()
        if self.improvement == self.over:
            yield Fault(field="over", message="nothing is better than itself")
        yield from self._unit_faults()

    def _effect_faults(self) -> Iterator[Fault]:
        if self.sd is not None and not (self.sd.finite and self.sd.exact > 0):
            yield Fault(field="sd", message="must be positive")
        if self.effect is None:
            return
        if self.form != "superior":
            yield Fault(field="effect", message="only a superior side has one")
        elif self.margin.finite and not (self.effect.finite and self.effect.exact > self.margin.exact):
            yield Fault(field="effect", message="must lie above the margin")

    def _unit_faults(self) -> Iterator[Fault]:
        if len(set(self.seeds)) != len(self.seeds):
            yield Fault(field="seeds", message="a seed is declared twice")
        if (self.pair == "document") != (self.about == "checkpoints"):
            told = "pairs of documents compare two checkpoints, not two recipes, and the other way round: "
            yield Fault(
                field="pair", message=f"{told}say pair: document with about: checkpoints, or pair: seed"
            )
        elif self.pair != "document" and len(self.seeds) < 2:
            yield Fault(field="seeds", message="declare the seeds of the runs, two at least")
        elif self.pair == "document" and self.seeds:
            yield Fault(field="seeds", message="documents are paired here, not seeds")

    def discharge(self, context: Context) -> Verdict:
        """Compares the two sides; raises ``InputError`` for a column that is not there."""
        by_seed = self.pair != "document"
        columns = Columns(
            metric=self.metric,
            unit=self.seed_column if by_seed else self.document_column,
            seeds=by_seed,
            clock=self.step_column,
            step=self.step,
        )
        ours = read_arm(context.frames(self.improvement), columns)
        theirs = read_arm(context.frames(self.over), columns)
        ask = Ask(
            margin=self.margin,
            effect=self.effect,
            sd=None if self.sd is None else float(self.sd),
            form=self.form,
            sign=1 if self.better == "higher" else -1,
            paired=self.pair != "none",
            unit="documents" if not by_seed else "seeds",
            of=len(self.seeds),
            trial=TRIALS[self.test],
            test=self.test,
            alpha=1 - float(self.confidence),
            power=float(self.power),
        )
        doubts = tuple(design((ours, theirs), self.seeds, by_seed=by_seed))
        return conclude((ours, theirs), doubts, ask, context.basis(self.improvement, self.over))
