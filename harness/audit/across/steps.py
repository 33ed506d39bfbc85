"""Figures that a card gives for a step (``loss 3.21 at step 400``, a table by steps) against the log."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits
from harness.audit.masks import ANY, PLAIN, W, masks
from harness.audit.metrics import interval, metric_of, readings
from harness.audit.numbers import Number
from harness.audit.quantities import words_of
from harness.audit.scene import RATE, Card, Run, Scene, step_of
from harness.audit.text import Document, Table
from harness.model.values import Printed

NAME = "step"
_NOISE = 3
_LABEL = rf"(?P<label>{W}(?:\s+{W}){{0,3}}?)"
_AT = re.compile(
    rf"{_LABEL}(?:\s*[=:]\s*|\s+(?:is|was|of|reaches|reached)\s+|\s+)(?P<n>{ANY})\s+(?:at|by)\s+(?:the\s+)?"
    rf"(?:step|iteration|iter)\s+(?P<s>{PLAIN})"
)
_THEN = re.compile(
    rf"{_LABEL}\s+(?:at|by)\s+(?:step|iteration|iter)\s+(?P<s>{PLAIN})\s*(?:=|:|is|was|of)\s*(?P<n>{ANY})"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cell:
    """A figure of a card for one step: its column's name, the step and the number."""

    label: str
    step: Number
    number: Number


def judge(scene: Scene) -> Iterator[Finding]:
    """Tries what the card of one run states for a step that its log has."""
    for card in scene.cards:
        if len(card.runs) != 1:
            continue
        for group in (_sentences(card.document), *map(_table, card.document.tables)):
            yield from _judged(card, list(group))


def _sentences(document: Document) -> Iterator[_Cell]:
    for sentence in masks(document):
        for pattern in (_AT, _THEN):
            for match in pattern.finditer(sentence.text):
                step = sentence.number(match, "s")
                if step.counts:
                    yield _Cell(label=match["label"], step=step, number=sentence.number(match, "n"))


def _table(table: Table) -> Iterator[_Cell]:
    heads = [set(words_of(cell.text)) for cell in table.header]
    steps = [
        at for at, words in enumerate(heads) if words and words <= {"step", "steps", "iter", "iteration"}
    ]
    if len(steps) != 1:
        return
    for row in table.rows:
        step = row[steps[0]].number if steps[0] < len(row) else None
        for at, cell in enumerate(row):
            number = cell.number
            if at != steps[0] and at < len(heads) and step is not None and step.counts and number is not None:
                yield _Cell(label=table.header[at].text.strip(), step=step, number=number)


def _judged(card: Card, cells: Sequence[_Cell]) -> Iterator[Finding]:
    """Judges the figures of one table, or of all sentences; a table that mostly differs is of another run."""
    (run,) = card.runs
    for one in cells:
        values = _logged(run, one)
        if not values or one.number.step >= 1 or one.number.about:
            continue
        coarse = one.number.step * 200 > abs(one.number.value)
        if coarse and _around(run, one):
            continue
        good = [v for v in values if fits(one.number, readings(one.number, interval(v[1])))]
        place, cell = (good or values)[0]
        off = float(cell.exact - one.number.value)
        near = None if good or coarse else _neighbour(run, one)
        yield Finding(
            outcome=Said.HOLDS if good else Said.CONTRADICTION,
            rule=NAME,
            statement=f"{one.label} at step {one.step.text}{near or ''}",
            stated=Figure(shown=one.number.text, place=card.document.place(one.number.start)),
            found=Figure(shown=cell.text, place=place),
            margin="" if good else f"off by {off:.4g}",
        )


def _columns(run: Run, label: str) -> list[str]:
    """Returns the columns that a label names: of the same metric and split, or the rates."""
    words = set(words_of(label))
    if words and words <= {"learning", "rate", "lr", "the"}:
        return [name for name in run.columns if RATE.search(name)]
    metric = metric_of(label)
    if metric is None or metric.when:
        return []
    named = [(name, metric_of(name)) for name in run.columns]
    return [
        name
        for name, other in named
        if other is not None
        and not other.when
        and other.name == metric.name
        and (metric.rest == other.rest or (metric.rest == {"train"} and not other.rest) or not metric.rest)
    ]


def _logged(run: Run, one: _Cell, shift: int = 0) -> list[tuple[str, Printed]]:
    """Returns what the log has at the step; of a training loss also what it logged last before it."""
    found: list[tuple[str, Printed]] = []
    wanted = float(one.step.value) + shift
    for frame in run.logs:
        step, gone = step_of(frame), frozenset(frame.superseded)
        names = [name for name in _columns(run, one.label) if name in frame.columns]
        if step is None or not names:
            continue
        steps = [float(cell) if isinstance(cell, Printed) else math.nan for cell in frame.columns[step]]
        before = [row for row, at in enumerate(steps) if at <= wanted and row not in gone]
        reached = wanted in steps
        for name in names:
            rows = [(row, cell) for row in before if isinstance(cell := frame.columns[name][row], Printed)]
            rows = [(row, cell) for row, cell in rows if steps[row] == wanted] or (
                rows[-1:] if reached else []
            )
            found += [(frame.places[row], cell) for row, cell in rows if cell.finite]
    return found


def _around(run: Run, one: _Cell) -> bool:
    """Tells whether a figure of few digits lies among what was logged near its step: noise, or smoothing."""
    values = [float(cell) for shift in range(-_NOISE, _NOISE + 1) for _, cell in _logged(run, one, shift)]
    slack = float(one.number.step)
    return bool(values) and min(values) - slack <= float(one.number.value) <= max(values) + slack


def _neighbour(run: Run, one: _Cell) -> str | None:
    """Words that the step before or after has the figure: another step convention."""
    for shift in (-1, 1):
        for place, cell in _logged(run, one, shift):
            if fits(one.number, readings(one.number, interval(cell))):
                return f": that is step {int(one.step.value) + shift} ({place}), another step convention"
    return None
