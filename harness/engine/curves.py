"""The logged numbers that a verdict speaks of, as curves that a report can draw."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from harness.engine.context import DischargeContext
from harness.engine.sources import Sources
from harness.model.contract import Contract, Formula, Obligation
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.proof import Proof, Question
from harness.model.values import Cell, Expression, InputName, Printed, RunName
from harness.model.verdict import Outcome, Verdict

BOUNDS = ("at_most", "at_least", "below", "above", "equals")
STEPS = ("step", "global_step", "iteration", "iter", "epoch")
MOST = 5
"""How many columns of one obligation are drawn."""
LARGEST = 64_000_000
"""Logs of more bytes than this are not read a second time for their curves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line of a curve: a file or a seed. ``marks`` are the points where the claim fails.

    A point whose ``ys`` is NaN was printed as nan or inf; rows without the cell are left out.
    """

    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """The room between two lines, in the colour of the series that it belongs to."""

    series: int
    xs: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One column over the steps of a log, with the limits that the obligation states for it."""

    column: str
    against: str
    series: tuple[Series, ...]
    bounds: tuple[tuple[str, float], ...] = ()
    bands: tuple[Band, ...] = ()


def curves(sources: Sources, verdicts: Mapping[str, Verdict]) -> dict[str, tuple[Curve, ...]]:
    """Returns the curves of every obligation that ``verdicts`` (by obligation digest) knows.

    An obligation over no log, over one that cannot be read, or over a very large one has none.
    """
    context = DischargeContext(sources, _no_prover)
    found: dict[str, tuple[Curve, ...]] = {}
    for criterion in sources.contract.criteria:
        for item in criterion.obligations:
            if item.digest in verdicts and item.kind is not None:
                drawn = _of_obligation(context, sources.contract, item, verdicts[item.digest])
                if drawn:
                    found[item.digest] = drawn
    return found


def _no_prover(question: Question) -> Proof:
    raise InputError(f"curves prove nothing: {question.claim}")


def _of_obligation(
    context: DischargeContext, contract: Contract, item: Obligation, verdict: Verdict
) -> tuple[Curve, ...]:
    wanted = tuple(dict.fromkeys(_mentioned(item.kind, contract.formulas)))
    if not wanted:
        return ()
    frames = _frames(context, item)
    against = _steps(item.kind, frames)
    failing = frozenset(witness.where for witness in verdict.witnesses)
    drawn = []
    for name in wanted:
        series = tuple(
            one for frame in frames if (one := _series(frame, name, against, failing)) and len(one.xs) > 1
        )
        if series and name != against:
            bounds = _bounds(item.kind, name)
            at = str(getattr(item.kind, "at", "")) if verdict.outcome is Outcome.FALSIFIED else ""
            marked = tuple(_extreme(one, at, bounds) for one in series)
            drawn.append(Curve(column=name, against=against or "row", series=marked, bounds=bounds))
    return tuple(drawn[:MOST])


def _frames(context: DischargeContext, item: Obligation) -> tuple[Frame, ...]:
    found: list[Frame] = []
    for name in item.inputs:
        try:
            if sum(subject.size for subject in context.subjects(InputName(name))) <= LARGEST:
                found += context.frames(InputName(name))
        except InputError:
            continue
    return tuple(found)


def _mentioned(value: Any, formulas: Mapping[str, Formula]) -> Iterator[str]:
    """Yields every word of an obligation's fields that may be a column, in reading order."""
    if isinstance(value, Expression):
        from harness.symbolic.expand import expand, parse_with
        from harness.symbolic.tree import Name, Previous, walk

        tree = expand(parse_with(value, formulas), formulas)
        yield from (part.id for part in walk(tree) if isinstance(part, Name | Previous))
    elif isinstance(value, InputName | RunName):
        return
    elif isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from _mentioned(getattr(value, item.name), formulas)
    elif isinstance(value, tuple):
        for part in value:
            yield from _mentioned(part, formulas)


def _steps(kind: Any, frames: Sequence[Frame]) -> str:
    """Returns the column that counts the steps of every frame; empty where the rows themselves must do."""
    for name in (getattr(kind, "step_column", ""), *STEPS):
        if frames and all(name in frame.columns and _counts(frame.columns[name]) for frame in frames):
            return str(name)
    return ""


def _counts(cells: Sequence[Cell]) -> bool:
    return sum(isinstance(cell, Printed) and cell.finite for cell in cells) > 1


def _series(frame: Frame, name: str, against: str, failing: frozenset[str]) -> Series | None:
    column = next((found for found in frame.columns if name in (found, re.sub(r"\W", "_", found))), None)
    if column is None:
        return None
    points = []
    for row, cell in enumerate(frame.columns[column]):
        at = frame.columns[against][row] if against else Printed(str(row))
        if isinstance(cell, Printed) and isinstance(at, Printed) and at.finite:
            points.append((float(at), _value(cell), frame.places[row] in failing))
    return Series(
        label=frame.label,
        xs=tuple(x for x, _, _ in points),
        ys=tuple(y for _, y, _ in points),
        marks=tuple(index for index, (_, _, fails) in enumerate(points) if fails),
    )


def _value(cell: Printed) -> float:
    number = float(cell)
    return number if math.isfinite(number) else math.nan


def _bounds(kind: Any, column: str) -> tuple[tuple[str, float], ...]:
    if str(getattr(kind, "metric", "")) != column:
        return ()
    limits = ((name, getattr(kind, name, None)) for name in BOUNDS)
    return tuple((name, float(v)) for name, v in limits if isinstance(v, Printed) and v.finite)


def _extreme(one: Series, at: str, bounds: Sequence[tuple[str, float]]) -> Series:
    """Marks the smallest or largest point where that is what breaks a limit: its witness names no row."""
    finite = [index for index, y in enumerate(one.ys) if math.isfinite(y)]
    if one.marks or at not in ("min", "max") or not finite:
        return one
    index = (min if at == "min" else max)(finite, key=lambda place: one.ys[place])
    above = [one.ys[index] > limit for name, limit in bounds if name in ("at_most", "below", "equals")]
    below = [one.ys[index] < limit for name, limit in bounds if name in ("at_least", "above", "equals")]
    return replace(one, marks=(index,)) if any(above + below) else one
