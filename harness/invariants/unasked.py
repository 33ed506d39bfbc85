"""A step moves no parameter that got no gradient.

Source: an expert that no token reached must stay as it is; weight decay or momentum that acts on missing or
zero-filled gradients shrinks it step by step (a norm drift of 0 becomes one of 22 %). The gradients of every
third tensor and of the largest are taken away as the optimizer begins, so that it must pass them by; and
what the program leaves without a gradient by itself for all the steps is watched too. Bits are compared, and
a drift below one unit of rounding a step, as a renormalisation leaves it, is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

WARM, STEPS, UNITS = 2, 4, 1


def _zero_filled(live: Live) -> Live:
    """Fills missing gradients with zeros and shrinks what has such, as a decay of everything does."""

    def before(_: int, optimizer: Any) -> None:
        import torch

        with torch.no_grad():
            for tensor in _stepping.held(optimizer):
                if tensor.grad is None:
                    tensor.grad = torch.zeros_like(tensor)
                    tensor.mul_(1 - 2.0**-4)

    return _stepping.each_optimizer_step(live, before)


def _decays_all(live: Live) -> Live:
    """Decays every parameter by hand after the step, whether or not it got a gradient."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        told = take()
        with torch.no_grad():
            for tensor in _stepping.every(state):
                tensor.mul_(1 - 2.0**-4)
        return told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unasked:
    """Looks for tensors that move without a gradient."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "missing gradients are filled and decayed": _zero_filled,
            "everything is decayed by hand": _decays_all,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps until momentum exists, then steps in which some tensors get no gradient."""
        state = _training.fresh(live, ask.seed)
        warm = WARM if _torchs_own(state) else 0
        _training.advance(live, state, warm)
        steps = ask.windows or self.windows
        named = _stepping.names(state)
        chosen = _chosen(state, named)
        asked: set[str] = set()
        taken = [0]

        def before(_: int, optimizer: Any) -> None:
            taken[0] += 1
            for tensor in _stepping.held(optimizer):
                name = named.get(id(tensor), "")
                if name in chosen:
                    tensor.grad = None
                elif tensor.grad is not None and bool(tensor.grad.any()):
                    asked.add(name)

        start = _training.weights(state)
        with _stepping.watching(state, before):
            try:
                _training.advance(live, state, steps, first=warm)
            except (AttributeError, TypeError) as problem:
                raise InputError(
                    f"the optimizer takes no missing gradient: {problem}", reason="UNSUPPORTED"
                ) from problem
        quiet = {
            name: each
            for name, each in _held_weights(state, named).items()
            if name not in asked and name in start
        }
        drifts = {name: _drift(start[name], each) for name, each in quiet.items()}
        moved = {
            name: drift
            for name, drift in drifts.items()
            if drift > UNITS * steps * _stepping.eps(quiet[name])
        }
        most = max(drifts.values(), default=0.0)
        return Finding(
            total=len(quiet),
            unit="tensors without a gradient",
            measured=f"{len(moved)} of {len(quiet)} moved, the most by {most:.3g}",
            threshold=f"{UNITS * steps} units of rounding",
            detail=f"{steps} steps after {warm}",
            reason=None if quiet and taken[0] else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=name,
                    found=f"moved by {drift:.3g} of its norm in {steps} steps without a gradient",
                    expected="as it was: decay or momentum acts on what got no gradient",
                )
                for name, drift in sorted(moved.items(), key=lambda pair: -pair[1])[:20]
            ),
        )


def _torchs_own(state: Any) -> bool:
    """Tells whether every optimizer is of torch's kind; a wrapper may pull weights back."""
    import torch

    return all(isinstance(each, torch.optim.Optimizer) for each in _training.optimizers(state))


def _chosen(state: Any, named: Mapping[int, str]) -> set[str]:
    """Returns every third name that an optimizer holds and the largest; never all of them."""
    inside = [tensor for optimizer in _training.optimizers(state) for tensor in _stepping.held(optimizer)]
    order = [named[id(tensor)] for tensor in inside if id(tensor) in named]
    if len(order) < 2:
        return set(order)
    big = max((tensor for tensor in inside if id(tensor) in named), key=lambda each: each.numel())
    return {*order[1::3], named[id(big)]}


def _held_weights(state: Any, named: Mapping[int, str]) -> dict[str, Any]:
    """Returns the model's parameters that an optimizer holds, or whose copies it holds."""
    inside = {
        named.get(id(tensor))
        for optimizer in _training.optimizers(state)
        for tensor in _stepping.held(optimizer)
    }
    return {name: value.detach() for name, value in state.model.named_parameters() if name in inside}


def _drift(before: Any, after: Any) -> float:
    """Returns the relative distance between two tensors."""
    size = float(before.double().norm()) or 1.0
    return float((after.double() - before.double()).norm()) / size


INVARIANT = Unasked()
