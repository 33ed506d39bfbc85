"""Generic faults: slips of any training program, planted into whichever one is tried; no law owns them.

Each maps a subject to one that has the fault, and raises ``InputError`` (UNSUPPORTED or VACUOUS) where the
program lacks what the slip is made in, or would be the same with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Live
from harness.model.problem import InputError

Take = Callable[[Sequence[Any]], Any]
EVERY = 3


def _each(live: Live, change: Callable[[Any, Sequence[Any], Take], Any]) -> Live:
    """Wraps the step and the accumulated one: ``change(state, batches, take)``."""
    step, micro = _stepping.step_of(live), _training.trainer(live).micro

    def stepped(state: Any, batch: Any) -> Any:
        return change(state, [batch], lambda given: step(state, given[0]))

    def accumulated(state: Any, batches: Any) -> Any:
        return change(state, batches, lambda given: micro(state, given) if micro else None)

    return _training.with_trainer(live, step=stepped, micro=accumulated if micro else None)


def _hooked(live: Live, change: Callable[[Any], Any]) -> Live:
    """Changes the gradient of the largest tensor as it arrives in a step, before any clip."""
    _training.largest(_training.trainer(live).start(0).model)

    def stepped(state: Any, batches: Sequence[Any], take: Take) -> Any:
        handle = _training.largest(state.model)[1].register_hook(change)
        try:
            return take(batches)
        finally:
            handle.remove()

    return _each(live, stepped)


def _skips(live: Live) -> Live:
    """Leaves out every third step and says what the step before said."""

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        calls, told = getattr(state.model, "_slip", (0, {}))
        if calls % EVERY != EVERY - 1:
            told = take(batches)
        state.model._slip = (calls + 1, told)
        return told

    return _each(live, change)


def _twice(live: Live) -> Live:
    """Takes every step twice."""
    return _each(live, lambda _, batches, take: (take(batches), take(batches))[1])


def _swaps(live: Live) -> Live:
    """Swaps the first two batches of the first epoch whenever they are served again."""
    serve = _training.part(live, "batch")
    if _training.trainer(live).batches == 1:
        raise InputError("an epoch of one batch", reason="VACUOUS")
    served: dict[int, int] = {}

    def batch(epoch: int, index: int) -> Any:
        if epoch or index > 1:
            return serve(epoch, index)
        served[index] = served.get(index, 0) + 1
        return serve(epoch, index if served[index] == 1 else 1 - index)

    return _training.with_trainer(live, batch=batch)


def _stale(live: Live) -> Live:
    """Steps on the batch of the step before."""

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        before = getattr(state.model, "_slip", batches)
        state.model._slip = list(batches)
        return take(before if len(before) == len(batches) else batches)

    return _each(live, change)


def _row_dropped(live: Live) -> Live:
    """Steps without the last row of each batch."""
    if _batches.rows(_training.batch(live, 0)) < 2:
        raise InputError("batches of one row", reason="VACUOUS")

    def less(batch: Any) -> Any:
        return _batches.taken_rows(batch, list(range(_batches.rows(batch) - 1)))

    return _each(live, lambda _, batches, take: take([less(batch) for batch in batches]))


def _kept(live: Live, chosen: Callable[[Any], Mapping[str, Any]]) -> Live:
    """Puts tensors back after every step; VACUOUS where none of them moves within three."""
    import torch

    state = _training.fresh(live)
    before = {name: value.detach().clone() for name, value in chosen(state).items()}
    _training.advance(live, state, EVERY)
    if not _training.differing(before, chosen(state)):
        raise InputError("there is nothing that a step changes", reason="VACUOUS")

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        kept = {name: value.detach().clone() for name, value in chosen(state).items()}
        told = take(batches)
        with torch.no_grad():
            for name, value in chosen(state).items():
                value.copy_(kept[name])
        return told

    return _each(live, change)


def _frozen(live: Live) -> Live:
    """Never moves the largest tensor."""
    return _kept(live, lambda state: dict([_training.largest(state.model)]))


def _left(live: Live) -> Live:
    """Never brings buffers and averaged weights up to date."""
    return _kept(live, lambda state: dict(state.model.named_buffers()) | _training.averaged(state))


def _ahead(live: Live) -> Live:
    """Lets the scheduler be one step ahead."""
    import warnings

    if not hasattr(getattr(_training.trainer(live).start(0), "scheduler", None), "step"):
        raise InputError("there is no scheduler", reason="UNSUPPORTED")

    def change(state: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state.scheduler.step()

    return _stepping.each_start(live, change)


def _summed(live: Live) -> Live:
    """Sums the loss over the rows of a batch where it should average."""
    cost = _training.trainer(live).batch_loss
    if _batches.rows(_training.batch(live, 0)) < 2:
        raise InputError("batches of one row", reason="VACUOUS")

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        with _stepping.scaled(state, float(_batches.rows(batches[0]))):
            return take(batches)

    changed = _each(live, change)
    if cost is None:
        return changed
    return _training.with_trainer(
        changed, batch_loss=lambda model, batch: cost(model, batch) * _batches.rows(batch)
    )


def _rounded(live: Live) -> Live:
    """Casts the weights to bfloat16 and back after every step."""
    import torch

    model = _training.trainer(live).start(0).model
    if all(each.dtype.itemsize <= 2 for each in model.parameters()):
        raise InputError("the weights are in half precision", reason="VACUOUS")

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        told = take(batches)
        with torch.no_grad():
            for each in state.model.parameters():
                if each.is_floating_point():
                    each.copy_(each.to(torch.bfloat16))
        return told

    return _each(live, change)


def _forgets(live: Live) -> Live:
    """Begins every step with an optimizer that remembers nothing."""
    state = _training.fresh(live)
    _training.advance(live, state, 1)
    if not any(value.numel() > 1 for _, value in _training.optimizer_tensors(state)):
        raise InputError("the optimizer keeps nothing", reason="VACUOUS")

    def change(state: Any, batches: Sequence[Any], take: Take) -> Any:
        for optimizer in _training.optimizers(state):
            optimizer.state.clear()
        return take(batches)

    return _each(live, change)


SLIPS: Mapping[str, Callable[[Live], Live]] = MappingProxyType({
    "skips every third step": _skips,
    "takes every step twice": _twice,
    "doubles the gradient of a tensor": lambda live: _hooked(live, lambda found: 2 * found),
    "turns the gradient of a tensor round": lambda live: _hooked(live, lambda found: -found),
    "swaps two batches": _swaps,
    "steps on the batch before": _stale,
    "drops a row of each batch": _row_dropped,
    "freezes a tensor": _frozen,
    "leaves buffers and averages stale": _left,
    "is one step ahead of its schedule": _ahead,
    "sums the loss where it should average": _summed,
    "casts the weights to half": _rounded,
    "forgets the optimizer's state": _forgets,
})  # fmt: skip
