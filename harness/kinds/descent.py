"""``descent``: a model predicts held-out symbols better than baselines that know less than it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from harness.artifacts.texts import Layout
from harness.kinds import _claims, _descent_tokens
from harness.kinds._descent import Ask, Comparison, Scored, certify, compare, score, windows_of
from harness.kinds._descent_examples import EXAMPLES as _EXAMPLES
from harness.kinds._descent_verdict import conclude, uncertified
from harness.kinds._same_texts import same_bytes, same_documents
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.predictor import Predictor, Tokenised
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Verdict, Witness
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import names

Baseline = Literal["uniform", "unigram", "bigram", "shuffled"]
_SUBJECT, _TRAIN = InputName("subject"), InputName("train")
_NO_MARGIN, _CONFIDENCE = Printed("0"), Printed("0.95")
Certificate = Literal["metric", "causality"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Descent(Kind):
    """Scores a model and baselines on the same windows of a text and compares them window by window.

    First the evaluator certifies itself: by the metric, uniform logits cost ln V and a certain prediction
    costs 0, each to 1e-9, and a changed last symbol moves no earlier logit; else it is FALSIFIED with that.
    ``metric`` is the cost of a symbol as a formula of its chance ``p``, -log(p) in nats if nothing is said.
    ``uniform`` is 1 / V, ``unigram`` and ``bigram`` are fitted on ``train``; ``shuffled`` is the model
    itself with each window's inputs in random order, ``permutations`` times. The model must beat each by
    more than ``margin``: so the lower bound of the paired difference says, over windows or with ``unit:
    documents`` over files, and for ``shuffled`` the exact permutation test too. With ``chain`` each
    baseline must also beat the next. A bound on the other side falsifies, one on both is too little power.
    A text that stands in ``train`` judges nothing, nor does a baseline that costs a tenth more than guessing
    does; beside one that costs more at all, the uniform must be beaten too.
    A checkpoint folder of the Hugging Face layout is asked in the symbols of its own tokenizer, one window of
    each document (a JSON line's ``field``, a paragraph of text), in a process that is ended when it hangs.
    """

    name: ClassVar[str] = "descent"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "descent"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    descent: InputName
    model: InputName = _SUBJECT
    beats: tuple[Baseline, ...] = ("unigram", "bigram")
    train: InputName | None = _TRAIN
    system: str | None = None
    metric: Expression | None = None
    windows: int | None = None
    length: int = 128
    permutations: int = 19
    chain: bool = False
    margin: Printed = _NO_MARGIN
    confidence: Printed = _CONFIDENCE
    unit: Literal["windows", "documents"] = "windows"
    certify: tuple[Certificate, ...] = ("metric", "causality")
    seed: int = 0
    field: str | None = None
    documents: Literal["auto", "lines", "paragraphs", "files"] = "auto"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a comparison with nothing, a metric of something else than ``p``, and odd numbers."""
        yield from self._metric_faults(scope)
        if not self.beats or len(set(self.beats)) != len(self.beats):
            yield Fault(field="beats", message="name each baseline that must be beaten, once")
        if {"unigram", "bigram"} & set(self.beats) and self.train is None:
            yield Fault(field="beats", message="unigram and bigram are fitted on a text: name it in train")
        if self.train is not None and self.train == self.descent:
            yield Fault(
                field="train", message="a baseline fitted on the text it is scored on knows the answers"
            )
        if not self.certify:
            yield Fault(field="certify", message="an evaluator that tries itself by nothing measures no loss")
        if self.length < 2:
            yield Fault(field="length", message="a window has at least 2 symbols")
        if self.windows is not None and self.windows < 1:
            yield Fault(field="windows", message="must be at least 1")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        elif not 1 / (1 - self.confidence.exact) - 1 <= self.permutations <= 999:
            least = int(1 / (1 - self.confidence.exact)) - 1
            message = f"must be from {least}, below which no test at this confidence can reject, to 999"
            yield Fault(field="permutations", message=message)
        if not self.margin.finite or self.margin.exact < 0:
            yield Fault(field="margin", message="must not be negative")

    def _metric_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from _claims.text_faults("metric", self.metric, scope, truth=False)
        if "p" in scope.constants:
            yield Fault(field="metric", message="p is a constant of the contract, and here the chance")
        if self.metric is None:
            return
        try:
            unknown = sorted(names(parse_with(self.metric, scope.formulas)) - {"p", *scope.constants})
        except ExpressionError:
            return
        if unknown:
            yield Fault(field="metric", message=f"{unknown[0]} is not known; p is the chance of a symbol")

    def discharge(self, context: Context) -> Verdict:
        """Certifies, scores and compares every model of the input; raises ``InputError``."""
        ask = self._ask(context)
        models = context.predictors(self.model, self.system)
        inputs = [name for name in (self.model, self.descent, self.train) if name is not None]
        names = [subject.name for subject in context.subjects(self.model)]
        found: list[tuple[Scored, tuple[Comparison, ...]]] = []
        for at, model in enumerate(models):
            if isinstance(model, Tokenised):
                label, scored = model.label, self._tokens(context, model, ask)
            else:
                label, scored = names[at], self._bytes(context, model, ask)
            if isinstance(scored, Witness):
                return uncertified(scored, context.basis(*inputs))
            found.append((scored, compare(scored, ask, label if len(models) > 1 else "")))
        return conclude(found, ask, context.basis(*inputs))

    def _bytes(self, context: Context, model: Predictor, ask: Ask) -> Scored | Witness:
        texts = [subject.path for subject in context.subjects(self.descent)]
        fitted = [] if self.train is None else [s.path for s in context.subjects(self.train)]
        windows = windows_of(texts, model.vocab, ask)
        wrong = certify(model, windows, ask, self.certify)
        return wrong or replace(score(model, windows, fitted, ask), copied=same_bytes(texts, fitted))

    def _tokens(self, context: Context, model: Tokenised, ask: Ask) -> Scored | Witness:
        held = [(one.name, one.path) for one in context.subjects(self.descent)]
        train = [] if self.train is None else [(one.name, one.path) for one in context.subjects(self.train)]
        layout = Layout(field=self.field, documents=self.documents)
        cut = _descent_tokens.windows(model, held, layout, ask)
        wrong = _descent_tokens.certify(model, cut, ask, self.certify)
        if wrong is not None:
            return wrong
        scored = _descent_tokens.score(model, cut, train, layout, ask)
        return replace(scored, copied=same_documents(held, train, layout) if train else "")

    def _ask(self, context: Context) -> Ask:
        return Ask(
            metric=None if self.metric is None else _claims.quantity(self.metric, context.formulas),
            constants={} if self.metric is None else context.constants,
            beats=self.beats,
            chain=self.chain,
            windows=self.windows,
            length=self.length,
            permutations=self.permutations,
            seed=self.seed,
            margin=float(self.margin),
            confidence=float(self.confidence),
            documents=self.unit == "documents",
            certify=self.certify,
        )
