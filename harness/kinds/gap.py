"""``gap``: how much better a model is on what it was trained on than on what it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.artifacts.texts import Layout
from harness.kinds._evaluated import evaluate_splits
from harness.kinds._gap import Ask, conclude
from harness.kinds._gap_examples import EXAMPLES as _EXAMPLES
from harness.kinds._losses import Columns, Losses, read_losses
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.predictor import Tokenised
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict

_TRAIN, _CONFIDENCE, _POWER = InputName("train"), Printed("0.95"), Printed("0.8")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap(Kind):
    """Holds the held-out loss (``gap``) less the training loss, per document at the same weights, to limits.

    Each row is one document: its ``loss``, the ``weights`` that were evaluated (a digest or step, one for
    all) and the ``mode``, which must say eval: a mean over an epoch or a loss under dropout is no such row.
    That the held-out split is not simply easier must be shown: by a ``reference`` split of the same source
    that was not trained on, with which it must be exchangeable (permutation of documents) and which must
    keep the limit too, or by the loss of another model in the column ``calibrate``, taken off each
    document: one that hardly varies, does not follow the loss, or is the loss itself excludes nothing.
    Splits that are one under two names (texts, or losses to the last digit) judge nothing, nor does a
    limit that no loss could break. Bounds are one-sided, by studentised bootstrap over documents, weighted
    by ``weight``. A limit between the bounds is too little power, and the smallest detectable gap is told.
    Rows up to step ``warmup`` are not judged; of several steps the last is. With a ``model`` the three
    inputs are texts, and the model is asked here, on windows of ``length`` bytes of each document. A
    checkpoint folder of the Hugging Face layout is asked in symbols of its tokenizer, of ``sample`` documents
    a split (a JSON line's ``field``, a paragraph); ``calibrate: bigram`` takes off each document the loss of
    a bigram, fitted on training documents that are not scored.
    """

    name: ClassVar[str] = "gap"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "gap"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    gap: InputName
    train: InputName = _TRAIN
    reference: InputName | None = None
    model: InputName | None = None
    system: str | None = None
    length: int = 64
    documents: Literal["auto", "lines", "paragraphs", "files"] = "auto"
    field: str | None = None
    sample: int = 256
    at_most: Printed | None = None
    at_least: Printed | None = None
    calibrate: str | None = None
    loss: str = "loss"
    document: str = "document"
    weight: str | None = None
    weights: str = "weights"
    mode: str = "mode"
    step_column: str = "step"
    warmup: int | None = None
    confidence: Printed = _CONFIDENCE
    power: Printed = _POWER

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields limits that are none or cross, and splits that are the same."""
        limits = [value for value in (self.at_least, self.at_most) if value is not None]
        if not limits:
            yield Fault(field="gap", message="no limit: say at_most or at_least")
        if not all(value.finite for value in limits):
            yield Fault(field="at_most", message="is no limit")
        elif len(limits) == 2 and limits[0].exact > limits[1].exact:
            yield Fault(field="at_most", message="lies below at_least: nothing can keep both")
        for name in ("confidence", "power"):
            value: Printed = getattr(self, name)
            if not value.finite or not 0.5 <= value.exact < 1:
                yield Fault(field=name, message="must be at least 0.5 and below 1")
        named = [name for name in (self.gap, self.train, self.reference) if name is not None]
        if self.model is not None and self.calibrate not in (None, "bigram"):
            told = "is a column, and texts have none: say bigram, or name a reference"
            yield Fault(field="calibrate", message=told)
        if self.sample < 8:
            yield Fault(field="sample", message="no interval is sound of fewer than eight documents")
        if self.length < 2:
            yield Fault(field="length", message="a window has at least 2 symbols")
        if len(set(named)) < len(named):
            yield Fault(field="gap", message="held-out, training and reference data must be three things")

    def discharge(self, context: Context) -> Verdict:
        """Compares the splits; raises ``InputError`` for a column that is not there."""
        names = [name for name in (self.gap, self.train, self.reference) if name is not None]
        splits = self._evaluated(context, names) if self.model is not None else self._read(context, names)
        ask = Ask(
            at_most=self.at_most,
            at_least=self.at_least,
            calibrated=self.calibrate is not None,
            column=self.model is None,
            warmup=self.warmup,
            alpha=1 - float(self.confidence),
            power=float(self.power),
        )
        return conclude(
            splits[0], splits[1], splits[2] if self.reference else None, ask, context.basis(*names)
        )

    def _read(self, context: Context, names: list[InputName]) -> list[Losses]:
        columns = Columns(
            loss=self.loss,
            document=self.document,
            weight=self.weight,
            calibrate=self.calibrate,
            weights=self.weights,
            mode=self.mode,
            step=self.step_column,
        )
        return [read_losses(context.frames(name), columns) for name in names]

    def _evaluated(self, context: Context, names: list[InputName]) -> list[Losses]:
        models = context.predictors(self.model or InputName(""), self.system)
        if len(models) != 1:
            raise InputError(f"{len(models)} models: a gap is of one", "ILL_POSED")
        files = [[(one.name, one.path) for one in context.subjects(name)] for name in names]
        return evaluate_splits(
            models[0],
            files,
            Layout(field=self.field, documents=self.documents, nul=not isinstance(models[0], Tokenised)),
            length=self.length,
            sample=self.sample,
            bigram=self.calibrate is not None,
        )
