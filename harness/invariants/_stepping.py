"""What laws of the optimizer's step share: watching it from inside, with the gradients that reach it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Live
from harness.model.problem import InputError

Moment = Callable[[int, Any], None]
"""What is called with the place of an optimizer in the state, and that optimizer."""


def _nothing(_: int, __: Any) -> None:
    return None


@contextmanager
def watching(state: Any, before: Moment = _nothing, after: Moment = _nothing) -> Iterator[None]:
    """Calls ``before`` and ``after`` each step that an optimizer of the state really takes.

    A gradient scaler that skips a step takes none. Optimizers that are none of torch's own are watched
    through their method ``step``.
    """
    handles: list[Callable[[], None]] = []
    for place, optimizer in enumerate(_training.optimizers(state)):
        if hasattr(optimizer, "register_step_pre_hook"):
            handles.append(optimizer.register_step_pre_hook(_hook(before, place)).remove)
            handles.append(optimizer.register_step_post_hook(_hook(after, place)).remove)
        else:
            handles.append(_wrapped(optimizer, place, before, after))
    try:
        yield
    finally:
        for undo in handles:
            undo()


def _hook(moment: Moment, place: int) -> Callable[[Any, Any, Any], None]:
    def called(optimizer: Any, _: Any, __: Any) -> None:
        moment(place, optimizer)

    return called


def _wrapped(optimizer: Any, place: int, before: Moment, after: Moment) -> Callable[[], None]:
    taken = optimizer.step

    @functools.wraps(taken)
    def step(*args: Any, **named: Any) -> Any:
        before(place, optimizer)
        told = taken(*args, **named)
        after(place, optimizer)
        return told

    optimizer.step = step

    def undo() -> None:
        optimizer.step = taken

    return undo


def groups(optimizer: Any) -> Sequence[Any]:
    """Returns an optimizer's parameter groups; raises ``InputError`` where it has none."""
    found = getattr(optimizer, "param_groups", None)
    if found is None:
        raise InputError("an optimizer without parameter groups", reason="UNSUPPORTED")
    return tuple(found)


def held(optimizer: Any) -> list[Any]:
    """Returns the tensors of all groups of an optimizer, in order."""
    return [tensor for group in groups(optimizer) for tensor in group["params"]]


def every(state: Any) -> list[Any]:
    """Returns the parameters of the model and the other tensors that its optimizers hold, each once."""
    inside = [tensor for optimizer in _training.optimizers(state) for tensor in held(optimizer)]
    return list({id(each): each for each in (*state.model.parameters(), *inside)}.values())


def holds_its_own(live: Live) -> None:
    """Raises ``InputError`` where the optimizers hold copies: some faults need the parameters themselves."""
    state = _training.trainer(live).start(0)
    big = _training.largest(state.model)[1]
    if not any(each is big for optimizer in _training.optimizers(state) for each in held(optimizer)):
        raise InputError("the optimizer does not hold the largest parameter itself", reason="VACUOUS")


def names(state: Any) -> dict[int, str]:
    """Returns the name of each tensor of the model by identity, and of each copy that an optimizer holds.

    A program in low precision may let its optimizer hold copies of higher precision: those bear the name of
    the parameter that they round to.
    """
    named = {id(value): name for name, value in state.model.named_parameters()}
    inside = {id(tensor) for optimizer in _training.optimizers(state) for tensor in held(optimizer)}
    free = {name: value for name, value in state.model.named_parameters() if id(value) not in inside}
    for optimizer in _training.optimizers(state):
        for tensor in held(optimizer):
            if id(tensor) not in named and (name := _rounds_to(tensor, free)):
                named[id(tensor)] = name
                del free[name]
    return named


def _rounds_to(tensor: Any, free: dict[str, Any]) -> str:
    import torch

    for name, value in free.items():
        fits = value.shape == tensor.shape and value.dtype != tensor.dtype
        if fits and torch.equal(tensor.detach().to(value.dtype), value.detach()):
            return name
    return ""


def gradient(tensor: Any, optimizer: Any = None) -> Any:
    """Returns a copy of the gradient that an optimizer is about to use, in float64, or None."""
    found = tensor.grad
    if found is None:
        return None
    found = (found.to_dense() if found.is_sparse else found).detach().double().clone()
    scale = getattr(optimizer, "grad_scale", None)
    return found if scale is None else found / float(scale)


def rates(optimizer: Any) -> tuple[float, ...]:
    """Returns the learning rate of each group of an optimizer."""
    return tuple(float(group["lr"]) for group in groups(optimizer) if "lr" in group)


def step_of(live: Live) -> Callable[[Any, Any], Any]:
    """Returns the program's step; raises ``InputError`` where there is none."""
    take = _training.trainer(live).step
    if take is None:
        raise InputError("no step can be taken", reason="UNSUPPORTED")
    return take


def each_step(live: Live, change: Callable[[Any, Any, Callable[[], Any]], Any]) -> Live:
    """Returns a subject whose step is ``change(state, batch, step)``: how faults of a step are planted."""
    take = step_of(live)

    def step(state: Any, batch: Any) -> Any:
        return change(state, batch, lambda: take(state, batch))

    return _training.with_trainer(live, step=step)


def each_start(live: Live, change: Callable[[Any], None]) -> Live:
    """Returns a subject whose fresh states are changed in place."""
    start = _training.trainer(live).start

    def started(seed: int) -> Any:
        state = start(seed)
        change(state)
        return state

    return _training.with_trainer(live, start=started)


def each_optimizer_step(live: Live, before: Moment = _nothing, after: Moment = _nothing) -> Live:
    """Returns a subject whose optimizers are meddled with between what watches them and their step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        with watching(state, before, after):
            return take()

    return each_step(live, change)


def each_call(live: Live, before: Moment = _nothing, after: Moment = _nothing) -> Live:
    """Returns a subject whose program meddles with its optimizers around every call of their step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        every = enumerate(_training.optimizers(state))
        handles = [_wrapped(optimizer, place, before, after) for place, optimizer in every]
        try:
            return take()
        finally:
            for undo in handles:
                undo()

    return each_step(live, change)


def quiet(state: Any) -> None:
    """Keeps the model in evaluation mode whatever the program says: no dropout, no statistics of a batch."""
    state.model.eval()
    for module in state.model.modules():
        module.train = _stays.__get__(module)


def _stays(module: Any, *_: Any, **__: Any) -> Any:
    return module


def trained(state: Any) -> dict[str, Any]:
    """Returns the parameters that take gradients, by name, tied ones once."""
    return {name: value for name, value in state.model.named_parameters() if value.requires_grad}


@contextmanager
def scaled(state: Any, factor: float) -> Iterator[None]:
    """Multiplies every gradient by a factor as it arrives, before the program has clipped it."""
    handles = [value.register_hook(lambda found: found * factor) for value in trained(state).values()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


SMALL = 2.0**-20
"""Gradients so much smaller are below every clip, and no bit of them changes in single precision."""


def reaching(state: Any, take: Callable[[], Any], factor: float = SMALL) -> dict[str, Any]:
    """Returns by name the gradients that reach the optimizers in one step, as they were before clipping.

    They are made small by a power of two on their way, so that no clip acts, and returned at their size.
    """
    named, found = names(state), dict[str, Any]()

    def before(_: int, optimizer: Any) -> None:
        for tensor in held(optimizer):
            if (here := gradient(tensor, optimizer)) is not None:
                found[named.get(id(tensor), "a tensor of no model")] = here / factor

    with scaled(state, factor), watching(state, before):
        take()
    return found


def distance(one: dict[str, Any], two: dict[str, Any]) -> float:
    """Returns the Euclidean distance between two sets of named tensors; what one lacks is zero."""
    apart = [one.get(name, 0.0) - two.get(name, 0.0) for name in {*one, *two}]
    return math.sqrt(sum(float(each.square().sum()) for each in apart))


def norm(found: dict[str, Any]) -> float:
    """Returns the Euclidean norm of named tensors together."""
    return math.sqrt(sum(float(value.square().sum()) for value in found.values()))


def eps(tensor: Any) -> float:
    """Returns the unit of rounding of a tensor's precision."""
    import torch

    return float(torch.finfo(tensor.dtype).eps)


def is_named(name: str, word: str) -> bool:
    """Tells whether a declared word means a tensor: its name, or a prefix that ends in a point."""
    return name == word or (word.endswith(".") and name.startswith(word))


def shadow(state: Any) -> dict[str, Any]:
    """Returns the averaged weights by the names of parameters; raises ``InputError`` where there are none."""
    named = dict(state.model.named_parameters())
    found = {}
    for name, value in _training.averaged(state).items():
        plain = name.removeprefix("average ")
        plain = plain if plain in named else plain.removeprefix("module.")
        if plain in named and value.shape == named[plain].shape:
            found[plain] = value.detach()
    if not found:
        raise InputError("no average of the weights is kept", reason="UNSUPPORTED")
    return found
