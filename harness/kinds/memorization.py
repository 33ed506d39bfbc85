"""``memorization``: why a model does well on held-out data, or too well on its own: the cause by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from harness.artifacts.texts import Layout
from harness.kinds import _causes
from harness.kinds._canaries import exposures, extractions
from harness.kinds._causes import Sign, Sought
from harness.kinds._evaluated import evaluate_splits
from harness.kinds._looked import looked
from harness.kinds._losses import Columns, Losses, read_losses
from harness.kinds._memorization import conclude
from harness.kinds._memorization_examples import EXAMPLES as _EXAMPLES
from harness.kinds._overlap import compare
from harness.kinds._overlap_verdict import Ask
from harness.kinds._served import counted
from harness.kinds._tokens import PREFIX, extracted
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.predictor import Tokenised
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict

_TRAIN, _FRESH, _CONFIDENCE = InputName("train"), InputName("reference"), Printed("0.99")
_EXPOSURE, _AREA, _RATE, _SHIFT = Printed("2"), Printed("0.7"), Printed("0.05"), Printed("0.1")
_LEAK = Printed("0.05")
_TOP = {"rate": "0.5", "area": "0.9", "exposure": "10", "shift": "1", "leak": "0.5"}
"""Of a thousand candidates, rank 1 is ten bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Memorization(Kind):
    """Tries each cause of a suspicious gap and holds what it finds against the ``cause`` that is claimed.

    ``memorization``, ``train`` and ``reference`` are losses per document as for kind gap; the reference is
    fresh data of the same source. *leak*: half of a held-out document's windows stand in the training data
    (``held_texts``, ``train_texts``, ``fresh_texts``), or the loader ``served`` an index of ``held_items``;
    absent only where all that were scored were looked for in the texts, each by the ``document`` of its
    row, or enough to exclude a share of ``leak``: a log alone knows no copies under another index.
    *repetition*: canaries inserted by lot, each ranked among a thousand like it that were not, are exposed by
    ``exposure`` bits more than the others (absent only where twice that could be reached), training prefixes
    extracted by ``rate`` oftener than fresh ones, or losses give members away with an area over ``area``.
    *easy split*: held-out losses are lower than the reference's with which they should be exchangeable, and a
    leak, which lowers them too, is absent. Each is found, absent (its bound keeps the limit) or open. *none*
    asks that all be absent; a cause that is open is too little power, or a test that had no data. A reference
    that is another split under other names judges nothing. With a ``model``, a checkpoint folder of the
    Hugging Face layout, the three inputs are texts: ``sample`` documents of each are scored here, all are
    looked through for a leak, and it is tried to extract each from its first half.
    """

    name: ClassVar[str] = "memorization"
    version: ClassVar[int] = 5
    short: ClassVar[str | None] = "memorization"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    memorization: InputName
    cause: Literal["none", "leak", "repetition", "easy split"] = "none"
    train: InputName = _TRAIN
    reference: InputName = _FRESH
    held_texts: InputName | None = None
    train_texts: InputName | None = None
    fresh_texts: InputName | None = None
    served: InputName | None = None
    held_items: InputName | None = None
    index: str = "index"
    canaries: InputName | None = None
    extraction: InputName | None = None
    exposure: Printed = _EXPOSURE
    rate: Printed = _RATE
    area: Printed = _AREA
    shift: Printed = _SHIFT
    leak: Printed = _LEAK
    weight: str | None = None
    confidence: Printed = _CONFIDENCE
    model: InputName | None = None
    length: int = 64
    sample: int = 256
    field: str | None = None
    documents: Literal["auto", "lines", "paragraphs", "files"] = "auto"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields half of a pair of inputs, and limits out of range."""
        if (self.held_texts is None) != (self.train_texts is None):
            yield Fault(field="held_texts", message="held_texts and train_texts belong together")
        if (self.served is None) != (self.held_items is None):
            yield Fault(field="served", message="served and held_items belong together")
        if self.model is not None and self.held_texts is not None:
            yield Fault(
                field="model", message="the splits are the texts: held_texts belongs to losses of yours"
            )
        if self.length < 2 * PREFIX:
            yield Fault(field="length", message=f"must be at least {2 * PREFIX}")
        if self.cause == "leak" and not (self.held_texts or self.served or self.model):
            yield Fault(
                field="cause",
                message="a leak is seen in the data: name held_texts and train_texts, or served",
            )
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        for name, top in _TOP.items():
            value: Printed = getattr(self, name)
            if not value.finite or not 0 < value.exact <= Fraction(top):
                why = "above which even what is known by heart would pass"
                yield Fault(field=name, message=f"must lie above 0 and be at most {top}, {why}")

    def discharge(self, context: Context) -> Verdict:
        """Applies every test that has its data; raises ``InputError`` for what cannot be read."""
        names = (self.memorization, self.train, self.reference)
        if self.model is None:
            held, train, fresh, extra = *self._read(context, names), list[Sign]()
        else:
            held, train, fresh, extra = self._asked(context, self.model, names)
        signs = [*self._leaks(context, held, train), *self._repeats(context, train, fresh), *extra]
        leak = _causes.joined([sign for sign in signs if sign.cause == "leak"])
        signs.append(_causes.by_swap(held, fresh, float(self.shift), self._alpha(), leak))
        others = (self.held_texts, self.train_texts, self.fresh_texts, self.served, self.held_items)
        every = (*names, *others, self.canaries, self.extraction, self.model)
        used = [name for name in every if name is not None]
        return conclude((held, train, fresh), signs, self.cause, context.basis(*used))

    def _read(self, context: Context, names: tuple[InputName, ...]) -> tuple[Losses, Losses, Losses]:
        columns = Columns(
            loss="loss",
            document="document",
            weight=self.weight,
            calibrate=None,
            weights="weights",
            mode="mode",
            step="step",
        )
        held, train, fresh = (read_losses(context.frames(name), columns) for name in names)
        return held, train, fresh

    def _asked(
        self, context: Context, name: InputName, names: tuple[InputName, ...]
    ) -> tuple[Losses, Losses, Losses, list[Sign]]:
        models = context.predictors(name, None)
        if len(models) != 1 or not isinstance(models[0], Tokenised):
            raise InputError("one checkpoint folder with a tokenizer is needed", "UNSUPPORTED")
        splits = [[(one.name, one.path) for one in context.subjects(each)] for each in names]
        layout = Layout(field=self.field, documents=self.documents)
        losses = evaluate_splits(models[0], splits, layout, length=self.length, sample=self.sample)
        known, fresh = (
            extracted(models[0], part, layout, length=self.length, most=self.sample) for part in splits[1:]
        )
        sign = _causes.by_extraction(known, fresh, float(self.rate), self._alpha(), self.train)
        tried = min(known[1], fresh[1]) >= 20  # of short documents there is no half to continue
        return losses[0], losses[1], losses[2], [sign] if tried else []

    def _alpha(self) -> float:
        return 1 - float(self.confidence)

    def _leaks(self, context: Context, held: Losses, train: Losses) -> Iterator[Sign]:
        if (same := _causes.by_losses(held, train)) is not None:
            yield same
        sought = Sought(scored=len(held.values), least=float(self.leak), alpha=self._alpha())
        names = (self.held_texts, self.train_texts, self.fresh_texts)
        names = (self.memorization, self.train, self.reference) if self.model is not None else names
        if names[0] is not None and names[1] is not None:
            files = [[(one.name, one.path) for one in context.subjects(name)] for name in names if name]
            ask = Ask(
                by="window",
                window=None,
                containment=0.5,
                near=0.7,
                at_most=0.0,
                confidence=float(self.confidence),
                layout=Layout(field=self.field, documents=self.documents),
            )
            found = compare(files[0], files[1], files[2] if len(files) > 2 else None, ask)
            of = None if self.model is not None else looked(files[0], files[1], held.values, train.values)
            yield _causes.by_data(found, sought, names[0], of)
        if self.served is not None and self.held_items is not None:
            log, kept = context.frames(self.served), context.frames(self.held_items)
            texts = names[0] is not None
            yield _causes.by_loader(*counted(log, kept, self.index), sought, self.served, texts=texts)

    def _repeats(self, context: Context, train: Losses, fresh: Losses) -> Iterator[Sign]:
        alpha = self._alpha()
        if self.canaries is not None:
            found = exposures(context.frames(self.canaries))
            yield _causes.by_canaries(*found, float(self.exposure), alpha, self.canaries)
        if self.extraction is not None:
            known, other = extractions(context.frames(self.extraction))
            yield _causes.by_extraction(known, other, float(self.rate), alpha, self.extraction)
        yield _causes.by_membership(train, fresh, float(self.area), alpha)
