"""Gradients are clipped to the declared norm after they are unscaled, and the logged norm is the one before.

Source: a clip that comes before unscaling bounds scaled gradients and lets next to nothing through; one on
other tensors, or a norm that is logged after it, bounds nothing that anyone sees. Gradients are enlarged as
they arrive, 64 times the declared norm, so that the clip must act; what reaches the optimizer is then between
half the declared norm and that norm, up to rounding: of all tensors, or of each optimizer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS, TRIES, LARGE = 2, 12, 64.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Norms:
    """The norms of one step: as they arrived and reached each optimizer, what was logged, and a tolerance."""

    arrived: tuple[float, ...]
    reached: tuple[float, ...]
    logged: float | None
    slack: float


def _undone(live: Live) -> Live:
    """Gives the optimizer gradients sixteen times as large as what was clipped."""
    return _stepping.each_call(live, before=_times(16.0))


def _before_unscaling(live: Live) -> Live:
    """Gives the optimizer what is left of a clip that came before gradients were unscaled."""
    return _stepping.each_call(live, before=_times(2.0**-10))


def _times(factor: float) -> Callable[[int, Any], None]:
    def before(_: int, optimizer: Any) -> None:
        for tensor in _stepping.held(optimizer):
            if tensor.grad is not None:
                tensor.grad.mul_(factor)

    return before


def _logged_after(live: Live) -> Live:
    clip = _training.trainer(live).declared.clip

    def change(_: Any, __: Any, take: Callable[[], Any]) -> Any:
        return dict(take() or {}) | {"grad_norm": clip}

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clipped:
    """Measures the gradients that reach the optimizer when they are large."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the clip is undone": _undone,
            "it comes before unscaling": _before_unscaling,
            "the norm after it is logged": _logged_after,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes a step as it is, then steps with enlarged gradients."""
        clip = _training.trainer(live).declared.clip
        if not clip:
            raise InputError(
                "declares no clip: the largest norm that reaches the optimizer", reason="UNSUPPORTED"
            )
        state = _training.fresh(live, ask.seed)
        factor, taken, witnesses = 1.0, list[_Norms](), list[Witness]()
        for step in range(TRIES):
            norms = _norms(live, state, step, factor)
            if not norms.reached:
                continue  # skipped, as what overflows is
            if factor == 1.0:
                factor = LARGE * clip / (max(norms.arrived) or 1.0)
                continue
            taken.append(norms)
            witnesses += _wrong(norms, clip, step)
            if len(taken) == (ask.windows or self.windows):
                break
        return _finding(taken, clip, witnesses)


def _finding(taken: list[_Norms], clip: float, witnesses: list[Witness]) -> Finding:
    told = sum(each.logged is not None for each in taken)
    return Finding(
        total=len(taken),
        unit="steps with large gradients",
        measured=f"{max((max(each.reached) for each in taken), default=0.0):.6g} reaches it at most",
        threshold=f"{clip:g}, and half of it",
        detail=f"gradients of up to {LARGE:g} times the norm; {told} norms logged",
        reason=None if taken else Reason.UNJUDGED,
        witnesses=tuple(witnesses[:20]),
    )


def _wrong(norms: _Norms, clip: float, step: int) -> list[Witness]:
    found = []
    together = sum(value * value for value in norms.reached) ** 0.5
    arrived = sum(value * value for value in norms.arrived) ** 0.5
    if together > clip * (1 + norms.slack) and max(norms.reached) > clip * (1 + norms.slack):
        found.append(
            (f"a norm of {max(norms.reached):.6g} reaches the optimizer", f"at most {clip:g}", "not applied")
        )
    if together < clip / 2 < arrived / 2:
        words = (f"a norm of {together:.6g} reaches the optimizer of {arrived:.6g}", f"{clip:g}")
        found.append((*words, "applied before unscaling, or twice"))
    true = [arrived, *norms.arrived]
    if norms.logged is not None and all(abs(norms.logged - each) > norms.slack * each for each in true):
        found.append(
            (f"a norm of {norms.logged:.6g} logged", f"{arrived:.6g}, before it", "logged after the clip")
        )
    return [
        Witness(where=f"step {step}", found=has, expected=f"{wants}: is the clip {why}?")
        for has, wants, why in found
    ]


def _norms(live: Live, state: Any, step: int, factor: float) -> _Norms:
    """Takes a step with gradients multiplied by a factor as they arrive."""
    arrived: dict[str, Any] = {}
    reached: dict[int, dict[str, Any]] = {}
    scaler = getattr(state, "scaler", None)
    scale = float(scaler.get_scale()) if scaler is not None and scaler.is_enabled() else 1.0
    handles = [
        value.register_post_accumulate_grad_hook(_keep(arrived, name, scale))
        for name, value in _stepping.trained(state).items()
    ]
    names = {name: id(value) for name, value in _stepping.trained(state).items()}
    inside: list[set[int]] = [set() for _ in _training.optimizers(state)]

    def before(place: int, optimizer: Any) -> None:
        here = {str(id(each)): _stepping.gradient(each, optimizer) for each in _stepping.held(optimizer)}
        reached[place] = {key: value for key, value in here.items() if value is not None}
        inside[place] = {int(key) for key in here}

    try:
        with _stepping.scaled(state, factor), _stepping.watching(state, before):
            (told,) = _training.advance(live, state, 1, first=step)
    finally:
        for handle in handles:
            handle.remove()
    parts = [{name: each for name, each in arrived.items() if names[name] in held} for held in inside]
    known = [part for part in parts if part] or [arrived]
    count = sum(value.numel() for value in arrived.values())
    unit = max((_stepping.eps(value) for value in _stepping.trained(state).values()), default=0.0)
    return _Norms(
        arrived=tuple(_stepping.norm(part) for part in known),
        reached=tuple(_stepping.norm(each) for each in reached.values()),
        logged=float(told["grad_norm"]) if "grad_norm" in told else None,
        slack=max(2.0**-10, unit * max(8.0, count**0.5)),
    )


def _keep(into: dict[str, Any], name: str, scale: float) -> Callable[[Any], None]:
    def hook(tensor: Any) -> None:
        if (found := _stepping.gradient(tensor)) is not None:
            into[name] = found / scale

    return hook


INVARIANT = Clipped()
