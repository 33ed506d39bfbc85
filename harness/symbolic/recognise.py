"""Recognises a learning-rate schedule: which formula of the library, with which numbers, made these rates.

A fit holds only if every printed rate meets the formula as interval arithmetic computes it, the same
judgement that kind ``trace`` gives. It is accepted only if no other one that holds is about as simple.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from harness.model.values import Cell
from harness.symbolic import digits, fitting
from harness.symbolic.columns import Table, holds, number
from harness.symbolic.digits import Guard
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.fitting import Point, Rates
from harness.symbolic.library import LIBRARY
from harness.symbolic.shapes import SHAPES, Shape
from harness.symbolic.short import digit_count, place_count, plain, quotient, rounded, shortest
from harness.symbolic.vectors import FINE, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

MAX_ROWS = 2_000
CLEAR = 2
"""By how many digits a fit must be simpler than any other one that the printed digits allow."""
OFFSETS = (0, -1, 1)
_NEAR = 4.0  # radii of the printed digits, root mean square: farther off is not worth a closer look
_TRIES = 160
_LONGEST = 4  # digits of a peak where the log's own digits are rounded
_SAME = 1e-13  # of the peak: two spellings of one schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """One schedule with its numbers as text, by parameter name.

    ``offset`` is added to the logged step; ``residual`` is the largest distance to a logged rate, in
    units of the rate; ``fits`` says that every row's digits allow it; ``size`` counts the digits of its
    numbers, zeros at their ends aside (a horizon that is the end of the log counts one, a floor's share
    its decimal places).
    """

    name: str
    offset: int
    parameters: Mapping[str, str]
    residual: float
    fits: bool
    size: int

    def call(self, column: str = "step", names: Mapping[str, str] | None = None) -> str:
        """Writes the fit as an expression over a log; ``names`` puts constants' names for numbers."""
        said = {**self.parameters, **(names or {})}
        if self.name == "constant":
            return said["lr_max"]
        shift = f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if self.offset else ""
        rest = ", ".join(said[key] for key in LIBRARY[self.name].parameters[1:])
        return f"{self.name}({column}{shift}, {rest})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """What was found: the accepted fit, or None and ``why`` in words.

    ``candidates`` holds what fits, or what came closest, best first; ``runner_up`` is the smallest
    residual of any other schedule or numbers that were tried, ``rows`` how many rates were compared, and
    ``guard`` how exact the logged numbers are taken to be.
    """

    best: Fit | None
    candidates: tuple[Fit, ...] = ()
    runner_up: float | None = None
    rows: int = 0
    guard: Guard = "float64"
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Log:
    """The rates read with one guard: all, a few to look at quickly, and the table for the last word."""

    rates: Rates
    few: Rates
    table: Table


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Try:
    shape: Shape
    offset: int
    point: Point


def recognise(steps: Sequence[Cell], rates: Sequence[Cell]) -> Recognition:
    """Fits the named library to the rows that have a step and a rate, counting steps from -1, 0 or 1.

    Numbers are taken as printed by double precision first, then by single. Raises ``InputError`` where
    a cell is a word that is no number.
    """
    import numpy as np

    rows = [row for row in range(len(steps)) if steps[row] is not None and rates[row] is not None]
    if len(rows) > MAX_ROWS:
        rows = [rows[round(i * (len(rows) - 1) / (MAX_ROWS - 1))] for i in range(MAX_ROWS)]
    chosen = [steps[row] for row in rows], [rates[row] for row in rows]
    exact, wide = _log(*chosen, "float64"), _log(*chosen, "float32")
    if exact is None or wide is None:
        why = "a step is no whole number or does not go up, or a rate is nan"
        return Recognition(best=None, rows=len(rows), why=why)
    if len(rows) < 3:
        return Recognition(best=None, rows=len(rows), why=f"{len(rows)} rows are too few")
    flat = _constant(wide)
    if flat is not None and (_settled(wide.rates) or not np.ptp(wide.rates.middle)):
        return Recognition(best=flat, candidates=(flat,), rows=len(rows), guard="float32")
    if not _settled(wide.rates):
        return Recognition(best=None, rows=len(rows), why="the printed digits are too coarse")
    tries = list(_tries(wide))
    near = [entry for entry in tries if entry.point.miss <= _NEAR]
    guards: tuple[tuple[_Log, Guard], ...] = ((exact, "float64"), (wide, "float32"))
    for log, guard in guards:
        found = [fit for entry in near for fit in _fits(entry, log)]
        if found:
            return _decide(found, tries, log, guard)
    closest = sorted((_closest(entry, exact) for entry in _best_of(tries)), key=lambda fit: fit.residual)[:5]
    return Recognition(
        best=None, candidates=tuple(closest), rows=len(rows), why="no schedule of the library fits"
    )


def _log(steps: Sequence[Cell], rates: Sequence[Cell], guard: Guard) -> _Log | None:
    import numpy as np

    step = digits.column(steps, name="the step column")
    rate = digits.column(rates, guard=guard, name="the rate column")
    fine = bool((step.state == FINE).all() and (rate.state == FINE).all())
    if not fine or not (step.lo == step.hi).all() or not (np.diff(step.lo) > 0).all():
        return None
    table = Table(values={"step": step, "rate": rate}, rows=len(step))
    found = Rates(step=step.lo, lo=rate.lo, hi=rate.hi)
    return _Log(rates=found, few=found.thinned(), table=table) if len(step) else None


def _constant(log: _Log) -> Fit | None:
    low, high = float(log.rates.lo.max()), float(log.rates.hi.min())
    if low > high or high <= 0:
        return None
    text = shortest(low, high)
    residual = float(abs(log.rates.middle - float(text)).max())
    return Fit(
        name="constant",
        offset=0,
        parameters={"lr_max": text},
        residual=residual,
        fits=True,
        size=digit_count(text),
    )


def _settled(rates: Rates) -> bool:
    """Tells whether half of the rates are printed to about two digits and a half, or are zero."""
    fine = (rates.hi - rates.lo <= 0.01 * abs(rates.middle)) | (rates.middle == 0)
    return bool(2 * fine.sum() >= len(fine)) and bool((fine & (rates.middle > 0)).any())


def _tries(log: _Log) -> Iterator[_Try]:
    for offset in OFFSETS:
        for shape in SHAPES:
            found = islice(fitting.search(shape, log.few, offset), _TRIES)
            yield from (_Try(shape=shape, offset=offset, point=point) for point in found)
        flat = sorted(fitting.plateau(log.few, offset), key=lambda entry: entry[1].miss)[:_TRIES]
        yield from (_Try(shape=shape, offset=offset, point=point) for shape, point in flat)


def _best_of(tries: Sequence[_Try]) -> list[_Try]:
    """Returns the nearest try of every schedule and count of steps."""
    found: dict[tuple[str, int], _Try] = {}
    for entry in tries:
        key = entry.shape.name, entry.offset
        if key not in found or entry.point.miss < found[key].point.miss:
            found[key] = entry
    return list(found.values())


def _fits(entry: _Try, log: _Log) -> Iterator[Fit]:
    """Yields the fits that every row allows, one for each way to say the floor."""
    for share in _floors(entry):
        peak = _peak(entry, log.few, quotient(share))
        fit = None if peak is None else _fit(entry, peak, share, log)
        if fit is not None and _holds(fit, log.table):
            yield replace(fit, fits=True)


def _peak(entry: _Try, rates: Rates, share: float) -> str | None:
    """Returns the shortest peak that all rows allow, or None where they allow none."""
    import numpy as np

    curve = _curve(entry, rates.step, share)
    slack = 1e-15 * entry.point.peak
    steep = curve > 1e-12
    if not (rates.lo[~steep] <= slack).all() or not steep.any():
        return None
    with np.errstate(all="ignore"):
        low = float(((rates.lo[steep] - slack) / curve[steep]).max())
        high = float(((rates.hi[steep] + slack) / curve[steep]).min())
    return shortest(low, high) if low <= high and high > 0 else None


def _curve(entry: _Try, step: Array, share: float) -> Array:
    import numpy as np

    warmup, steps = np.array(float(entry.point.warmup)), np.array(float(entry.point.steps))
    first, second = entry.shape.curves(step + entry.offset, warmup, steps)
    return first if second is None else first + share * second


def _floors(entry: _Try) -> list[str]:
    """Returns the ways to write the floor's share: its roundings, and quotients of two short rates."""
    if "floor_share" not in LIBRARY[entry.shape.name].parameters:
        return [""]
    share = entry.point.floor / entry.point.peak
    if not -1e-3 < share < 1:
        return []
    found = [rounded(share, places) for places in range(1, 6)] if share > 1e-9 else []
    found += [f"{share:.{places}f}" for places in (1, 2, 3)]
    for places in (1, 2, 3):
        low, top = rounded(entry.point.floor, places), rounded(entry.point.peak, places)
        if share > 1e-9 and abs(float(low) / float(top) / share - 1) < 1e-3:
            found.append(f"{low} / {top}")
    return list(dict.fromkeys(plain(text) for text in found if 0 <= quotient(text) < 1))


def _fit(entry: _Try, peak: str, share: str, log: _Log) -> Fit:
    point = entry.point
    known = {"lr_max": peak, "warmup": str(point.warmup), "steps": str(point.steps), "floor_share": share}
    known |= {name: str(value) for name, value in entry.shape.fixed.items()}
    order = LIBRARY[entry.shape.name].parameters[1:]
    found = _curve(entry, log.rates.step, quotient(share)) * float(peak)
    last = int(log.rates.step[-1]) + entry.offset
    size = sum((place_count if name == "floor_share" else digit_count)(known[name]) for name in order)
    if "steps" in order and point.steps in (last, last + 1):
        size += 1 - digit_count(known["steps"])
    return Fit(
        name=entry.shape.name,
        offset=entry.offset,
        parameters={name: known[name] for name in order},
        residual=float(abs(found - log.rates.middle).max()),
        fits=False,
        size=size,
    )


def _closest(entry: _Try, log: _Log) -> Fit:
    share = entry.point.floor / entry.point.peak
    return _fit(entry, rounded(entry.point.peak, 4), rounded(max(0.0, share), 4), log)


def _holds(fit: Fit, table: Table) -> bool:
    """Asks the trace's own arithmetic whether no row contradicts the fit."""
    truth = holds(expand(parse_with(f"rate == {fit.call()}", {}), {}), table)
    return not bool(truth.fails.any()) and bool((truth.state == FINE).all())


def _decide(found: Sequence[Fit], tries: Sequence[_Try], log: _Log, guard: Guard) -> Recognition:
    order = {shape.name: place for place, shape in enumerate(SHAPES)}
    ranked = sorted(found, key=lambda fit: (fit.size, abs(fit.offset), order.get(fit.name, 99), fit.residual))
    best = ranked[0]
    own = _computed(best.call(), log.table)
    others = [fit for fit in ranked[1:] if _apart(fit, own, log)]
    rivals = [fit for fit in others if fit.size < best.size + CLEAR]
    residuals = [_distance(text, log) for text in _neighbours(best)]
    residuals += [fit.residual for fit in others]
    residuals += [_closest(entry, log).residual for entry in _best_of(tries) if entry.point.miss > _NEAR]
    why = f"the digits allow {best.call()} and {rivals[0].call()} alike" if rivals else ""
    peak = best.parameters["lr_max"]
    if not why and digit_count(peak) > _LONGEST and best.residual > 1e-9 * float(peak):
        why = f"{best.call()} would need a peak that nobody chooses"
    return Recognition(
        best=None if why else best,
        candidates=(best, *others[:4]),
        runner_up=min(residuals, default=None),
        rows=log.table.rows,
        guard=guard,
        why=why,
    )


def _neighbours(fit: Fit) -> Iterator[str]:
    """Yields the fit with one whole number, or the count of steps, off by one."""
    for name in ("warmup", "steps", "decay_start"):
        for step in (-1, 1):
            if name in fit.parameters and int(fit.parameters[name]) + step >= 0:
                yield fit.call(names={name: str(int(fit.parameters[name]) + step)})
    for step in (-1, 1):
        yield replace(fit, offset=fit.offset + step).call()


def _computed(text: str, table: Table) -> Vector:
    return number(expand(parse_with(text, {}), {}), table)


def _distance(text: str, log: _Log) -> float:
    found = _computed(text, log.table)
    return float(abs((found.lo + found.hi) / 2 - log.rates.middle).max())


def _apart(fit: Fit, own: Vector, log: _Log) -> bool:
    """Tells whether a fit gives other rates than the best one on the rows of this log."""
    found = _computed(fit.call(), log.table)
    far = abs((found.lo + found.hi) - (own.lo + own.hi)) / 2
    return bool(far.max() > _SAME * abs(log.rates.middle).max())
