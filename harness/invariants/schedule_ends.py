"""The schedule reaches its end at the declared last step.

Source: a schedule made for four times the steps never falls, and an event gated on nominal steps never
fires. The end of a schedule is where its rate is lowest after its peak, looked for up to eight times the
declared steps; a schedule that falls for ever has none and is not judged. The end may lie after the last step
by one, as the rate there is that of no step. The rate applied in the last step is held against the schedule,
by taking all steps where they are few, else by letting the scheduler count on alone, as often as it was seen
to count while steps were taken: an epoch may be a count, or every fourth step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

REAL, FAR, CEILING, SINGLE = 48, 8, 200_000, 2.0**-20
"""Most steps taken for real; how many times the declared steps are looked at, at most; a rate's rounding."""


def _slower(live: Live) -> Live:
    """Lets the scheduler count every fourth step only."""

    def change(state: Any) -> None:
        scheduler = getattr(state, "scheduler", None)
        if scheduler is None:
            raise InputError("no schedule to slow down", reason="UNSUPPORTED")
        inner, calls = scheduler.step, [0]

        def step(*args: Any, **named: Any) -> None:
            calls[0] += 1
            if calls[0] % 4 == 0:
                inner(*args, **named)

        scheduler.step = step

    change(_training.trainer(live).start(0))
    return _stepping.each_start(live, change)


def _longer(live: Live) -> Live:
    """Means the schedule for four times the steps."""
    meant = _training.trainer(live).rate
    if meant is None:
        raise InputError("no schedule is given", reason="UNSUPPORTED")
    return _training.with_trainer(live, rate=lambda step: meant(step // 4))


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleEnds:
    """Looks for the end of the schedule."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = REAL
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the scheduler counts every fourth step": _slower,
            "it is four times as long": _longer,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Follows the schedule as meant and as applied to the declared end and beyond."""
        trainer = _training.trainer(live)
        steps = trainer.declared.steps
        if not steps or steps < 2:
            raise InputError("declares no steps: how long the schedule is", reason="UNSUPPORTED")
        far = max(steps + 2, min(FAR * steps, CEILING))
        meant = [float(trainer.rate(step)) for step in range(far)] if trainer.rate else None
        applied = _applied(live, ask.seed, steps, far, ask.windows or self.windows)
        witnesses: list[Witness] = []
        series = {"meant": meant, "applied": applied if len(applied) == far else None}
        ends = {word: _end(rates) for word, rates in series.items() if rates}
        for word, end in ends.items():
            if end is not None and end > steps:
                witnesses.append(_late(word, end, steps, series[word] or ()))
        last = steps - 1
        if meant and len(applied) > last and _slack(meant, last) < abs(meant[last] - applied[last]):
            witnesses.append(_other(last, applied[last], meant[last]))
        told = [end for end in ends.values() if end is not None]
        return Finding(
            total=len(ends),
            unit="schedules",
            measured=f"ends at step {', '.join(str(end) for end in told) or 'none'}",
            threshold=str(steps),
            detail=f"{far} steps looked at",
            reason=None if told or witnesses else Reason.UNJUDGED,
            witnesses=tuple(witnesses),
        )


def _late(word: str, end: int, steps: int, rates: Sequence[float]) -> Witness:
    return Witness(
        where=f"step {steps - 1}, the last, of the schedule {word}",
        found=f"a rate of {rates[steps - 1]:.6g}, which goes on falling to {rates[end]:.6g} at step {end}",
        expected=f"its end by step {steps}: is it counted in other units, or made for another run's length?",
    )


def _other(last: int, applied: float, meant: float) -> Witness:
    return Witness(
        where=f"step {last}, the last",
        found=f"a rate of {applied:.6g} applied",
        expected=f"{meant:.6g}, the schedule's there: does it advance with every step?",
    )


def _end(rates: Sequence[float]) -> int | None:
    """Returns where the rate is lowest after its peak; None for one that is constant or falls for ever."""
    peak = max(rates)
    slack = SINGLE * abs(peak)
    begin = next(place for place, rate in enumerate(rates) if rate >= peak - slack)
    lowest = min(rates[begin:])
    if peak - lowest <= slack:
        return None
    end = next(place for place in range(begin, len(rates)) if rates[place] <= lowest + slack)
    return end if end < len(rates) - 1 else None


def _slack(meant: Sequence[float], last: int) -> float:
    """Returns the schedule's largest change between neighbouring steps near its end: it may be off by one."""
    near = meant[max(0, last - 2) : last + 2]
    return max((abs(b - a) for a, b in pairwise(near)), default=0.0) + 2.0**-20 * abs(meant[last])


def _applied(live: Live, seed: int, steps: int, far: int, real: int) -> list[float]:
    """Returns the first group's rate at every step: taken, or as far as the scheduler counts by itself."""
    import warnings

    state = _training.fresh(live, seed)
    found: list[float] = []

    def before(place: int, optimizer: Any) -> None:
        if place == 0:
            found.append(_stepping.rates(optimizer)[0])

    with _stepping.watching(state, before):
        counted = _counted(live, state, found, min(steps, real), stop=steps > real)
    scheduler, optimizer = getattr(state, "scheduler", None), _training.optimizers(state)[0]
    if scheduler is None or not found or "Plateau" in type(scheduler).__name__:
        return found
    gap = counted[-1] - counted[-2] if len(counted) > 1 else 0
    if not gap and len(found) < steps:
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            while len(found) < far:
                found.append(_stepping.rates(optimizer)[0])
                if not gap or (len(found) - counted[-1]) % gap == 0:
                    scheduler.step()
        except ValueError:  # a schedule of so many steps and no more, as the one-cycle policy is
            return found
    return found


def _counted(live: Live, state: Any, found: Sequence[float], most: int, *, stop: bool) -> list[int]:
    """Takes steps; returns after how many each of the scheduler's counts came, as its own counter tells.

    With ``stop`` it ends as soon as the last two counts tell how often it counts.
    """
    scheduler = getattr(state, "scheduler", None)
    counts: list[int] = []
    last = getattr(scheduler, "last_epoch", None)
    for step in range(most):
        _training.advance(live, state, 1, first=step)
        here = getattr(scheduler, "last_epoch", None)
        if isinstance(last, int) and isinstance(here, int) and here == last + 1:
            counts.append(len(found))
        elif here != last:
            counts.clear()  # it jumped
        last = here
        if stop and step and not isinstance(here, int):
            break  # nothing tells
        if stop and len(counts) > 1 and counts[-1] > counts[-2]:
            break
    return counts


INVARIANT = ScheduleEnds()
