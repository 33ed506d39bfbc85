"""Names of metrics: what a label of a card and a column of a log have in common, and what sets them apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.audit import ranges
from harness.audit.numbers import Number
from harness.audit.quantities import words_of
from harness.audit.ranges import Range, Undefined, around
from harness.audit.scene import Run
from harness.model.values import Printed

_SAME = {
    "validation": "val", "valid": "val", "eval": "val", "evaluation": "val", "dev": "val",
    "training": "train", "accuracy": "acc", "perplexity": "ppl", "ce": "loss", "nll": "loss", "xent": "loss",
    "lowest": "best", "minimum": "best", "min": "best", "highest": "best", "maximum": "best", "max": "best",
    "last": "final", "end": "final", "ending": "final", "initial": "init", "first": "init", "start": "init",
    "starting": "init", "losses": "loss",
}  # fmt: skip
_METRICS = frozenset("loss ppl acc bpb bpc f1 bleu wer cer mae mse rmse auc rouge".split())
_HIGH = frozenset("acc f1 bleu auc rouge".split())
_WHEN = frozenset(("final", "best", "init"))
_VOID = frozenset(
    "the a an of is was at set on in its our this has reached model cross entropy score".split()
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a label names: the metric, the words that tell it from others, and which row of the log."""

    name: str
    rest: frozenset[str]
    when: str

    @property
    def better(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.name in _HIGH else -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The values that a run has for a metric: ``cells`` with their places; ``shape`` maps what is logged."""

    column: str
    cells: tuple[tuple[str, Printed], ...]
    exponential: bool = False
    whole: bool = True

    def value(self, index: int) -> Range:
        """Returns what one cell allows, as the metric."""
        return _image(interval(self.cells[index][1]), exponential=self.exponential)

    def best(self, better: int) -> int:
        """Returns the row of the best value."""
        values = [float(cell) * better for _, cell in self.cells]
        return values.index(max(values))

    def near(self, number: Number) -> Iterator[int]:
        """Yields the rows whose value is near a number, in its own unit or as a percentage."""
        goal, slack = float(number.value), 2 * float(number.step) + abs(float(number.value)) / 1000
        scales = (1.0, 0.01) if number.dimension == "percent" else (1.0,)
        for row, (_, cell) in enumerate(self.cells):
            value = math.exp(min(float(cell), 700.0)) if self.exponential else float(cell)
            if any(abs(value * scale - goal) <= slack for scale in scales):
                yield row


def metric_of(label: str) -> Metric | None:
    """Returns the metric that a label names, or None where it names none or several."""
    words = {_SAME.get(word, word) for word in words_of(label)} - _VOID
    if {"cross", "entropy"} <= set(words_of(label)):
        words.add("loss")
    found, when = words & _METRICS, words & _WHEN
    if len(found) != 1 or len(when) > 1:
        return None
    return Metric(next(iter(found)), frozenset(words - found - when), next(iter(when), ""))


def series(run: Run, metric: Metric) -> list[Series]:
    """Returns the columns of a run that the metric may mean; of losses where perplexity is not logged."""
    found = [*_named(run, metric)]
    if metric.name == "ppl" and not any(one.whole for one in found):
        loss = Metric("loss", metric.rest, metric.when)
        found += [
            Series(column=one.column, cells=one.cells, exponential=True, whole=one.whole)
            for one in _named(run, loss)
        ]
    return found


def _named(run: Run, metric: Metric) -> Iterator[Series]:
    both = [(name, cells, True) for name, cells in run.columns.items()]
    both += [(name, cells, False) for name, cells in run.stated.items()]
    wanted = []
    for name, cells, whole in both:
        other = metric_of(name)
        if other is None or other.name != metric.name:
            continue
        if metric.rest <= other.rest or (metric.rest == {"train"} and not other.rest):
            wanted.append(Series(column=name, cells=cells, whole=whole))
    yield from wanted


def interval(cell: Printed) -> Range:
    """Returns what a logged cell may stand for, float32 arithmetic allowed for."""
    unit = Fraction(10) ** -cell.decimals
    return around(cell.exact, unit / 2 + abs(cell.exact) * Fraction(1, 2**21))


def readings(number: Number, value: Range) -> Sequence[Range]:
    """Returns a logged value as the number's unit would have it: a percentage may be logged as such."""
    if number.dimension == "percent":
        return (value, value.scaled(Fraction(1, 100)))
    return (value,)


def _image(value: Range, *, exponential: bool) -> Range:
    try:
        return ranges.apply("exp", value) if exponential else value
    except Undefined:
        return around(Fraction(0), Fraction(0))
