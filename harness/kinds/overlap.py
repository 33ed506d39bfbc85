"""``overlap``: held-out data that a model was trained on, found in the data or in what the loader served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.artifacts.texts import Layout
from harness.kinds._overlap import compare
from harness.kinds._overlap_examples import EXAMPLES as _EXAMPLES
from harness.kinds._overlap_verdict import Ask, conclude
from harness.kinds._served import served
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Verdict

_TRAIN, _NONE, _NEAR, _CONFIDENCE = InputName("train"), Printed("0"), Printed("0.7"), Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap(Kind):
    """Counts the held-out documents (``overlap``) that stand in ``train``, as a share of at most ``at_most``.

    ``by: window`` counts those that share a run of ``window`` bytes (50) or tokens (13), or the share
    ``containment`` of all such runs; ``document`` whole documents; ``near`` those of a MinHash neighbour
    with a Jaccard of ``near`` over runs of 8 bytes or 5 tokens. Every hit is compared unit by unit.
    Training data streams past; the held-out side and 30 bytes per window of it stay in memory. With
    ``reference``, data that was surely not trained on, common phrases are allowed for: what counts is the
    share beyond the reference's, with one-sided bounds and Fisher's test. Text is compared byte for byte,
    but CRLF is LF; ``fold`` compares it by NFKC, without case, with single spaces. A document shorter than a
    window that stands in the training data is no finding but unjudged, unless there is a reference; empty
    ones are left out. With ``by: served`` the input ``train`` is a log of what the loader served, ``rows``
    of them in a run: no ``index`` in it may be held out, and it may not wrap oftener than ``wraps`` times
    over ``items``; ids that the two write in other ways are not compared. The worst pairs are named by file
    and line.
    """

    name: ClassVar[str] = "overlap"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "overlap"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    overlap: InputName
    train: InputName = _TRAIN
    reference: InputName | None = None
    at_most: Printed = _NONE
    by: Literal["window", "document", "near", "served"] = "window"
    window: int | None = None
    containment: Printed | None = None
    near: Printed = _NEAR
    confidence: Printed = _CONFIDENCE
    field: str | None = None
    tokens: Literal["uint16", "uint32", "int32"] | None = None
    length: int = 1024
    documents: Literal["auto", "lines", "paragraphs", "files"] = "auto"
    fold: bool = False
    index: str = "index"
    rows: int | None = None
    items: int | None = None
    wraps: Printed | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields shares out of range, windows of nothing, and data compared with itself."""
        for name in ("at_most", "near", "confidence", "containment"):
            value: Printed | None = getattr(self, name)
            if value is not None and not (value.finite and 0 <= value.exact <= 1):
                yield Fault(field=name, message="is a share, from 0 to 1")
        if self.confidence.finite and not 0.5 <= self.confidence.exact < 1:
            yield Fault(field="confidence", message="must be at least 0.5 and below 1")
        if self.window is not None and self.window < 4:
            yield Fault(field="window", message="runs of fewer than 4 are in every text")
        if self.tokens is not None and self.by in ("document", "near"):
            yield Fault(field="by", message="a file of raw tokens is one stream, not documents: use window")
        if self.fold and (self.tokens is not None or self.by == "served"):
            yield Fault(field="fold", message="only text is folded")
        if self.length < 1:
            yield Fault(field="length", message="must be at least 1")
        if self.overlap in (self.train, self.reference):
            yield Fault(field="overlap", message="data overlaps with itself")
        if self.reference == self.train:
            yield Fault(field="reference", message="must be data that was not trained on")
        yield from self._served_faults()

    def _served_faults(self) -> Iterator[Fault]:
        """Yields what is asked of a log of what was served where there is none, and counts of nothing."""
        log = self.by == "served"
        if self.fold and (self.tokens is not None or log):
            yield Fault(field="fold", message="only text is folded")
        if (self.wraps is not None or self.items is not None) and not log:
            yield Fault(field="by", message="wraps are counted in a log of what the loader served")
        elif self.wraps is not None and not (self.wraps.finite and self.wraps.exact >= 0):
            yield Fault(field="wraps", message="must not be negative")
        elif self.wraps is not None and (self.items is None or self.items < 1):
            yield Fault(field="items", message="how many items are there to wrap over?")
        if self.rows is not None and not log:
            yield Fault(field="by", message="rows are those of a log of what the loader served")
        elif self.rows is not None and self.rows < 1:
            yield Fault(field="rows", message="must be at least 1")

    def discharge(self, context: Context) -> Verdict:
        """Looks through the data, or the loader's log; raises ``InputError`` for what cannot be read."""
        if self.by == "served":
            basis = context.basis(self.train, self.overlap)
            held, log = context.frames(self.overlap), context.frames(self.train)
            wraps = None if self.wraps is None else float(self.wraps)
            return served(log, held, self.index, self.items, wraps, self.rows, basis)
        names = [self.overlap, self.train, *([self.reference] if self.reference else [])]
        files = [[(one.name, one.path) for one in context.subjects(name)] for name in names]
        ask = Ask(
            by=self.by,
            window=self.window,
            containment=None if self.containment is None else float(self.containment),
            near=float(self.near),
            at_most=float(self.at_most),
            confidence=float(self.confidence),
            layout=Layout(
                field=self.field,
                tokens=self.tokens,
                length=self.length,
                documents=self.documents,
                fold="all" if self.fold else "newlines",
            ),
        )
        found = compare(files[0], files[1], files[2] if self.reference else None, ask)
        return conclude(found, ask, context.basis(*names))
