"""A step moves no parameter that got no gradient.

Source: an expert that no token reached must stay as it is; weight decay or momentum that acts on missing or
zero-filled gradients shrinks it step by step (a norm drift of 0 becomes one of 22 %). What the program leaves
without a gradient by itself is watched, also on batches of which all rows are one row, which reach fewer
parts. Then the gradients of every third tensor and of the largest are taken away as the optimizer begins; an
optimizer that fills these is blamed only in a program that leaves some tensor without one, since nothing else
ever meets what it would do. Bits are compared; a drift below one unit of rounding a step, as a
renormalisation leaves it, is none, and neither is noise: moves that other random numbers turn elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

WARM, STEPS, UNITS = 2, 4, 1
NOISE = 6.0
"""So many standard deviations of the cosine between two random directions are the same direction."""


def _starved(live: Live) -> Live:
    """Takes the gradient of the largest tensor away before every call of the optimizer."""
    _stepping.holds_its_own(live)

    def before(_: int, optimizer: Any) -> None:
        every = _stepping.held(optimizer)
        max(every, key=lambda each: each.numel()).grad = None

    return _stepping.each_call(live, before)


def _zero_filled(live: Live) -> Live:
    """Fills missing gradients with zeros and shrinks what has such, as a decay of everything does."""

    def before(_: int, optimizer: Any) -> None:
        import torch

        with torch.no_grad():
            for tensor in _stepping.held(optimizer):
                if tensor.grad is None:
                    tensor.grad = torch.zeros_like(tensor)
                    tensor.mul_(1 - 2.0**-4)

    return _stepping.each_optimizer_step(_starved(live), before)


def _decays_all(live: Live) -> Live:
    """Decays every parameter by hand after the step, whether or not it got a gradient."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        told = take()
        with torch.no_grad():
            for tensor in _stepping.every(state):
                tensor.mul_(1 - 2.0**-4)
        return told

    return _stepping.each_step(_starved(live), change)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """The tensors that got no gradient in any of some steps: where they were before and after."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def drifts(self) -> dict[str, float]:
        """Returns the relative distance of each."""
        return {name: _drift(self.before[name], each) for name, each in self.after.items()}

    def moved(self, steps: int) -> dict[str, float]:
        """Returns those of more than rounding."""
        return {
            name: drift
            for name, drift in self.drifts().items()
            if drift > UNITS * steps * _stepping.eps(self.after[name])
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Unasked:
    """Looks for tensors that move without a gradient."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "missing gradients are filled and decayed": _zero_filled,
            "everything is decayed by hand": _decays_all,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps as they are and on one row, and steps in which some tensors get no gradient."""
        steps = ask.windows or self.windows
        ways = {"as it is": (False, False), "on one row": (False, True), "taken away": (True, False)}
        tried = {word: _tried(live, ask.seed, steps, *way) for word, way in ways.items()}
        natural = bool(tried["as it is"].after or tried["on one row"].after)
        moved: dict[str, tuple[str, float]] = {}
        for word, way in ways.items():
            found = tried[word].moved(steps)
            if found and (natural or word != "taken away"):
                again = _tried(live, ask.seed, steps, *way, noise=1)
                moved |= {
                    name: (word, drift)
                    for name, drift in found.items()
                    if name not in moved and not _noise(tried[word], again, name)
                }
        filled = {} if natural else tried["taken away"].moved(steps)
        quiet = {name for each in tried.values() for name in each.after} - set(filled)
        most = max((drift for _, drift in moved.values()), default=0.0)
        return Finding(
            total=len(quiet),
            unit="tensors without a gradient",
            measured=f"{len(moved)} of {len(quiet)} moved, the most by {most:.3g}",
            threshold=f"{UNITS * steps} units of rounding",
            detail=f"{steps} steps"
            + (f"; the optimizer would move {len(filled)} others, which never lack one" if filled else ""),
            reason=None if quiet else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=name,
                    found=f"moved by {drift:.3g} of its norm in {steps} steps without a gradient, {word}",
                    expected="as it was: decay or momentum acts on what got no gradient",
                )
                for name, (word, drift) in sorted(moved.items(), key=lambda pair: -pair[1][1])[:20]
            ),
        )


def _tried(live: Live, seed: int, steps: int, away: bool, narrow: bool, noise: int = 0) -> _Tried:  # noqa: FBT001
    """Takes steps until momentum exists and some more; returns what got no gradient in any of these."""
    state = _training.fresh(live, seed)
    warm = WARM if _torchs_own(state) else 0
    _training.advance(live, state, warm)
    named = _stepping.names(state)
    chosen = _chosen(state, named) if away else set()
    asked, taken = set[str](), [0]

    def before(_: int, optimizer: Any) -> None:
        taken[0] += 1
        for tensor in _stepping.held(optimizer):
            name = named.get(id(tensor), "")
            if name in chosen:
                tensor.grad = None
            elif tensor.grad is not None and bool(tensor.grad.any()):
                asked.add(name)

    start = _training.weights(state)
    if noise:
        _training.seed_all(seed + noise)
    with _stepping.watching(state, before):
        try:
            for step in range(warm, warm + steps):
                _step(live, state, step, narrow=narrow)
        except (AttributeError, TypeError) as problem:
            if not away:
                raise
            raise InputError(
                f"the optimizer takes no missing gradient: {problem}", reason="UNSUPPORTED"
            ) from problem
    quiet = _held_weights(state, named) if taken[0] else {}
    after = {name: each for name, each in quiet.items() if name not in asked and name in start}
    return _Tried(before=start, after={name: each.clone() for name, each in after.items()})


def _step(live: Live, state: Any, step: int, *, narrow: bool) -> None:
    """Takes a step, on a batch of one row as often as it has rows where ``narrow``."""
    count = _training.trainer(live).batches or step + 1
    batch = _training.batch(live, step % count)
    rows = _batches.rows(batch)
    _stepping.step_of(live)(state, _batches.taken_rows(batch, [0] * rows) if narrow and rows else batch)


def _noise(one: _Tried, two: _Tried, name: str) -> bool:
    """Tells whether what moved a tensor went elsewhere with other random numbers."""
    if name not in two.after:
        return True
    first, second = (
        (each.after[name].double() - each.before[name].double()).flatten() for each in (one, two)
    )
    size = float(first.norm() * second.norm())
    return size > 0 and float(first @ second) <= min(0.99, NOISE / first.numel() ** 0.5) * size


def _torchs_own(state: Any) -> bool:
    """Tells whether every optimizer is of torch's kind; a wrapper may pull weights back."""
    import torch

    return all(isinstance(each, torch.optim.Optimizer) for each in _training.optimizers(state))


def _chosen(state: Any, named: Mapping[int, str]) -> set[str]:
    """Returns every third name that an optimizer holds and the largest; never all of them."""
    inside = [tensor for optimizer in _training.optimizers(state) for tensor in _stepping.held(optimizer)]
    order = [named[id(tensor)] for tensor in inside if id(tensor) in named]
    if len(order) < 2:
        return set(order)
    big = max((tensor for tensor in inside if id(tensor) in named), key=lambda each: each.numel())
    return {*order[1::3], named[id(big)]}


def _held_weights(state: Any, named: Mapping[int, str]) -> dict[str, Any]:
    """Returns the model's parameters that an optimizer holds, or whose copies it holds."""
    inside = {
        named.get(id(tensor))
        for optimizer in _training.optimizers(state)
        for tensor in _stepping.held(optimizer)
    }
    return {name: value.detach() for name, value in state.model.named_parameters() if name in inside}


def _drift(before: Any, after: Any) -> float:
    """Returns the relative distance between two tensors."""
    size = float(before.double().norm()) or 1.0
    return float((after.double() - before.double()).norm()) / size


INVARIANT = Unasked()
