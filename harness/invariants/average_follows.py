"""The average of the weights follows them once in every step, all tensors with one decay.

Source: a shadow that is updated twice in a step, or with another decay for some tensors, or not for all, is
another model than the one described. In each step the new average is d times the old one and 1 - d times the
weights, of before or after the step; d is fitted, every tensor must obey it up to rounding, it must be the
declared one in every step where one is declared, and it may rise from step to step, as a warm-up lets it, and
not fall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS, UNITS = 6, 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fit:
    """The decay of one step with its error, and the tensors that do not obey it, with what they obey."""

    decay: float
    error: float
    odd: Mapping[str, float]


def _one_more(live: Live) -> Live:
    """Draws the largest tensor's average nearer to the weights once more."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        shadow = _stepping.shadow(state)
        name = max(shadow, key=lambda each: shadow[each].numel())
        shadow[name].lerp_(dict(state.model.named_parameters())[name].detach().to(shadow[name].dtype), 0.125)
        return told

    return _stepping.each_step(_averaged(live), change)


def _skipped(live: Live) -> Live:
    """Leaves the largest tensor's average where it was."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        shadow = _stepping.shadow(state)
        name = max(shadow, key=lambda each: shadow[each].numel())
        before = shadow[name].clone()
        told = take()
        _stepping.shadow(state)[name].copy_(before)
        return told

    return _stepping.each_step(_averaged(live), change)


def _averaged(live: Live) -> Live:
    _stepping.shadow(_training.trainer(live).start(0))
    return live


@dataclass(frozen=True, kw_only=True, slots=True)
class AverageFollows:
    """Fits the decay of every step."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"one tensor is averaged more": _one_more, "one is not averaged": _skipped}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and fits how the average moved."""
        state = _training.fresh(live, ask.seed)
        declared = _training.trainer(live).declared.average
        fits: dict[int, _Fit] = {}
        for step in range(ask.windows or self.windows):
            old, before = _copies(_stepping.shadow(state)), _training.weights(state)
            _training.advance(live, state, 1, first=step)
            found = [_fit(old, _stepping.shadow(state), each) for each in (_training.weights(state), before)]
            known = [each for each in found if each is not None]
            if known:
                fits[step] = min(known, key=lambda each: len(each.odd))
        moving = {step: fit for step, fit in fits.items() if fit.odd or fit.decay < 1 - fit.error}
        if declared is not None and 1 - declared > max((fit.error for fit in fits.values()), default=1.0):
            moving = fits  # one that is told its decay moves in every step
        witnesses = [each for step, fit in moving.items() for each in _wrong(step, fit, declared)]
        witnesses = witnesses or _falling(moving)
        return Finding(
            total=len(moving),
            unit="steps of the average",
            measured="decays " + ", ".join(f"{fit.decay:.6g}" for fit in moving.values()),
            threshold="one decay a step" if declared is None else f"{declared:g}",
            detail=f"{len(fits)} steps, {len(_stepping.shadow(state))} tensors",
            reason=None if moving else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _wrong(step: int, fit: _Fit, declared: float | None) -> list[Witness]:
    if fit.odd:
        return [
            Witness(
                where=f"{name} in step {step}",
                found=f"an average with decay {decay:.6g}",
                expected=f"{fit.decay:.6g}, as most have: is each tensor averaged once in a step?",
            )
            for name, decay in fit.odd.items()
        ]
    if declared is not None and abs(fit.decay - declared) > fit.error:
        return [
            Witness(
                where=f"step {step}",
                found=f"a decay of {fit.decay:.6g}",
                expected=f"{declared:g}, as declared: is it applied twice, or another one?",
            )
        ]
    return []


def _falling(fits: Mapping[int, _Fit]) -> list[Witness]:
    steps = list(fits)
    return [
        Witness(
            where=f"step {two}",
            found=f"a decay of {fits[two].decay:.6g}",
            expected=f"at least {fits[one].decay:.6g}, as in step {one}: is it applied twice in some steps?",
        )
        for one, two in pairwise(steps)
        if fits[two].decay < fits[one].decay - fits[one].error - fits[two].error
    ]


def _copies(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each.detach().clone() for name, each in tensors.items()}


def _fit(old: Mapping[str, Any], new: Mapping[str, Any], weights: Mapping[str, Any]) -> _Fit | None:
    """Fits the decay from old and new average and the weights; None where the old one is at the weights."""
    apart = {name: old[name].double() - weights[name].double() for name in old}
    after = {name: new[name].double() - weights[name].double() for name in old}
    own, slack = {}, {}
    for name in old:
        size = float(apart[name].norm())
        unit = _stepping.eps(new[name]) * float(old[name].double().norm() + weights[name].double().norm())
        if size > UNITS * unit:
            own[name] = float((after[name] * apart[name]).sum()) / size**2
            slack[name] = UNITS * unit / size
    if not own:
        return None
    usual = sorted(own, key=lambda name: own[name])[len(own) // 2]
    middle = own[usual]
    odd = {
        name: decay
        for name, decay in own.items()
        if abs(decay - middle) > 2 * (slack[name] + slack[usual])
        or float((after[name] - decay * apart[name]).norm()) > 2 * slack[name] * float(apart[name].norm())
    }
    return _Fit(decay=middle, error=2 * max(slack.values()), odd=odd)


INVARIANT = AverageFollows()
