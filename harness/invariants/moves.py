"""Every trainable tensor is moved by the optimizer within a few steps.

Source: a parameter that is counted and never moves was left out of the optimizer, has a learning rate of
zero, or lost its updates to rounding. Bits are compared: an update that is too small to change one bit of any
value of a tensor is none, unless the optimizer holds a copy of higher precision, which moves and to which the
tensor is rounded. Steps are taken on consecutive batches of the program's own data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 4


def _held(live: Live) -> Live:
    """Puts the largest parameter back after every step."""
    take = _training.trainer(live).step

    def step(state: Any, batch: Any) -> Any:
        name, parameter = _training.largest(state.model)
        before = parameter.detach().clone()
        told = take(state, batch) if take else None
        dict(state.model.named_parameters())[name].data.copy_(before)
        return told

    return _training.with_trainer(live, step=step)


def _left_out(live: Live) -> Live:
    """Takes the first parameter out of the optimizer's groups."""
    start = _training.trainer(live).start

    def started(seed: int) -> Any:
        state = start(seed)
        lost = next(each for each in state.model.parameters() if each.requires_grad)
        for optimizer in _training.optimizers(state):
            for group in optimizer.param_groups:
                group["params"] = [each for each in group["params"] if each is not lost]
        return state

    return _training.with_trainer(live, start=started)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """Looks for trainable parameters that no step changes."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the largest is held": _held, "the first is in no group": _left_out}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes a few steps and compares every tensor's bits with those before."""
        state = _training.fresh(live, ask.seed)
        trained = {name for name, each in state.model.named_parameters() if each.requires_grad}
        before, copies = _training.weights(state), _copies(state)
        steps = ask.windows or self.windows
        small, hooks = _training.imperceptible(state)
        _training.advance(live, state, steps)
        for hook in hooks:
            hook.remove()
        moved = {name for name, _ in _training.differing(before, _training.weights(state))}
        moved |= {name for name, each in copies.items() if _rounded(state, name, *each)}
        dead = small & (trained - moved)  # asked to move by less than rounding: no rule of ours says by more
        still = sorted(trained - moved - dead)
        return Finding(
            total=len(trained),
            unit="parameter tensors",
            measured=f"{len(still)} of {len(trained)} not moved in {steps} steps",
            threshold="0",
            undecided=len(dead),
            detail=f"{steps} steps"
            + (f"; the loss hardly depends on {', '.join(sorted(dead)[:3])}" if dead else ""),
            reason=None if trained else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=name,
                    found=f"no bit changed in {steps} steps",
                    expected="trained tensors move: is it in an optimizer group with a rate above 0?",
                )
                for name in still[:20]
            ),
        )


def _copies(state: Any) -> dict[str, tuple[Any, Any]]:
    """Returns by name the copies that the optimizers hold in place of parameters, and their values now."""
    own, named = {id(each) for each in state.model.parameters()}, _stepping.names(state)
    inside = [each for one in _training.optimizers(state) for each in _stepping.held(one)]
    return {
        named[id(each)]: (each, each.detach().clone())
        for each in inside
        if id(each) in named and id(each) not in own
    }


def _rounded(state: Any, name: str, held: Any, before: Any) -> bool:
    """Tells whether a copy has moved and its parameter is what it rounds to."""
    import torch

    value = dict(state.model.named_parameters())[name].detach()
    return not torch.equal(held.detach(), before) and torch.equal(held.detach().to(value.dtype), value)


INVARIANT = Moves()
