"""Weight decay acts on the tensors that it is declared for, on no other, and as strongly as their group says.

Source: decay on norms and biases, or none on what should have it, is a wrong group, and a group's field says
nothing of what a step does. So the first steps are taken with gradients of exactly zero: all that moves then
is decay. Where it is proportional to the tensor (AdamW, SGD) it is held against rate times decay, as closely
as the tensor's precision tells; else only whether there is any. A decay that is too small for the precision
or a rate of zero leaves a tensor undecided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS, UNITS, SIGNED, NOISE = 4, 16, 32, 6.0
"""``SIGNED`` times what an update of the rate in every value takes is more than any normalised decay;
``NOISE`` standard deviations of noise that a program adds are taken for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pull:
    """What a step without gradients did to a tensor: its share lost, and rate × decay by its group."""

    name: str
    share: float
    wanted: float
    proportional: bool
    signed: float
    unit: float


def _by_hand(live: Live) -> Live:
    """Turns the largest parameter over after every step, far beyond any decay."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        told = take()
        with torch.no_grad():
            big = _training.largest(state.model)[1].shape
            for tensor in _stepping.every(state):
                tensor.mul_(-64.0 if tensor.shape == big else 1.0)
        return told

    return _stepping.each_step(live, change)


def _everywhere(live: Live) -> Live:
    """Decays every tensor alike, strongly, inside the optimizer's step."""

    def before(_: int, optimizer: Any) -> None:
        import torch

        with torch.no_grad():
            for tensor in _stepping.held(optimizer):
                tensor.mul_(2.0**-6)

    return _stepping.each_optimizer_step(live, before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decayed:
    """Measures the decay of every tensor."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the largest is moved by hand": _by_hand, "everything decays": _everywhere}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps without gradients and holds what moved against the groups and what is declared."""
        pulls = _pulls(live, ask.seed, ask.windows or self.windows)
        spared = _training.trainer(live).declared.undecayed
        any_decay = any(pull.wanted for pull in pulls)
        witnesses, undecided = [], 0
        for pull in pulls:
            bare = any(word in pull.name for word in spared)
            seen = pull.wanted > UNITS * pull.unit
            if pull.share > UNITS * pull.unit and (bare or not pull.wanted):
                witnesses.append(
                    _witness(pull, "none: it is declared without decay" if bare else "none, by its group")
                )
            elif spared and not bare and not pull.wanted and any_decay:
                witnesses.append(_witness(pull, "decay: it is not among those declared without"))
            elif pull.wanted and not seen:
                undecided += 1
            elif pull.wanted and not bare and _off(pull):
                witnesses.append(_witness(pull, f"a share of {pull.wanted:.3g}, rate times decay"))
        return Finding(
            total=len(pulls),
            unit="tensors in a group",
            measured=f"{len(witnesses)} of {len(pulls)} decay otherwise",
            threshold=f"{UNITS} units of rounding",
            undecided=undecided,
            detail="steps with gradients of zero",
            reason=None if len(pulls) > undecided else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _witness(pull: _Pull, wanted: str) -> Witness:
    return Witness(
        where=pull.name,
        found=f"a share of {pull.share:.3g} lost in a step without gradient",
        expected=f"{wanted}: is it in the wrong group, or decayed twice or by hand?",
    )


def _off(pull: _Pull) -> bool:
    """Tells whether a decay that its group asks for is absent, or of another size."""
    if not pull.proportional:
        return not pull.unit < pull.share < SIGNED * (pull.wanted + pull.signed)
    return abs(pull.share - pull.wanted) > UNITS * pull.unit + pull.wanted / 8


def _pulls(live: Live, seed: int, steps: int) -> list[_Pull]:
    """Returns what the first step that has a rate does to each tensor when all gradients are zero."""
    state = _training.fresh(live, seed)
    named = _stepping.names(state)
    asked: dict[str, tuple[Any, float, bool, float]] = {}

    def before(_: int, optimizer: Any) -> None:
        import torch

        for group in _stepping.groups(optimizer):
            for tensor in group["params"]:
                if tensor.grad is None or id(tensor) not in named:
                    continue
                with torch.no_grad():
                    tensor.grad = torch.zeros_like(tensor.grad)
                    if not bool(tensor.any()):
                        tensor.fill_(1.0)  # what is zero shows no decay
                asked[named[id(tensor)]] = (tensor, *_asked(optimizer, group))

    for step in range(steps):
        asked.clear()
        kept: dict[str, Any] = {}

        def now(place: int, optimizer: Any, into: dict[str, Any] = kept) -> None:
            before(place, optimizer)
            into.update({n: each[0].detach().double().clone() for n, each in asked.items() if n not in into})

        with _stepping.watching(state, now):
            _training.advance(live, state, 1, first=step)
        if any(wanted for _, wanted, *_ in asked.values()) or (asked and step == steps - 1):
            break
    moves = {name: kept[name] - each[0].detach().double() for name, each in asked.items()}
    noise = NOISE / UNITS * _noise(kept, moves)
    found = []
    for name, (tensor, wanted, proportional, rate) in asked.items():
        if bool(tensor.isfinite().all()):
            size = float(kept[name].norm()) or 1.0
            found.append(
                _Pull(
                    name=name,
                    share=_share(kept[name], moves[name]),
                    wanted=wanted,
                    proportional=proportional and step == 0,
                    signed=rate * tensor.numel() ** 0.5 / size,
                    unit=max(_stepping.eps(tensor), noise / size),
                )
            )
    return found


def _share(before: Any, lost: Any) -> float:
    """Returns how much of a tensor is lost along itself, relative to it."""
    return float((lost * before).sum()) / (float(before.square().sum()) or 1.0)


def _noise(kept: Mapping[str, Any], moves: Mapping[str, Any]) -> float:
    """Returns the root mean square of what moved across the tensors: no decay, but noise that is added."""
    across = [lost - _share(kept[name], lost) * kept[name] for name, lost in moves.items()]
    total = sum(float(each.square().sum()) for each in across if bool(each.isfinite().all()))
    return math.sqrt(total / max(1, sum(each.numel() for each in across)))


def _asked(optimizer: Any, group: Mapping[str, Any]) -> tuple[float, bool, float]:
    """Returns rate × decay of a group, whether its optimizer shrinks by that share, and the rate."""
    decay, rate = float(group.get("weight_decay") or 0.0), float(group.get("lr") or 0.0)
    kind = type(optimizer)
    own = kind.__module__.startswith("torch.optim")
    plain = kind.__name__ in ("SGD", "AdamW") or bool(group.get("decoupled_weight_decay"))
    return rate * decay, own and plain and not group.get("nesterov"), rate


INVARIANT = Decayed()
