"""Each call of the step lets the optimizers step, or every k-th call does.

Source: a step that is silently left out, for a condition that holds too often or an exception that is
caught, or one that is taken twice, trains for other steps than are counted. Calls of every optimizer are
counted in each call of the step. As often as it steps, and after as many calls, it must always: with
accumulation over k calls each k-th counts. Calls whose gradients are not finite are left out, as a gradient
scaler skips those, and so are calls before the first step that is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

CALLS = 12


def _left_out(live: Live) -> Live:
    """Leaves out every fourth call."""
    calls = [0]

    def change(_: Any, __: Any, take: Callable[[], Any]) -> Any:
        calls[0] += 1
        return {} if calls[0] % 4 == 0 else take()

    return _stepping.each_step(live, change)


def _again(live: Live) -> Live:
    """Takes every fifth step twice."""
    calls = [0]

    def change(_: Any, __: Any, take: Callable[[], Any]) -> Any:
        calls[0] += 1
        told = take()
        return take() if calls[0] % 5 == 0 else told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepsTaken:
    """Counts the optimizers' steps in every call."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = CALLS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"every fourth is left out": _left_out, "every fifth is taken twice": _again}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Calls the step and counts."""
        state = _training.fresh(live, ask.seed)
        count, calls = len(_training.optimizers(state)), ask.windows or self.windows
        taken: list[list[int]] = [[] for _ in range(count)]
        for call in range(calls):
            here = [0] * count

            def before(place: int, _: Any, into: list[int] = here) -> None:
                into[place] += 1

            with _stepping.watching(state, before):
                _training.advance(live, state, 1, first=call)
            skipped = not any(here) and not _finite(state)
            for place in range(count):
                taken[place].append(-1 if skipped else here[place])
        found = [_uneven(place, counts) for place, counts in enumerate(taken)]
        witnesses = [each for each in found if each is not None]
        judged = sum(sum(each > 0 for each in counts) for counts in taken)
        enough = judged > count
        return Finding(
            total=judged,
            unit="steps of optimizers",
            measured=f"{len(witnesses)} optimizers are uneven",
            threshold="0",
            detail=f"{calls} calls, {count} optimizers",
            reason=None if enough or witnesses else Reason.TOO_FEW,
            witnesses=tuple(witnesses[:20]),
        )


def _finite(state: Any) -> bool:
    """Tells whether all gradients that are left after a call are finite."""
    found = [each.grad for each in _stepping.every(state) if each.grad is not None]
    return all(bool(each.isfinite().all()) for each in found)


def _uneven(place: int, counts: Sequence[int]) -> Witness | None:
    """Returns the first call that does not keep to an optimizer's beat; skipped ones are left out."""
    heard = [(call, each) for call, each in enumerate(counts) if each >= 0]
    beats = [(order, call, each) for order, (call, each) in enumerate(heard) if each > 0]
    if len(beats) < 3:
        return None
    every = _commonest([two[0] - one[0] for one, two in pairwise(beats)])
    often = _commonest([each for _, _, each in beats])
    for one, two in pairwise(beats):
        if two[0] - one[0] != every or two[2] != often:
            return Witness(
                where=f"call {two[1]} of the step, optimizer {place}",
                found=f"{two[2]} steps after {two[0] - one[0]} calls",
                expected=f"{often} after {every}, as mostly: is a step left out on a condition, or repeated?",
            )
    return None


def _commonest(found: Sequence[int]) -> int:
    return max(sorted(set(found)), key=list(found).count)


INVARIANT = StepsTaken()
