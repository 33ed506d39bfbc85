"""What the optimizer keeps for a tensor is its own: shared with no other, and of its own gradients.

Source: state that is loaded by position into groups of another order gives each tensor the momentum of
another of its shape; state that is a view of a weight, or shared, changes with it. Memory of different
tensors may not overlap. State of a tensor follows its own gradients: after the first step its momentum is
along the gradient and its second moment along the square, so that for two tensors of one shape the cosines
with their own gradients must not be less, by more than one in sum, than with each other's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

TRIES = 6


def _pairs(optimizer: Any) -> Iterator[tuple[Any, Any]]:
    """Yields neighbouring tensors of one shape, of more than one value, that an optimizer holds."""
    every = [each for each in _stepping.held(optimizer) if each.numel() > 1]
    for one, two in combinations(every, 2):
        if one.shape == two.shape:
            yield one, two


def _meddled(live: Live, meddle: Callable[[Any, Any, Any], None]) -> Live:
    """Changes the state of the first two tensors of one shape after every step."""

    def first(state: Any) -> tuple[Any, Any, Any] | None:
        found = ((each, *pair) for each in _training.optimizers(state) for pair in _pairs(each))
        return next(found, None)

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told, chosen = take(), first(state)
        if chosen and all(each in chosen[0].state for each in chosen[1:]):
            meddle(*chosen)
        return told

    if first(_training.trainer(live).start(0)) is None:
        raise InputError("no two tensors of one shape", reason="VACUOUS")
    return _stepping.each_step(live, change)


def _swapped(live: Live) -> Live:
    def meddle(optimizer: Any, one: Any, two: Any) -> None:
        optimizer.state[one], optimizer.state[two] = optimizer.state[two], optimizer.state[one]

    return _meddled(live, meddle)


def _shared(live: Live) -> Live:
    def meddle(optimizer: Any, one: Any, two: Any) -> None:
        optimizer.state[two] = optimizer.state[one]

    return _meddled(live, meddle)


@dataclass(frozen=True, kw_only=True, slots=True)
class StateOwned:
    """Looks for optimizer state that is another tensor's."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = TRIES
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"two states are swapped": _swapped, "two tensors share one": _shared}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes one step and compares what the optimizer keeps with the gradients that it used."""
        state = _training.fresh(live, ask.seed)
        named, gradients = _stepping.names(state), dict[int, Any]()

        def before(_: int, optimizer: Any) -> None:
            for tensor in _stepping.held(optimizer):
                if (found := _stepping.gradient(tensor, optimizer)) is not None:
                    gradients[id(tensor)] = found

        with _stepping.watching(state, before):
            for step in range(ask.windows or self.windows):
                _training.advance(live, state, 1, first=step)
                if gradients:
                    break
        kept = dict(_training.optimizer_tensors(state))
        large = {name: value for name, value in kept.items() if value.numel() > 1}
        witnesses = list(_overlaps(state, large))
        pairs = [(each, *pair) for each in _training.optimizers(state) for pair in _pairs(each)]
        for optimizer, one, two in pairs:
            if _crossed(optimizer, one, two, gradients):
                witnesses.append(_witness(f"{named.get(id(one))} and {named.get(id(two))}"))
        return Finding(
            total=len(large),
            unit="tensors of state",
            measured=f"{len(witnesses)} shared or swapped",
            threshold="0",
            detail=f"{len(pairs)} pairs of one shape",
            reason=None if large else Reason.VACUOUS,
            witnesses=tuple(witnesses[:20]),
        )


def _witness(where: str) -> Witness:
    return Witness(
        where=where,
        found="each one's state is along the other's gradient",
        expected="along its own: was state loaded by position into groups of another order?",
    )


def _overlaps(state: Any, kept: Mapping[str, Any]) -> Iterator[Witness]:
    """Yields the tensors of state that share memory with another or with a parameter."""
    every = dict(state.model.named_parameters()) | dict(kept)
    spans = sorted(
        (each.data_ptr(), each.data_ptr() + each.numel() * each.element_size(), name)
        for name, each in every.items()
        if each.numel() and str(each.layout) == "torch.strided" and each.is_contiguous()
    )
    for (_, end, one), (begin, _, two) in pairwise(spans):
        if begin < end and (one in kept or two in kept):
            yield Witness(
                where=f"{one} and {two}",
                found="share memory",
                expected="memory of their own: was state assigned without a copy?",
            )


def _crossed(optimizer: Any, one: Any, two: Any, gradients: Mapping[int, Any]) -> bool:
    """Tells whether the states of two tensors are along each other's gradients rather than their own."""
    a, b = gradients.get(id(one)), gradients.get(id(two))
    kept, other = optimizer.state.get(one, {}), optimizer.state.get(two, {})
    if a is None or b is None or not isinstance(kept, Mapping) or not isinstance(other, Mapping):
        return False
    for key in kept.keys() & other.keys():
        mine, yours = kept[key], other[key]
        if getattr(mine, "shape", None) != a.shape or getattr(yours, "shape", None) != b.shape:
            continue
        for power in (1, 2):
            own = _cosine(mine, a**power) + _cosine(yours, b**power)
            cross = _cosine(mine, b**power) + _cosine(yours, a**power)
            if cross - own > 1:
                return True
    return False


def _cosine(kept: Any, gradient: Any) -> float:
    """Returns the size of the cosine between two tensors; 0 where one is zero."""
    flat, other = kept.detach().double().flatten(), gradient.flatten()
    size = float(flat.norm() * other.norm())
    return abs(float(flat @ other)) / size if size else 0.0


INVARIANT = StateOwned()
