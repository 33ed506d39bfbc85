"""Updates are not lost to rounding: the weights move as far as the optimizer asks.

Source: in bfloat16 a weight of 1 has no neighbour nearer than 2^-8, so that an update of a thousandth leaves
it where it was, every time; sound programs keep master weights, the remainder, or round at random. What the
optimizer asks for is its own step in double precision, from the same gradients and state. It is lost where
most values that should move do not change a bit and less than half of the way, summed over all values, is
gone. A copy in higher precision that rounds to the weights, or a remainder that the optimizer keeps, counts
as the weight.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS, FEW = 3, 256


@dataclass(frozen=True, kw_only=True, slots=True)
class _Share:
    """What became of the updates of one tensor: how many values were asked to move, how many did not."""

    asked: int = 0
    still: int = 0
    way: float = 0.0
    gone: float = 0.0

    def __add__(self, other: _Share) -> _Share:
        return _Share(
            asked=self.asked + other.asked,
            still=self.still + other.still,
            way=self.way + other.way,
            gone=self.gone + other.gone,
        )

    @property
    def lost(self) -> bool:
        """Tells whether most values stayed and most of the way was not gone."""
        return 2 * self.still > self.asked and 2 * self.gone < self.way


def _rounds(live: Live) -> Live:
    """Puts every value back after each step, unless it moved the most of a large tensor."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        before = {id(each): each.detach().clone() for each in _stepping.every(state)}
        told = take()
        with torch.no_grad():
            for tensor in _stepping.every(state):
                move = (tensor - before[id(tensor)]).abs()
                tensor.copy_(
                    torch.where((move < move.max()) | (move.numel() < FEW), before[id(tensor)], tensor)
                )
        return told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatesKept:
    """Compares what moved with what was asked to move."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"small updates are rounded away": _rounds}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps, each also in double precision, and compares the two."""
        state = _training.fresh(live, ask.seed)
        shares: dict[str, _Share] = {}
        for step in range(ask.windows or self.windows):
            for name, share in _step(live, state, step).items():
                shares[name] = shares.get(name, _Share()) + share
        whole = sum(shares.values(), _Share())
        lost = sorted(name for name, share in shares.items() if share.lost) if whole.lost else []
        return Finding(
            total=whole.asked,
            unit="updates of a value",
            measured=f"{whole.still / max(whole.asked, 1):.3%} vanished, "
            f"{whole.gone / (whole.way or 1.0):.3g} of the way gone",
            threshold="half of them, and half of the way",
            detail=f"{len(shares)} tensors, {len({*_kinds(state)})} precisions",
            reason=None if whole.asked else Reason.UNJUDGED,
            witnesses=tuple(_witness(name, shares[name]) for name in lost[:20]),
        )


def _witness(name: str, share: _Share) -> Witness:
    return Witness(
        where=name,
        found=f"{share.still} of {share.asked} updates vanished",
        expected="at most half: keep master weights in single precision, or round at random",
    )


def _kinds(state: Any) -> set[str]:
    return {str(each.dtype) for each in _stepping.trained(state).values()}


def _step(live: Live, state: Any, step: int) -> dict[str, _Share]:
    """Takes one step; returns for each tensor what was asked of it and what it did."""
    named = _stepping.names(state)
    wanted: dict[str, tuple[Any, list[Any]]] = {}
    kept: dict[str, tuple[Any, list[Any]]] = {}

    def before(_: int, optimizer: Any) -> None:
        here = [each for each in _stepping.held(optimizer) if each.grad is not None and id(each) in named]
        for each in here:
            kept[named[id(each)]] = (each.detach().double().clone(), _copies(optimizer, each))
        for each, asked in zip(here, _asked(optimizer, here), strict=True):
            wanted[named[id(each)]] = (asked, [each, optimizer])

    with _stepping.watching(state, _once(before)):
        _training.advance(live, state, 1, first=step)
    return {
        name: _share(
            asked - kept[name][0], owner[0].detach().double() - kept[name][0], _moved(kept[name], *owner)
        )
        for name, (asked, owner) in wanted.items()
    }


def _once(moment: Callable[[int, Any], None]) -> Callable[[int, Any], None]:
    """Returns what does not call itself while it runs, as a step taken inside it would."""
    inside = [False]

    def called(place: int, optimizer: Any) -> None:
        if inside[0]:
            return
        inside[0] = True
        try:
            moment(place, optimizer)
        finally:
            inside[0] = False

    return called


def _asked(optimizer: Any, tensors: list[Any]) -> list[Any]:
    """Returns where an optimizer's step in double precision puts its tensors; puts all of it back."""
    every = _stepping.held(optimizer)
    kept = [(each, each.data, each.grad) for each in every]
    state = {each: copy.deepcopy(optimizer.state[each]) for each in every if each in optimizer.state}
    for each in every:
        grad, each.grad = each.grad, None
        each.data = each.data.double()
        each.grad = None if grad is None else grad.double()
    for each, inner in state.items():
        optimizer.state[each] = _doubled(inner)
    try:
        optimizer.step()
    except RuntimeError as problem:
        raise InputError(
            f"the optimizer steps in one precision only: {problem}", reason="UNSUPPORTED"
        ) from problem
    found = [each.detach().double().clone() for each in tensors]
    for each, data, grad in kept:
        each.grad = None
        each.data = data
        each.grad = grad
        if each in state:
            optimizer.state[each] = state[each]
        else:
            optimizer.state.pop(each, None)
    return found


def _doubled(kept: Any) -> Any:
    """Returns a copy of a tensor's optimizer state in double precision."""
    if not isinstance(kept, Mapping):
        return copy.deepcopy(kept)
    return {
        key: value.detach().double().clone()
        if hasattr(value, "is_floating_point") and value.is_floating_point()
        else copy.deepcopy(value)
        for key, value in kept.items()
    }


def _copies(optimizer: Any, tensor: Any) -> list[Any]:
    """Returns what an optimizer keeps in a tensor's shape: weights or remainders may be among it."""
    kept = optimizer.state.get(tensor, {})
    return [
        value.detach().double().clone()
        for value in (kept.values() if isinstance(kept, Mapping) else ())
        if hasattr(value, "shape") and value.shape == tensor.shape and value.is_floating_point()
    ]


def _moved(kept: tuple[Any, list[Any]], tensor: Any, optimizer: Any) -> list[Any]:
    """Returns the moves of what the optimizer keeps, and of the weight with each added or taken away."""
    now, was = tensor.detach().double(), kept[0]
    pairs = list(zip(_copies(optimizer, tensor), kept[1], strict=False))
    inner = [after - before for after, before in pairs]
    return inner + [now - was + move for move in inner] + [now - was - move for move in inner]


def _share(asked: Any, did: Any, others: list[Any]) -> _Share:
    """Measures a move along the one asked for; one of the others that is within half of it stands for it."""
    size = float(asked.norm())
    best = next((each for each in (did, *others) if float((each - asked).norm()) < size / 2), did)
    some = asked != 0
    return _Share(
        asked=int(some.sum()),
        still=int((some & (best == 0)).sum()),
        way=float(asked.square().sum()),
        gone=float((best * asked).sum()),
    )


INVARIANT = UpdatesKept()
