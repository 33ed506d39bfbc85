"""No gradient that an optimizer uses is NaN, infinite or all zero, and no weight becomes so.

Source: one NaN spreads to every weight in a step, and a loss that is cut off from the model leaves gradients
of zero and a curve that looks flat, not broken. What a gradient scaler skips reaches no optimizer and is
none of it. One tensor may be without a gradient for a while, as an expert without tokens is: only a step in
which every gradient is zero counts, and only if the loss was no zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 6


def _nan(live: Live) -> Live:
    def before(_: int, optimizer: Any) -> None:
        for tensor in _stepping.held(optimizer):
            if tensor.grad is not None:
                tensor.grad.view(-1)[:1].fill_(float("nan"))

    return _stepping.each_call(live, before)


def _severed(live: Live) -> Live:
    """Cuts the loss off from every parameter."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        with _stepping.scaled(state, 0.0):
            return take()

    return _stepping.each_step(live, change)


def _overflows(live: Live) -> Live:
    """Lets one weight of the largest parameter overflow in every step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        _training.largest(state.model)[1].data.view(-1)[-1] = float("inf")
        return told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finite:
    """Looks at every gradient that is used, and every weight that comes of it."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "one gradient is NaN": _nan,
            "all gradients are zero": _severed,
            "a weight overflows": _overflows,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and stops at the first that is not finite."""
        state = _training.fresh(live, ask.seed)
        named = _stepping.names(state)
        wrong = {name for name, each in _training.weights(state).items() if not bool(each.isfinite().all())}
        witnesses = [
            _witness(f"{name} at the start", "values that are not finite", "finite") for name in sorted(wrong)
        ]
        judged, steps = 0, ask.windows or self.windows
        for step in range(steps):
            if witnesses:
                break
            seen: dict[str, tuple[bool, bool]] = {}

            def before(_: int, optimizer: Any, into: dict[str, tuple[bool, bool]] = seen) -> None:
                for tensor in _stepping.held(optimizer):
                    if (found := _stepping.gradient(tensor)) is not None:
                        name = named.get(id(tensor), "a tensor of no model")
                        into[name] = (bool(found.isfinite().all()), bool(found.any()))

            with _stepping.watching(state, before):
                (told,) = _training.advance(live, state, 1, first=step)
            judged += len(seen)
            witnesses += _wrong(seen, state, step, told)
        return Finding(
            total=judged,
            unit="gradients used",
            measured=f"{len(witnesses)} not finite or all zero",
            threshold="0",
            detail=f"{steps} steps",
            reason=None if judged else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _wrong(
    seen: Mapping[str, tuple[bool, bool]], state: Any, step: int, told: Mapping[str, float]
) -> list[Witness]:
    found = [
        _witness(
            f"{name} in step {step}", "a gradient that is not finite", "finite: is it unscaled and checked?"
        )
        for name, (finite, _) in seen.items()
        if not finite
    ]
    if seen and not any(some for _, some in seen.values()) and told.get("loss", 1.0) != 0:
        found.append(
            _witness(f"step {step}", "every gradient is zero", "some: is the loss cut off from the model?")
        )
    if not seen:
        return found
    return found + [
        _witness(f"{name} after step {step}", "values that are not finite", "finite: did an update overflow?")
        for name, each in state.model.named_parameters()
        if not bool(each.isfinite().all())
    ]


def _witness(where: str, found: str, expected: str) -> Witness:
    return Witness(where=where, found=found, expected=expected)


INVARIANT = Finite()
