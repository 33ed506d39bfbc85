"""What each metric did from one side to the other, against the only noise that is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.comparing.party import Member, Party, courses
from harness.comparing.series import scatter, shared
from harness.statistics.student import Difference, paired, spread, welch

CONFIDENCE = 0.95
Values = Mapping[float, float]
Seeds = Sequence[Sequence[str | None]]


class Said(StrEnum):
    """What may be said of a difference."""

    EQUAL = "equal at every shared step"
    MOVED = "moved beyond seed noise"
    WITHIN = "within seed noise"
    FIXED = "differs alike at every seed"
    UNKNOWN = "seed noise unknown"
    BROKEN = "ends in nan or inf"
    RECOVERED = "ended in nan or inf"
    APART = "no shared step"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One side of a metric: the mean of its runs at its last step, and the mean at the step compared.

    ``sd`` is that of the seeds at the step compared, None for one run; ``scatter`` is within one run.
    """

    runs: int
    last: float
    final: float
    value: float
    sd: float | None
    scatter: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One metric: both sides, the difference at ``step`` (the last one shared) and what may be said of it.

    ``equal`` of ``steps`` shared steps have equal values in both; ``most`` is the largest difference of the
    sides' means, at ``most_at``.
    """

    metric: str
    before: Held
    after: Held
    step: float | None
    difference: float
    interval: Difference | None
    said: Said
    steps: int
    equal: int
    most: float
    most_at: float | None


def moves(before: Party, after: Party) -> tuple[list[Move], tuple[list[str], list[str]]]:
    """Returns every shared metric's move, and the metrics that only one side has."""
    ours, theirs = ([courses(one) for one in _logged(side)] for side in (before, after))
    names = [_every(side) for side in (ours, theirs)]
    seeds = [[one.seed for one in _logged(side)] for side in (before, after)]
    noisy = not (before.apart or after.apart)
    found = [
        _move(name, [one[name] for one in ours], [one[name] for one in theirs], seeds, noisy=noisy)
        for name in names[0]
        if name in names[1]
    ]
    alone = ([n for n in names[0] if n not in names[1]], [n for n in names[1] if n not in names[0]])
    return found, alone


def _logged(side: Party) -> list[Member]:
    return [one for one in side.members if one.frame is not None]


def _every(side: Sequence[Mapping[str, Values]]) -> list[str]:
    """Returns the metrics that every run of a side has."""
    return [name for name in side[0] if all(name in one for one in side)] if side else []


def _move(
    metric: str,
    ours: Sequence[Values],
    theirs: Sequence[Values],
    seeds: Seeds,
    *,
    noisy: bool,
) -> Move:
    steps = shared([*ours, *theirs])
    step = steps[-1] if steps else None
    before, after = _held(ours, step), _held(theirs, step)
    apart = [(abs(_mean(theirs, s) - _mean(ours, s)), s) for s in steps]
    finite = [pair for pair in apart if math.isfinite(pair[0])]
    most = max(finite, default=(math.nan, None), key=lambda pair: pair[0])
    interval = _interval(ours, theirs, step, seeds) if noisy else None
    equal = sum(_alike(ours, theirs, s) for s in steps)
    move = Move(
        metric=metric,
        before=before,
        after=after,
        step=step,
        difference=after.value - before.value,
        interval=interval,
        said=Said.UNKNOWN,
        steps=len(steps),
        equal=equal,
        most=most[0],
        most_at=most[1],
    )
    return _judged(move, noisy=noisy)


def _judged(move: Move, *, noisy: bool) -> Move:
    ends = [math.isfinite(side.final) for side in (move.before, move.after)]
    said = Said.UNKNOWN
    if not all(ends):
        said = Said.BROKEN if not ends[1] else Said.RECOVERED
    elif move.step is None:
        said = Said.APART
    elif move.equal == move.steps:
        said = Said.EQUAL
    elif move.interval is not None:
        said = Said.WITHIN if move.interval.low <= 0 <= move.interval.high else Said.MOVED
    elif noisy and min(move.before.runs, move.after.runs) > 1:
        said = Said.FIXED
    return replace(move, said=said)


def _held(runs: Sequence[Values], step: float | None) -> Held:
    last = min(max(run) for run in runs)
    values = [run[step] for run in runs] if step is not None else []
    sd = spread(values) if all(math.isfinite(value) for value in values) else None
    finals = [run[max(run)] for run in runs]
    return Held(
        runs=len(runs),
        last=last,
        final=math.fsum(finals) / len(finals),
        value=math.fsum(values) / len(values) if values else math.nan,
        sd=sd,
        scatter=scatter(runs[0]) if len(runs) == 1 else None,
    )


def _mean(runs: Sequence[Values], step: float) -> float:
    return math.fsum(run[step] for run in runs) / len(runs)


def _alike(ours: Sequence[Values], theirs: Sequence[Values], step: float) -> bool:
    """Tells whether both sides have the very same values at a step, NaN being NaN."""
    left, right = (sorted(repr(run[step]) for run in side) for side in (ours, theirs))
    return left == right or len({*left, *right}) == 1


def _interval(
    ours: Sequence[Values],
    theirs: Sequence[Values],
    step: float | None,
    seeds: Seeds,
) -> Difference | None:
    """Returns the interval at a step: paired where both sides ran the same seeds, else Welch's."""
    if step is None or min(len(ours), len(theirs)) < 2:
        return None
    left, right = [run[step] for run in ours], [run[step] for run in theirs]
    if not all(math.isfinite(value) for value in (*left, *right)):
        return None
    if same_seeds(seeds):
        of_seed = dict(zip(seeds[1], right, strict=True))
        return paired([of_seed[s] - a for s, a in zip(seeds[0], left, strict=True)], CONFIDENCE)
    return welch(left, right, CONFIDENCE)


def same_seeds(seeds: Seeds) -> bool:
    """Tells whether both sides ran the same seeds, each known and once."""
    ours, theirs = seeds
    return (
        None not in ours
        and len(set(ours)) == len(ours)
        and sorted(map(str, ours)) == sorted(map(str, theirs))
    )


def compared_at_end(found: Sequence[Move]) -> Iterator[str]:
    """Yields the metrics whose last shared step is not the last step of both sides."""
    for move in found:
        if move.step is not None and {move.before.last, move.after.last} != {move.step}:
            yield move.metric
