"""No gradient of one step reaches the next.

Source: gradients add up until somebody zeroes them; where nobody does, or where only those of some tensors
are, every step is one on the sum of all batches so far. It is watched at each tensor: once an optimizer has
stepped it, its gradient must have been zeroed, exactly, before anything is added to it that the optimizer
uses. Gradients that another loss leaves behind and that are zeroed before use are no leak, and batches that
add up over several calls, until the optimizer steps, are none either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 3


def _kept(live: Live) -> Live:
    """Puts back what the optimizer last used just as the next gradient arrives."""
    _stepping.holds_its_own(live)
    return _stepping.each_start(live, lambda state: _haunt(state, list(_stepping.trained(state).values())))


def _one_kept(live: Live) -> Live:
    """Lets the gradient of the largest parameter alone add up."""
    _stepping.holds_its_own(live)
    return _stepping.each_start(live, lambda state: _haunt(state, [_training.largest(state.model)[1]]))


def _haunt(state: Any, tensors: list[Any]) -> None:
    ghosts: dict[int, Any] = {}

    def returns(tensor: Any) -> Callable[[Any], None]:
        def hook(_: Any) -> None:
            ghost = ghosts.pop(id(tensor), None)
            if ghost is not None:
                tensor.grad = ghost if tensor.grad is None else tensor.grad + ghost

        return hook

    def after(_: int, optimizer: Any) -> None:
        for tensor in _stepping.held(optimizer):
            if tensor.grad is not None and not tensor.grad.is_sparse:
                ghosts[id(tensor)] = tensor.grad.detach().clone()

    for tensor in tensors:
        tensor.register_hook(returns(tensor))
    for place, optimizer in enumerate(_training.optimizers(state)):
        optimizer.register_step_post_hook(lambda chosen, *_, at=place: after(at, chosen))


@dataclass(frozen=True, kw_only=True, slots=True)
class Zeroed:
    """Looks at what lies in each gradient when the next one arrives."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"gradients add up": _kept, "that of the largest adds up": _one_kept}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Watches every tensor's gradient over a few steps."""
        state = _training.fresh(live, ask.seed)
        watch = _Watch(state)
        steps = ask.windows or self.windows
        with watch.hooked(), _stepping.watching(state, watch.before, watch.after):
            for step in range(steps):
                watch.step = step
                _training.advance(live, state, 1, first=step)
        return Finding(
            total=watch.judged,
            unit="gradients used",
            measured=f"{len(watch.leaks)} tensors with some of the step before",
            threshold="0",
            detail=f"{steps} steps",
            reason=None if watch.judged else Reason.VACUOUS,
            witnesses=tuple(watch.leaks.values())[:20],
        )


class _Watch:
    """What is known of each tensor's gradient since an optimizer last stepped it."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.names = _stepping.names(state)
        self.used: set[int] = set()  # stepped, and nothing has arrived since
        self.stale: dict[int, float] = {}  # the norm of what lay there when the next gradient arrived
        self.leaks: dict[int, Witness] = {}
        self.last: dict[int, bytes] = {}  # what was used last, of tensors at which nothing arrives
        self.judged = 0
        self.step = 0

    def hooked(self) -> Any:
        """Returns a context in which arriving gradients are seen."""
        from contextlib import ExitStack

        stack = ExitStack()
        for tensor in _stepping.trained(self.state).values():
            stack.callback(tensor.register_hook(self._arrives(tensor)).remove)
        return stack

    def _arrives(self, tensor: Any) -> Callable[[Any], None]:
        def hook(_: Any) -> None:
            left = _size(tensor)
            if not left:
                self.stale.pop(id(tensor), None)
            elif id(tensor) in self.used:
                self.stale[id(tensor)] = left
            self.used.discard(id(tensor))

        return hook

    def before(self, _: int, optimizer: Any) -> None:
        """Judges the gradients that an optimizer is about to use."""
        for tensor in _stepping.held(optimizer):
            if tensor.grad is None:
                continue
            left = self.stale.get(id(tensor), 0.0)
            if id(tensor) in self.used and self.last.get(id(tensor)) == _batches.bits(tensor.grad):
                left = _size(tensor)
            self.judged += id(tensor) in self.names
            if left and id(tensor) in self.names:
                self.leaks.setdefault(id(tensor), self._witness(id(tensor), left))

    def after(self, _: int, optimizer: Any) -> None:
        """Marks the gradients that an optimizer has used."""
        for tensor in _stepping.held(optimizer):
            if tensor.grad is not None:
                self.used.add(id(tensor))
                self.last[id(tensor)] = _batches.bits(tensor.grad)
                self.stale.pop(id(tensor), None)

    def _witness(self, key: int, left: float) -> Witness:
        return Witness(
            where=f"{self.names[key]} in step {self.step}",
            found=f"a gradient of norm {left:.3g} left by the step before",
            expected="none or zero: is it zeroed before every backward, for every tensor?",
        )


def _size(tensor: Any) -> float:
    found = _stepping.gradient(tensor)
    return 0.0 if found is None else float(found.norm())


INVARIANT = Zeroed()
