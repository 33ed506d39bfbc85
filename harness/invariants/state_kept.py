"""What the optimizer keeps is, when it steps again, as the step before left it.

Source: an optimizer that is made anew for every epoch, or whose state a wrapper clears, forgets its
momentum and its second moments, and its bias corrections begin again; the loss then jumps at each epoch and
nothing says why. After each step of an optimizer its tensors are copied, and when it, or another in its
place, steps again they must be there with the same bits. The steps go beyond the end of the first epoch
where that is near.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

FEW, MANY = 4, 12


def _forgets(live: Live) -> Live:
    """Clears what every optimizer keeps before each step."""
    return _stepping.each_step(_keeping(live), _before(_cleared))


def _fades(live: Live) -> Live:
    """Halves what every optimizer keeps before each step."""
    return _stepping.each_step(_keeping(live), _before(_halved))


def _keeping(live: Live) -> Live:
    state = _training.fresh(live)
    _training.advance(live, state, FEW)
    if not any(bool(each.any()) for _, each in _training.optimizer_tensors(state)):
        raise InputError("the optimizer keeps nothing", reason="VACUOUS")
    return live


def _before(change: Callable[[Any], None]) -> Callable[[Any, Any, Callable[[], Any]], Any]:
    def taken(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        change(state)
        return take()

    return taken


def _cleared(state: Any) -> None:
    for optimizer in _training.optimizers(state):
        optimizer.state.clear()


def _halved(state: Any) -> None:
    import torch

    with torch.no_grad():
        for _, value in _training.optimizer_tensors(state):
            value.copy_(value / 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class StateKept:
    """Compares the optimizer's tensors after a step with those before the next."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = FEW
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"it is cleared": _forgets, "it is halved": _fades}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps past the end of an epoch of few batches."""
        state = _training.fresh(live, ask.seed)
        batches = _training.trainer(live).batches
        steps = ask.windows or (batches + 2 if 0 < batches <= MANY - 2 else self.windows)
        watch = _Watch(_stepping.names(state))
        with watch.hooked(_training.optimizers(state)):
            for watch.step in range(steps):
                _training.advance(live, state, 1, first=watch.step)
        found, kept, judged = watch.found, watch.kept, watch.judged
        return Finding(
            total=judged,
            unit="tensors of the optimizer between two steps",
            measured=f"{len(found)} of {len(kept)} are others",
            threshold="0",
            detail=f"{steps} steps",
            reason=None if judged else Reason.VACUOUS,
            witnesses=tuple(found.values())[:20],
        )


class _Watch:
    """Copies what optimizers keep for each tensor after their steps and compares before the next."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names, self.step, self.judged = names, 0, 0
        self.kept: dict[str, Any] = {}
        self.found: dict[str, Witness] = {}

    def before(self, optimizer: Any, *_: Any) -> None:
        """Compares, whichever optimizer it is that now holds the tensors."""
        inside = {self.names.get(id(each), "") for each in _stepping.held(optimizer)}
        mine = {name: each for name, each in self.kept.items() if name.rpartition(" ")[0] in inside}
        now = dict(self._tensors(optimizer))
        self.judged += len(mine)
        for name, size in _training.differing(mine, {name: now[name] for name in mine if name in now}):
            self.found.setdefault(name, _witness(name, size, self.step))

    def after(self, optimizer: Any, *_: Any) -> None:
        """Copies."""
        self.kept |= {name: each.detach().clone() for name, each in self._tensors(optimizer)}

    def _tensors(self, optimizer: Any) -> Iterator[tuple[str, Any]]:
        import torch

        for tensor, kept in optimizer.state.items():
            name = self.names.get(id(tensor))
            for key, value in kept.items() if name and isinstance(kept, Mapping) else ():
                if isinstance(value, torch.Tensor):
                    yield f"{name} {key}", value

    @contextmanager
    def hooked(self, optimizers: Sequence[Any]) -> Iterator[None]:
        """Watches every optimizer of torch's kind, since the next may be another one than the last."""
        from torch.optim.optimizer import Optimizer
        from torch.optim.optimizer import register_optimizer_step_post_hook as post
        from torch.optim.optimizer import register_optimizer_step_pre_hook as pre

        if not all(isinstance(each, Optimizer) for each in optimizers):
            raise InputError("an optimizer that is none of torch's kind", reason="UNSUPPORTED")
        handles = [pre(self.before), post(self.after)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _witness(name: str, size: float, step: int) -> Witness:
    return Witness(
        where=f"{name} as step {step} begins",
        found="gone" if size == float("inf") else f"changed by up to {size:.3g}",
        expected="as the step before left it: is the optimizer made anew, or its state cleared or loaded?",
    )


INVARIANT = StateKept()
