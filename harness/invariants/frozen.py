"""No step moves a tensor that is frozen: declared so, or taking no gradient.

Source: a frozen table drifts when it stays in an optimizer that decays it, is averaged with another, or is
written by hand. Bits are compared. What is declared frozen, parameter or buffer, never changes. What merely
takes no gradient never changes in an optimizer's step; outside it, it may only follow another parameter of
its shape along a straight line, as the slow copy of a teacher does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 3
STRAIGHT = 0.999
"""The cosine from which a move is one towards another tensor; that of unrelated tensors is near 0."""


def _drifts(live: Live) -> Live:
    """Moves one frozen tensor a little after every step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        for tensor in list(_frozen(live, state).values())[:1]:
            _training.nudged(tensor)
        return told

    return _stepping.each_step(live, change)


def _decays(live: Live) -> Live:
    """Decays every frozen tensor inside the optimizer's step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        def after(_: int, __: Any) -> None:
            with torch.no_grad():
                for tensor in _frozen(live, state).values():
                    _training.nudged(tensor)

        with _stepping.watching(state, after=after):
            return take()

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """Looks for frozen tensors that move."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"a frozen tensor drifts": _drifts, "frozen tensors decay": _decays}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares every frozen tensor's bits around each step, and around the optimizer's part of it."""
        state = _training.fresh(live, ask.seed)
        declared = _training.trainer(live).declared.frozen
        watched = _frozen(live, state)
        witnesses: dict[str, Witness] = {}
        steps = ask.windows or self.windows
        for step in range(steps):
            inner: dict[str, Any] = {}

            def before(_: int, __: Any, into: dict[str, Any] = inner) -> None:
                into.update(_copies(watched))

            def after(_: int, __: Any, kept: dict[str, Any] = inner, at: int = step) -> None:
                for name, size in _training.differing(kept, _copies(watched)):
                    if _told(declared, name) or _still(state, name):
                        witnesses.setdefault(name, _moved(name, size, f"the optimizer's step {at}"))

            outer, others = _copies(watched), _training.weights(state)
            with _stepping.watching(state, before, after):
                _training.advance(live, state, 1, first=step)
            for name, size in _training.differing(outer, _copies(watched)):
                strays = _still(state, name) and not any(
                    _follows(outer[name], watched[name], name, each)
                    for each in (others, _training.weights(state))
                )
                if _told(declared, name) or strays:
                    witnesses.setdefault(name, _moved(name, size, f"step {step}"))
        return Finding(
            total=len(watched),
            unit="frozen tensors",
            measured=f"{len(witnesses)} of {len(watched)} moved",
            threshold="0",
            detail=f"{steps} steps",
            reason=None if watched else Reason.VACUOUS,
            witnesses=tuple(witnesses.values())[:20],
        )


def _told(declared: tuple[str, ...], name: str) -> bool:
    return any(_stepping.is_named(name, word) for word in declared)


def _moved(name: str, size: float, when: str) -> Witness:
    return Witness(
        where=f"{name} in {when}",
        found=f"changed by up to {size:.3g}",
        expected="no bit changed: is it decayed, averaged or written outside the loss?",
    )


def _frozen(live: Live, state: Any) -> dict[str, Any]:
    """Returns what may not move: declared parameters and buffers, and parameters that take no gradient."""
    parameters = dict(state.model.named_parameters(remove_duplicate=False))
    every = parameters | dict(state.model.named_buffers())
    found = {name: value for name, value in parameters.items() if not value.requires_grad}
    for word in _training.trainer(live).declared.frozen:
        meant = {name: value for name, value in every.items() if _stepping.is_named(name, word)}
        if not meant:
            raise InputError(f"declares frozen {word!r}, and the model has no such tensor")
        found |= meant
    return found


def _copies(watched: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in watched.items()}


def _still(state: Any, name: str) -> bool:
    """Tells whether a parameter takes no gradient still, after the step."""
    value = dict(state.model.named_parameters(remove_duplicate=False)).get(name)
    return value is not None and not value.requires_grad


def _follows(before: Any, after: Any, own: str, others: Mapping[str, Any]) -> bool:
    """Tells whether a tensor went straight towards where another parameter of its shape is."""
    move = (after.detach() - before).double().flatten()
    for name, other in others.items():
        if name == own or other.shape != before.shape:
            continue
        way = (other - before).double().flatten()
        if float(move @ way) > STRAIGHT * float(move.norm() * way.norm()):
            return True
    return False


INVARIANT = Frozen()
