"""The runs or documents of one side of a comparison: one printed value each, and what is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed
from harness.model.verdict import Reason

Doubt = tuple[Reason, str]
_SEED = re.compile(r"seed=(-?\d+)\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Where a value stands: its column, that of its seed or document, and that of its step.

    ``step`` chooses the rows of one step; without it the last step of each unit counts.
    """

    metric: str
    unit: str
    seeds: bool
    clock: str = "step"
    step: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One side: its finite values by unit, those that are no number, what came twice, and its steps.

    ``seeds`` are those that the rows name, also where the units are documents.
    """

    source: str
    values: Mapping[str, Printed]
    unfit: tuple[str, ...]
    twice: tuple[str, ...]
    steps: frozenset[str]
    seeds: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    unit: str
    value: Cell
    step: Printed | None


def read_arm(frames: Sequence[Frame], columns: Columns) -> Arm:
    """Reads one side; raises ``InputError`` for a column that is not there or a seed that nothing names."""
    if not any(len(frame) for frame in frames):
        source = frames[0].source if frames else "no file"
        return Arm(source=source, values={}, unfit=(), twice=(), steps=frozenset(), seeds=frozenset())
    rows: dict[str, list[_Row]] = {}
    seeds: set[str] = set()
    for frame in frames:
        for row in _rows(frame, columns):
            rows.setdefault(row.unit, []).append(row)
        seeds |= {str(cell) for cell in frame.columns.get("seed", ()) if cell is not None}
    values, unfit, twice, steps = {}, [], [], set()
    for unit, found in rows.items():
        last, again = _last(found)
        twice += [unit] if again else []
        steps |= {str(last.step)} if last.step is not None else set()
        if isinstance(last.value, Printed) and last.value.finite:
            values[unit] = last.value
        else:
            unfit.append(unit)
    return Arm(
        source=frames[0].source,
        values=values,
        unfit=tuple(unfit),
        twice=tuple(twice),
        steps=frozenset(steps),
        seeds=frozenset(seeds),
    )


def _rows(frame: Frame, columns: Columns) -> Iterator[_Row]:
    """Yields the rows of a frame that a restarted run does not take back."""
    if not len(frame):
        return
    metric = frame.columns[column_of(frame, columns.metric)]
    labelled = _SEED.match(frame.label) if columns.seeds else None
    if labelled is None and columns.unit not in frame.columns:
        raise InputError(
            f"{frame.source}: no column {columns.unit} says whose values these are", "MISSING_COLUMN"
        )
    clock = frame.columns.get(columns.clock, ())
    if columns.step is not None and not clock:
        raise InputError(f"{frame.source}: no column {columns.clock}", "MISSING_COLUMN")
    again = frozenset(frame.superseded)
    for index, value in enumerate(metric):
        unit = labelled[1] if labelled is not None else frame.columns[columns.unit][index]
        step = clock[index] if clock else None
        at = step if isinstance(step, Printed) and step.finite else None
        other = columns.step is not None and (at is None or at.exact != columns.step)
        if index in again or unit is None or other or (value is None and at is not None):
            continue  # rows of another stream have no value
        yield _Row(unit=str(unit), value=value, step=at)


def _last(rows: Sequence[_Row]) -> tuple[_Row, bool]:
    """Returns the row of the largest step, and whether there are two of it."""
    best = max((row.step.exact for row in rows if row.step is not None), default=None)
    at = [row for row in rows if (row.step.exact if row.step is not None else None) == best]
    return at[-1], len(at) > 1 or (best is not None and any(row.step is None for row in rows))


def design(arms: tuple[Arm, Arm], seeds: Sequence[int], *, by_seed: bool) -> Iterator[Doubt]:
    """Yields why two sides cannot be compared at all: seeds chosen, missing, repeated or copied."""
    declared = [str(seed) for seed in seeds]
    for arm in arms:
        if arm.twice:
            yield Reason.ILL_POSED, f"{arm.source}: {_named(arm.twice)} counts twice"
        if arm.unfit:
            yield Reason.UNJUDGED, f"{arm.source}: {_named(arm.unfit)} has no finite value"
        known = {*arm.values, *arm.unfit}
        if not by_seed:
            if len(arm.seeds) > 1:
                yield (
                    Reason.ILL_POSED,
                    f"{arm.source} holds several seeds; documents compare one run with one",
                )
            continue
        missing = [seed for seed in declared if seed not in known]
        if missing:
            told = f"{len(missing)} of {len(declared)} declared seeds are missing: {_named(missing)}"
            yield Reason.UNJUDGED, f"{arm.source}: {told}"
        extra = sorted(known - set(declared))
        if extra:
            yield Reason.ILL_POSED, f"{arm.source}: {_named(extra)} was run and never declared"
    if len(arms[0].steps | arms[1].steps) > 1:
        told = ", ".join(sorted(arms[0].steps | arms[1].steps)[:4])
        yield Reason.ILL_POSED, f"the values are of different steps: {told}"
    yield from _copies(arms, by_seed=by_seed)


def _copies(arms: tuple[Arm, Arm], *, by_seed: bool) -> Iterator[Doubt]:
    """Yields values that chance does not print twice: an arm is the other, or a run has two seeds."""
    one, two = (arm.values for arm in arms)
    if len(one) > 1 and sorted(v.text for v in one.values()) == sorted(v.text for v in two.values()):
        yield Reason.ILL_POSED, "the two samples are identical: one run cannot be compared with itself"
        return
    every = [
        (f"{side} {unit}", value)
        for side, arm in zip("AB", (one, two), strict=True)
        for unit, value in arm.items()
    ]
    if not by_seed or len(every) < 3:
        return
    texts = [value.text for _, value in every]
    repeated = [text for text, count in Counter(texts).items() if count > 1]
    if not repeated:
        return
    numbers = [float(value) for _, value in every]
    mean = sum(numbers) / len(numbers)
    spread = (sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)) ** 0.5
    unit = float(10.0 ** -max(value.decimals for _, value in every))
    # Two normal values agree to a unit u of their last digit with chance about u / (2 sd sqrt(pi)).
    by_chance = len(list(combinations(texts, 2))) * unit / (3.54 * spread) if spread else 0.0
    if by_chance < 0.01:
        names = [name for name, value in every if value.text == repeated[0]]
        yield Reason.ILL_POSED, f"{_named(names)} print the same {repeated[0]}: one run under two names"


def blur(arm: Arm) -> Fraction:
    """Returns how far the mean of an arm may be off because its values were rounded when printed.

    JSON drops trailing zeros, so the longest number tells how many places all were printed to.
    """
    measured = [value.decimals for value in arm.values.values() if not value.integral]
    return Fraction(1, 2) / Fraction(10) ** max(measured) if measured else Fraction(0)


def _named(units: Sequence[str]) -> str:
    more = f" and {len(units) - 5} more" if len(units) > 5 else ""
    return ", ".join(units[:5]) + more
