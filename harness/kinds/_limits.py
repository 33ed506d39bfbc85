"""One number of a log against its limits: where it is read, how it is compared, what is concluded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.kinds._judge import MAX_WITNESSES, printed
from harness.kinds._mutants import data_mutants
from harness.kinds._rows import Setting, column_of, distinct, select, standing, superseded, table_of
from harness.model.frame import Frame, few
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.symbolic import digits, truth, vectors
from harness.symbolic.columns import RESOLUTION, Table, number
from harness.symbolic.tree import Node, names
from harness.symbolic.vectors import FINE, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

LIMITS: Mapping[str, str] = {
    "at_most": "<=",
    "at_least": ">=",
    "below": "<",
    "above": ">",
    "equals": "==",
    "falls_by": ">=",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """The metric, the place that it is read at, and the limits that it must keep there."""

    metric: Node
    text: str
    at: str
    step: int | None
    step_column: str
    window: int | None
    select: Node | None
    limits: Mapping[str, Printed]
    finite: bool
    allow_unjudged: int
    min_rows: int
    setting: Setting


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Found:
    """One frame: its table and the metric on every row (None without rows), and the row of ``step:``."""

    name: str
    places: tuple[str, ...]
    table: Table | None
    values: Vector | None
    bad: Array
    row: int | None
    trouble: str
    distinct: int
    excluded: int
    notes: tuple[str, ...]
    remarks: tuple[str, ...]


def found_in(frame: Frame, ask: Ask) -> Found:
    """Reads the metric on the selected rows of one frame; raises ``InputError``."""
    import numpy as np

    chosen = select(frame, ask.select, ask.setting)
    start = 0 if ask.window is None else max(0, len(chosen.rows) - ask.window)
    rows, unsure = chosen.rows[start:], chosen.unsure[start:]
    table, values, bad, row, trouble = None, None, np.zeros(0, bool), None, ""
    if len(frame):
        used = names(ask.metric) | (frozenset() if ask.select is None else names(ask.select))
        table = table_of(frame, rows, used, ask.setting)
    if table is not None and rows:
        values = stretch(number(ask.metric, table), len(rows))
        bad = (values.state != FINE) | unsure | superseded(frame, rows)
        row, trouble = _row(frame, rows, ask)
    return Found(
        name=frame.label or frame.source,
        places=tuple(frame.places[row] for row in rows),
        table=table,
        values=values,
        bad=bad,
        row=row,
        trouble=trouble,
        distinct=distinct(frame, rows, names(ask.metric), ask.step_column),
        excluded=chosen.excluded + start,
        notes=frame.notes,
        remarks=frame.remarks,
    )


def stretch(value: Vector, size: int) -> Vector:
    """Stretches a vector of length 1 over all rows."""
    import numpy as np

    return Vector(*(np.broadcast_to(part, (size,)) for part in (value.lo, value.hi, value.state)))


def _row(frame: Frame, rows: Sequence[int], ask: Ask) -> tuple[int | None, str]:
    """Returns the position among the selected rows that is asked for; None for min, max and mean."""
    import numpy as np

    if ask.step is None:
        return {"first": 0, "final": len(rows) - 1}.get(ask.at), ""
    step = digits.column([frame.columns[column_of(frame, ask.step_column)][row] for row in rows])
    hits = np.flatnonzero((step.lo <= ask.step) & (ask.step <= step.hi) & (step.hi - step.lo < 1))
    if len(hits) != 1:
        return None, f"{len(hits)} selected rows have {ask.step_column} {ask.step}, one is needed"
    return int(hits[0]), ""


def value_of(values: Vector, good: Array, found: Found, ask: Ask) -> Vector:
    """Returns the number at the place asked for, over the rows that have one, as a vector of length 1."""
    if found.row is not None:
        return _one(values, found.row)
    kept = Vector(values.lo[good], values.hi[good], values.state[good])
    if ask.at == "mean":
        return vectors.divide(vectors.total(kept), vectors.point(Fraction(len(kept))))
    return vectors.least(kept) if ask.at == "min" else vectors.greatest(kept)


def _one(values: Vector, row: int) -> Vector:
    one = slice(row, row + 1)
    return Vector(values.lo[one], values.hi[one], values.state[one])


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One limit at one frame: what was found, and whether it is kept, broken, or neither for sure."""

    limit: str
    found: str
    expected: str
    kept: bool
    broken: bool
    margin: float


def compared(values: Vector, good: Array, found: Found, ask: Ask) -> Iterator[Compared]:
    """Compares the number with every limit."""
    value = value_of(values, good, found, ask)
    for limit, stated in ask.limits.items():
        left = vectors.subtract(_one(values, 0), value) if limit == "falls_by" else value
        exact = limit != "equals"
        right = vectors.point(stated.exact) if exact else digits.scalar(stated, guard=ask.setting.guard)
        judged = truth.COMPARE[LIMITS[limit]](left, right, RESOLUTION)
        fine = bool(judged.state[0] == FINE)
        kept = bool(judged.holds[0] if exact else judged.settled[0] and not judged.fails[0])
        middle = (float(left.lo[0]) + float(left.hi[0])) / 2
        yield Compared(
            limit=limit,
            found=printed(left, 0),
            expected=f"{LIMITS[limit]} {stated} ({'fall of ' if limit == 'falls_by' else ''}{ask.text})",
            kept=fine and kept,
            broken=fine and bool(judged.fails[0]),
            margin=abs(middle - float(stated)),
        )


def conclude(found: Sequence[Found], ask: Ask, basis: Basis) -> Verdict:
    """Folds all frames into one verdict: a certain breach first, then every reason to doubt."""
    results = [(entry, result) for entry in found for result in _results(entry, ask)]
    broken = _breaches(found, ask, results)
    doubt = next(_doubts(found, ask, results), None)
    outcome, reason, detail = Outcome.DISCHARGED, None, ""
    if broken:
        outcome, detail = Outcome.FALSIFIED, f"{len(broken)} places break a limit"
    elif doubt is not None:
        outcome, (reason, detail) = Outcome.INCONCLUSIVE, doubt
    lost = few(note for entry in found for note in entry.notes)
    notes = tuple(dict.fromkeys((*lost, *(text for entry in found for text in entry.remarks))))
    sound = [result for _, result in results if math.isfinite(result.margin)]
    closest = min(sound, key=lambda result: result.margin, default=None)
    return Verdict(
        outcome=outcome,
        reason=reason,
        basis=basis,
        denominator=_denominator(found),
        detail="; ".join(part for part in (detail, *notes) if part),
        measured=closest.found if closest else None,
        threshold=_threshold(ask),
        margin=f"{closest.margin:.4g}" if closest else None,
        witnesses=tuple(broken[:MAX_WITNESSES]),
    )


def _threshold(ask: Ask) -> str:
    parts = [f"{name} {value}" for name, value in ask.limits.items()]
    where = f"step {ask.step}" if ask.step is not None else ask.at
    return ", ".join(["finite"] * ask.finite + ([f"{where}: {', '.join(parts)}"] if parts else []))


def _results(entry: Found, ask: Ask) -> list[Compared]:
    if entry.values is None or entry.trouble or not ask.limits or bool(entry.bad.all()):
        return []
    return list(compared(entry.values, ~entry.bad, entry, ask))


def _breaches(found: Sequence[Found], ask: Ask, results: Sequence[tuple[Found, Compared]]) -> list[Witness]:
    """Returns a witness for every nan or inf where finite is asked, and for every limit surely broken.

    A smallest, largest or mean value over rows of which some have none breaks nothing for sure.
    """
    import numpy as np

    seen = []
    for entry in found if ask.finite else ():
        if entry.values is not None:
            spots = [entry.places[row] for row in np.flatnonzero(entry.values.state == SPECIAL)]
            seen += [Witness(where=spot, found="nan or inf", expected="a finite number") for spot in spots]
    for entry, result in results:
        if result.broken and (entry.row is not None or not entry.bad.any()):
            where = entry.name if entry.row is None else entry.places[entry.row]
            seen.append(Witness(where=where, found=result.found, expected=result.expected))
    return seen


def _doubts(
    found: Sequence[Found], ask: Ask, results: Sequence[tuple[Found, Compared]]
) -> Iterator[tuple[Reason, str]]:
    if not found:
        yield Reason.TOO_FEW, "nothing to judge"
    for entry in found:
        yield from thin(entry, ask)
    unjudged = sum(int(entry.bad.sum()) + len(entry.notes) for entry in found)
    if unjudged > ask.allow_unjudged:
        yield Reason.UNJUDGED, f"{unjudged} rows without a value (missing, nan, cut off or said again)"
    for entry, result in results:
        if not result.kept:
            yield Reason.UNDECIDED, f"{entry.name}: {result.found} may or may not be {result.expected}"
    data = names(ask.metric) - ask.setting.constants.keys()
    if not data:
        yield Reason.VACUOUS, f"{ask.text} names no column"
    for limit in ask.limits:
        alone = replace(ask, limits={limit: ask.limits[limit]})
        if not any(_breakable(entry, alone, data) for entry in found):
            yield Reason.VACUOUS, f"no change of the data breaks {limit}"


def thin(entry: Found, ask: Ask) -> Iterator[tuple[Reason, str]]:
    """Yields why a frame has too little to read the number from."""
    needed, good = max(1, ask.min_rows), int((~entry.bad).sum())
    if entry.distinct < needed:
        alike = f" ({len(entry.places)} that repeat each other)" if entry.distinct < len(entry.places) else ""
        yield Reason.TOO_FEW, f"{entry.name}: {entry.distinct} rows{alike}, {needed} needed"
    if entry.trouble:
        yield Reason.TOO_FEW, f"{entry.name}: {entry.trouble}"
    if good < needed:
        yield Reason.UNJUDGED, f"{entry.name}: {good} rows have a value, {needed} needed"
    if entry.row is not None and entry.bad[entry.row]:
        yield Reason.UNJUDGED, f"{entry.places[entry.row]}: no value at the place asked for"


def _breakable(entry: Found, ask: Ask, data: frozenset[str]) -> bool:
    table = entry.table
    if table is None:
        return False
    reach = 10 * max(abs(float(value)) for value in ask.limits.values())
    for name in sorted(data):
        for mutant in data_mutants(table.values[name], reach):
            changed = replace(table, values={**table.values, name: mutant})
            if _breaks(changed, entry, ask):
                return True
    return False


def _breaks(changed: Table, entry: Found, ask: Ask) -> bool:
    """Tells whether changed data break a limit, among the rows that the selection still chooses of them."""
    import numpy as np

    size = changed.rows
    values, stay = stretch(number(ask.metric, changed), size), np.ones(size, bool)
    if ask.select is not None:
        keep, unsure = standing(ask.select, changed)
        stay = keep & ~unsure
    good, row = ~entry.bad[stay], entry.row
    if not good.any() or (ask.step is not None and row is not None and not stay[row]):
        return False
    if row is not None:
        at = {"first": 0, "final": len(good) - 1}.get(ask.at, 0)
        row = at if ask.step is None else int(stay[:row].sum())
    left = Vector(values.lo[stay], values.hi[stay], values.state[stay])
    return any(result.broken for result in compared(left, good, replace(entry, row=row), ask))


def _denominator(found: Sequence[Found]) -> Denominator:
    torn = sum(len(entry.notes) for entry in found)
    bad = sum(int(entry.bad.sum()) for entry in found)
    total = sum(len(entry.places) for entry in found)
    return Denominator(
        judged=total - bad,
        total=total + torn,
        unit="rows",
        excluded=sum(entry.excluded for entry in found),
        unjudged=bad + torn,
    )
