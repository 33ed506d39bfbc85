"""What an optimizer keeps at the end of one step is what it finds at the beginning of the next.

Source: an optimizer that is made anew for every chunk, epoch or step, or whose momentum is dropped, is
another optimizer than the one that is named: its first step is taken again and again. Between two steps
nothing may change, drop or replace what it keeps. Bits are compared, as its next step begins; an optimizer
that takes another's place must bring the other's state along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 5


def _kept(live: Live) -> None:
    """Raises ``InputError`` where the optimizer keeps nothing that could be lost."""
    state = _training.fresh(live)
    _training.advance(live, state, 1)
    if not any(value.numel() > 1 for _, value in _training.optimizer_tensors(state)):
        raise InputError("the optimizer keeps nothing", reason="VACUOUS")


def _dropped(live: Live) -> Live:
    """Drops what the optimizers keep before every step."""
    _kept(live)

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        for optimizer in _training.optimizers(state):
            optimizer.state.clear()
        return take()

    return _stepping.each_step(live, change)


def _halved(live: Live) -> Live:
    """Halves the first large tensor that an optimizer keeps, after every step."""
    _kept(live)

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        every = (each for _, each in _training.optimizer_tensors(state) if each.numel() > 1)
        first = next(every, None)
        if first is not None:
            first.mul_(0.5)
        return take()

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class StateKept:
    """Compares what the optimizers keep at the end of each step and at the beginning of the next."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"it is dropped before each step": _dropped, "a part is halved": _halved}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and looks at the state as each optimizer begins."""
        state = _training.fresh(live, ask.seed)
        witnesses: list[Witness] = []
        judged = 0
        for step in range(ask.windows or self.windows):
            ended = _copies(state)
            begins: list[dict[str, Any]] = []

            def before(_: int, __: Any, into: list[dict[str, Any]] = begins) -> None:
                if not into:
                    into.append(_copies(state))

            with _stepping.watching(state, before):
                held = _training.optimizers(state)
                _training.advance(live, state, 1, first=step)
            anew = any(one is not two for one, two in zip(held, _training.optimizers(state), strict=False))
            if not ended or not (begins or anew):
                continue  # nothing was kept yet, or no step was taken
            begun = begins[0] if begins else {}
            judged += len(ended)
            wrong = [name for name, _ in _training.differing(ended, begun)]
            witnesses += [_witness(step, name, ended, begun) for name in wrong]
        return Finding(
            total=judged,
            unit="tensors of state between steps",
            measured=f"{len(witnesses)} are not what was kept",
            threshold="0",
            detail=f"{ask.windows or self.windows} steps",
            reason=None if judged else Reason.VACUOUS,
            witnesses=tuple(witnesses[:20]),
        )


def _copies(state: Any) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in _training.optimizer_tensors(state)}


def _witness(step: int, name: str, ended: Mapping[str, Any], begun: Mapping[str, Any]) -> Witness:
    size = float(ended[name].double().norm()) if name in ended else 0.0
    found = f"norm {float(begun[name].double().norm()):.6g}" if name in begun else "nothing"
    return Witness(
        where=f"{name} as step {step} begins",
        found=found,
        expected=f"norm {size:.6g}, as it was left: is the optimizer made anew, or its state dropped?",
    )


INVARIANT = StateKept()
