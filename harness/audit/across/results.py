"""Final, best and plain results of a card against the logs: this run's, another's, or the best of several."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits
from harness.audit.metrics import Metric, Series, metric_of, readings, series
from harness.audit.numbers import Number
from harness.audit.quantities import Quantity, quantities
from harness.audit.ranges import Range, point
from harness.audit.scene import Card, Run, Scene, alike
from harness.audit.text import Document

NAME = "result"
_ELSEWHERE = re.compile(
    r"\b(?:baseline|previous|prior|paper|published|reported|teacher|target|goal|expected|threshold|reference"
    r"|versus|vs|compared|instead|old|original|epoch|averaged?|mean|median|smoothed|ema|std|ensemble)\b"
    r"|[<>≤≥±]|\bstep\s+\d|\d+\s+steps\b",
    re.I,
)
_CHOSEN = re.compile(
    r"\b(?:best|lowest|highest|selected|chosen|picked|strongest)\b[^.\n|]{0,40}\b(?:of|seeds?|runs?|out of)\b"
    r"|\b(?:mean|average|averaged|median)\b|\bper[- ](?:seed|run)\b",
    re.I,
)
_WINDOWS = (5, 10, 20, 50, 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stated:
    """A figure of a card that names a metric."""

    one: Quantity
    metric: Metric
    document: Document

    @property
    def place(self) -> str:
        return self.document.place(self.one.number.start)

    @property
    def line(self) -> str:
        return self.document.lines[self.document.line(self.one.number.start) - 1]


def judge(scene: Scene) -> Iterator[Finding]:
    """Tries the results on cards that speak of runs in the audit."""
    for card in scene.cards:
        stated = list(_stated(card.document))
        for said in stated:
            if not card.runs or _ELSEWHERE.search(said.line):
                continue
            if others := _disputed(said, stated):
                yield from _undecided(card, said, others)
            else:
                yield from _one(card, said) if len(card.runs) == 1 else _several(card, said)


def _stated(document: Document) -> Iterator[_Stated]:
    for one in quantities(document):
        metric = metric_of(one.label)
        number = one.number
        if metric is None or number.step >= 1 or number.about or number.more or number.signed:
            continue
        if number.dimension not in ("", "percent") or not number.value or one.arm:
            continue
        yield _Stated(one=one, metric=metric, document=document)


def _disputed(said: _Stated, stated: Sequence[_Stated]) -> list[_Stated]:
    """Returns the other figures that the card gives under one name: they are of several models."""
    same = [other for other in stated if other.metric == said.metric]
    return [other for other in same if other.one.number.value != said.one.number.value]


def _undecided(card: Card, said: _Stated, others: Sequence[_Stated]) -> Iterator[Finding]:
    """Says of the card of one known run that its figures disagree, at the first of them."""
    if not card.own or any(other.one.number.start < said.one.number.start for other in others):
        return
    if any(one.whole for run in card.runs for one in series(run, said.metric)):
        listed = ", ".join(f"{one.one.number.text} ({one.place})" for one in (said, *others))
        yield Finding(outcome=Said.UNTRIED, rule=NAME, statement=f"{said.one.label}: the card has {listed}")


def _one(card: Card, said: _Stated) -> Iterator[Finding]:
    """Judges a figure of the card of one run."""
    (run,) = card.runs
    found = series(run, said.metric)
    if not any(one.whole for one in found):
        return
    where = _where(said, found, own=card.own)
    if where is not None:
        yield _finding(said, f"{said.one.label} is {where[2]}", where[0], where[1], holds=True)
        return
    other = _elsewhere(card.others, said)
    row = _any(said, found)
    last = found[0]
    if other is not None and (row is None or said.metric.when == "final"):
        words = f"{said.one.label}: not of this run but of {other[0].name}"
        yield _finding(said, words, last, len(last.cells) - 1, holds=False, beside=other[1:])
    elif said.metric.when == "final" and row is not None:
        best = row[1] == row[0].best(said.metric.better)
        words = "the best of the run and not its last" if best else "of an earlier row and not of the last"
        yield _finding(
            said, f"{said.one.label}: {words}", row[0], len(row[0].cells) - 1, holds=False, beside=row
        )
    elif row is not None and not said.metric.when:
        yield _finding(said, f"{said.one.label} stands in the log", *row, holds=True)
    elif row is None and said.metric.when != "init" and _plain(said, own=card.own):
        at = last.best(said.metric.better) if said.metric.when == "best" else len(last.cells) - 1
        yield _finding(said, f"{said.one.label}: no row of the run has it", last, at, holds=False)


def _where(said: _Stated, found: Sequence[Series], *, own: bool) -> tuple[Series, int, str] | None:
    """Returns the row that the name of a figure means and that bears it out.

    Of a run that is known to be the card's (``own``), final is the last row, and no mean of some.
    """
    when, better = said.metric.when, said.metric.better
    for one in found:
        last = len(one.cells) - 1
        tries = {"": [(last, "of the last row"), (one.best(better), "of the best row")]}
        tries |= {"final": tries[""][:1], "best": tries[""][1:], "init": [(0, "of the first row")]}
        for row, words in tries[when]:
            if _fits(said.one.number, one.value(row)):
                return one, row, words
        if when == "final" and not own and _averaged(said, one):
            return one, last, "the mean of the last rows"
    return None


def _averaged(said: _Stated, one: Series) -> bool:
    """Tells whether a figure is the mean of the last rows, as a noisy loss is often given."""
    values = [one.value(index) for index in range(max(0, len(one.cells) - _WINDOWS[-1]), len(one.cells))]
    return any(
        _fits(said.one.number, point(sum((value.middle for value in values[-window:]), Fraction(0)) / window))
        for window in _WINDOWS
        if len(values) >= 2 * window
    )


def _any(said: _Stated, found: Sequence[Series]) -> tuple[Series, int] | None:
    rows = [
        (one, row)
        for one in found
        for row in one.near(said.one.number)
        if _fits(said.one.number, one.value(row))
    ]
    best = [(one, row) for one, row in rows if row == one.best(said.metric.better)]
    return next(iter(best or rows[::-1]), None)


def _elsewhere(others: Sequence[Run], said: _Stated) -> tuple[Run, Series, int] | None:
    """Returns another run whose last row has the figure."""
    for run in others:
        for one in series(run, said.metric):
            if _fits(said.one.number, one.value(len(one.cells) - 1)):
                return run, one, len(one.cells) - 1
    return None


def _fits(number: Number, value: Range) -> bool:
    return fits(number, readings(number, value))


def _plain(said: _Stated, *, own: bool) -> bool:
    """Tells whether a figure can only be this run's: fine digits, and no other words in its name."""
    fine = own or said.one.number.step * 500 <= abs(said.one.number.value)
    return fine and (bool(said.metric.when) or (bool(said.metric.rest) and len(said.one.words) <= 2))


def _several(card: Card, said: _Stated) -> Iterator[Finding]:
    """Judges a figure of a card that several runs lie under."""
    finals = [(run, one) for run in card.runs for one in series(run, said.metric)[:1] if one.whole]
    if len(finals) != len(card.runs) or said.metric.when == "init":
        return
    own = [(run, one) for run, one in finals if _fits(said.one.number, one.value(len(one.cells) - 1))]
    if len(own) != 1:
        return
    run, one = own[0]
    values = [other.value(len(other.cells) - 1).middle for _, other in finals]
    mine = one.value(len(one.cells) - 1).middle
    best = mine == max(values, key=lambda value: value * said.metric.better)
    last = len(one.cells) - 1
    if not best or _CHOSEN.search(card.document.raw) or not alike(card.runs):
        yield _finding(said, f"{said.one.label} is of the last row of {run.name}", one, last, holds=True)
        return
    listed = ", ".join(f"{float(value):.5g}" for value in values)
    middle = float(sum(values)) / len(values)
    yield Finding(
        outcome=Said.CONTRADICTION,
        rule=NAME,
        statement=f"{said.one.label}: the best of {len(finals)} runs, which the card does not say ({listed})",
        stated=Figure(shown=said.one.number.text, place=said.place),
        found=Figure(
            shown=f"{middle:.5g}", place=f"the mean of the {len(finals)} runs; this is {one.cells[-1][0]}"
        ),
        margin=f"off by {middle - float(said.one.number.value):.4g}",
    )


def _finding(
    said: _Stated,
    words: str,
    one: Series,
    row: int,
    *,
    holds: bool,
    beside: tuple[Series, int] | None = None,
) -> Finding:
    """Makes a finding; ``beside`` is the other row that has the figure."""
    place, cell = one.cells[row]
    value = f"exp({cell.text}) = {float(one.value(row).middle):.6g}" if one.exponential else cell.text
    extra = (
        f"; {beside[0].column} {beside[0].cells[beside[1]][1].text} at {beside[0].cells[beside[1]][0]}"
        if beside
        else ""
    )
    off = float(one.value(row).middle - said.one.number.value)
    return Finding(
        outcome=Said.HOLDS if holds else Said.CONTRADICTION,
        rule=NAME,
        statement=words + extra,
        stated=Figure(shown=said.one.number.text, place=said.place),
        found=Figure(shown=value, place=f"{place} ({one.column})"),
        margin="" if holds else f"off by {off:.4g}",
    )
