"""The gradient that reaches the optimizer is that of the loss, up to one positive factor for all tensors.

Source: a gradient that is scaled, turned round or detached in a part trains towards something else, and may
descend all the same; so does a hook or a backward pass of one's own that is wrong. The loss of the same batch
and weights is differentiated apart, in a copy, dropout and batch statistics off and clips evaded, and both
gradients are compared tensor by tensor. The factor between them, that of accumulation or scaling, is the
median of all; where fewer than half of the tensors have just that, each may have its own, as with norms,
and where fewer than half have the direction, the step makes something else of its gradients and nothing is
judged. One of several optimizers may go against the loss as a whole, as an adversary does. A tensor may be
off by a quarter of its gradient, as low precision on one side leaves it, and by sixteen times the median
error of a tensor, of the norm of all: so much is rounding in those that get little.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

SHARE, TIMES, WARM = 0.25, 16.0, 2


def _changed(live: Live, change: Callable[[Any], Any]) -> Live:
    """Changes the gradient of the largest tensor in every step."""

    def stepped(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        handle = _training.largest(state.model)[1].register_hook(change)
        try:
            return take()
        finally:
            handle.remove()

    if len(_stepping.trained(_training.trainer(live).start(0))) < 3:
        raise InputError("one tensor of two may have its own factor", reason="VACUOUS")
    return _stepping.each_step(live, stepped)


def _turned(live: Live) -> Live:
    return _changed(live, lambda found: -found)


def _triple(live: Live) -> Live:
    return _changed(live, lambda found: 3 * found)


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientOfLoss:
    """Compares the gradient that reaches the optimizer with the loss's own."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "batch_loss")
    windows: int = 1
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "that of a tensor is turned round": _turned,
            "one is three times": _triple,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes a step after two others and compares what reached the optimizer."""
        own, reached, parts = both(live, ask.seed)
        steady = _stepping.distance(reached, both(live, ask.seed, more=1)[1]) == 0
        judged: dict[str, str] = {}
        for part in parts if steady else ():
            names = sorted(part & own.keys() & reached.keys())
            told = {name: _Pair.of(own[name], reached[name]) for name in names}
            known = {name: pair for name, pair in told.items() if pair is not None}
            judged |= _judged(known, _stepping.norm(own), against=len(parts) > 1)
        wrong = {name: why for name, why in judged.items() if why}
        return Finding(
            total=max(len(own), len(judged)),
            unit="tensors",
            undecided=len(own) - len(judged) if judged else 0,
            measured=f"{len(wrong)} get another gradient",
            threshold="0",
            detail=f"step {WARM}, dropout off" if steady else "the step draws random numbers",
            reason=None if judged else Reason.UNJUDGED,
            witnesses=tuple(
                Witness(
                    where=f"{name} in step {WARM}",
                    found=why,
                    expected="that of the loss: is it scaled, turned, cut off, or another loss's?",
                )
                for name, why in list(wrong.items())[:20]
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """What reached the optimizer is ``factor`` times the loss's gradient, and is off that by ``apart``."""

    size: float
    factor: float
    apart: float

    @classmethod
    def of(cls, own: Any, reached: Any) -> _Pair | None:
        size = float(own.norm())
        if own.shape != reached.shape or not size or not float(reached.norm()):
            return None
        factor = float((own * reached).sum()) / size**2
        return cls(size=size, factor=factor, apart=float((reached - factor * own).norm()))

    def error(self, factor: float) -> float:
        """Returns how far it is off another multiple, in units of the loss's gradient."""
        off = ((self.factor - factor) * self.size) ** 2 + self.apart**2
        return float(off**0.5 / (abs(factor) or 1.0))


def _judged(pairs: Mapping[str, _Pair], norm: float, *, against: bool) -> dict[str, str]:
    """Returns what is wrong with each tensor of an optimizer that can be judged, empty where nothing is.

    One of several optimizers may be ``against`` the loss as a whole.
    """
    if not pairs:
        return {}
    common = median(pair.factor for pair in pairs.values())
    level = median(pair.error(pair.factor) / pair.size for pair in pairs.values())
    near = TIMES * max(level, 2.0**-20)
    floor = near * norm
    large = {name: pair for name, pair in pairs.items() if pair.size * SHARE > floor}
    straight = [name for name, pair in large.items() if pair.error(pair.factor) <= SHARE * pair.size]
    if 2 * len(straight) < len(large) or not large:
        return {}
    alike = [name for name in straight if large[name].error(common) <= min(near, SHARE) * large[name].size]
    shared = 2 * len(alike) >= len(large)
    turned = against and all(large[name].factor < 0 for name in straight)
    return {name: _why(pair, common if shared else None, -1 if turned else 1) for name, pair in large.items()}


def _why(pair: _Pair, common: float | None, sign: int) -> str:
    if sign * pair.factor <= 0:
        return f"a gradient {pair.factor:.4g} times that of the loss"
    if pair.error(pair.factor) > SHARE * pair.size:
        return f"a gradient {pair.apart / pair.factor / pair.size:.3g} of its norm off that of the loss"
    if common is not None and pair.error(common) > SHARE * pair.size:
        return f"a gradient {pair.factor:.4g} times that of the loss, where most have {common:.4g} times"
    return ""


def _copied(live: Live, state: Any, seed: int) -> Any:
    """Returns a model of the same weights, without hooks; or that of a second training."""
    try:
        return copy.deepcopy(state.model)
    except (RuntimeError, TypeError):
        other = _training.fresh(live, seed)
        _training.advance(live, other, WARM)
        _stepping.quiet(other)
        return other.model


def both(live: Live, seed: int, more: int = 0) -> tuple[dict[str, Any], dict[str, Any], list[set[str]]]:
    """Returns the loss's gradients, those that reach the optimizers, and the names each holds."""
    import torch

    state, cost = _training.fresh(live, seed), _training.part(live, "batch_loss")
    _training.advance(live, state, WARM)
    _stepping.quiet(state)
    batch = _training.batch(live, WARM % (_training.trainer(live).batches or WARM + 1))
    model = _copied(live, state, seed)
    _training.seed_all(seed + more)
    trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
    slopes = torch.autograd.grad(cost(model, batch), list(trained.values()), allow_unused=True)
    own = {
        name: (each.to_dense() if each.is_sparse else each).detach().double()
        for name, each in zip(trained, slopes, strict=True)
        if each is not None
    }
    _training.seed_all(seed + more)
    named = _stepping.names(state)
    parts = [{named.get(id(t), "") for t in _stepping.held(each)} for each in _training.optimizers(state)]
    return own, _stepping.reaching(state, lambda: _stepping.step_of(live)(state, batch)), parts


INVARIANT = GradientOfLoss()
