"""Where a loss's auxiliary losses are in its own graph, and what they and the rest give to the parameters."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Live
from harness.model.problem import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """An auxiliary loss inside the loss's graph, and the loss's derivative by it."""

    node: Any
    counts: float

    def router(self, model: Any) -> dict[str, Any]:
        """Returns the parameters of the module that is nearest to it in the graph."""
        leaf = _nearest(self.node.grad_fn)
        for name, module in model.named_modules():
            own = dict(module.named_parameters(recurse=False, remove_duplicate=False))
            if leaf is not None and any(each is leaf for each in own.values()):
                return {f"{name}.{key}".lstrip("."): each for key, each in own.items() if each.requires_grad}
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A loss with its auxiliary parts; those without a graph; those that were not found in it."""

    whole: Any
    nodes: Mapping[str, Part]
    detached: tuple[str, ...]
    missing: tuple[str, ...]


def loss_of(live: Live, model: Any, batch: Any) -> Loss:
    """Returns the loss of a batch and what its auxiliary losses count in it."""
    import torch

    trainer = _training.trainer(live)
    if trainer.batch_loss is None or trainer.auxiliary is None:
        raise InputError("no auxiliary losses", reason="UNSUPPORTED")
    state = torch.get_rng_state()
    told = trainer.auxiliary(model, batch)
    torch.set_rng_state(state)
    whole, scalars = _recorded(lambda: trainer.batch_loss(model, batch) if trainer.batch_loss else None)
    detached = tuple(name for name, each in told.items() if not getattr(each, "requires_grad", False))
    values = {name: float(each.detach()) for name, each in told.items() if name not in detached}
    nodes, missing = {}, []
    for name, value in values.items():
        alike = [each for each in scalars if float(each.detach()) == value]
        if not alike or list(values.values()).count(value) > 1:
            missing.append(name)
            continue
        nodes[name] = _first_used(whole, alike)
    return Loss(whole=whole, nodes=nodes, detached=detached, missing=tuple(missing))


def _first_used(whole: Any, alike: Sequence[Any]) -> Part:
    """Returns the first of equal numbers that the loss depends on: sums that begin with it come later."""
    import torch

    found = torch.autograd.grad(whole, list(alike), retain_graph=True, allow_unused=True)
    for node, slope in zip(alike, found, strict=True):
        if slope is not None:
            return Part(node=node, counts=float(slope))
    return Part(node=alike[0], counts=0.0)


def _recorded(run: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """Runs something and returns its result with every single number with a graph that came up in it."""
    import torch
    from torch.overrides import TorchFunctionMode

    found: list[Any] = []

    class Recorder(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.numel() == 1 and result.grad_fn is not None:
                found.append(result)
            return result

    with Recorder():
        whole = run()
    return whole, found


def seen(live: Live, seed: int, warm: int) -> tuple[Any, Loss, Loss | None] | None:
    """Returns a model, its loss, and its loss on the rows in reverse, in the first form that shows the parts.

    Double precision is preferred to the model's own, and evaluation mode, in which nothing is drawn, to
    training mode, in which rows are not reversed.
    """
    for double in (True, False):
        for quietly in (True, False):
            state = _training.fresh(live, seed)
            _training.advance(live, state, warm)
            if quietly:
                _stepping.quiet(state)
            batch = _training.batch(live, 0)
            if double:
                state.model.double()
                batch = _training.mapped(
                    batch, lambda each: each.double() if each.is_floating_point() else each
                )
            try:
                found = _both(live, state.model, batch, quietly=quietly)
            except RuntimeError:
                if not double:
                    raise
                continue  # a program that fixes its precision somewhere
            if found[0].nodes or found[0].detached:
                return state.model, *found
    return None


def _both(live: Live, model: Any, batch: Any, *, quietly: bool) -> tuple[Loss, Loss | None]:
    one = loss_of(live, model, batch)
    count = _batches.rows(batch)
    if not quietly or count < 2:
        return one, None
    two = loss_of(live, model, _batches.taken_rows(batch, list(reversed(range(count)))))
    return one, two if two.nodes.keys() == one.nodes.keys() else None


def slopes(value: Any, by: Sequence[Any]) -> list[Any]:
    """Returns the derivatives of a number; zero where it does not depend on something."""
    import torch

    if not by:
        return []
    found = torch.autograd.grad(value, list(by), retain_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if each is None else each for x, each in zip(by, found, strict=True)]


def rest(loss: Loss, by: Sequence[Any], *, all_of_it: bool = False) -> list[Any]:
    """Returns the derivatives of the loss without its auxiliary parts, or of all of it."""
    found = slopes(loss.whole, by)
    for part in loss.nodes.values() if not all_of_it else ():
        found = [a - part.counts * b for a, b in zip(found, slopes(part.node, by), strict=True)]
    return found


def apart(one: Sequence[Any], two: Sequence[Any]) -> list[Any]:
    """Returns the differences of two lists of tensors."""
    return [a - b for a, b in zip(one, two, strict=True)]


def norm(tensors: Sequence[Any]) -> float:
    """Returns the Euclidean norm of tensors together."""
    return _stepping.norm({str(place): each.detach().double() for place, each in enumerate(tensors)})


def _nearest(node: Any) -> Any:
    """Returns the parameter with the fewest operations between itself and a node of the graph."""
    waiting, known = deque([node]), {node}
    while waiting:
        here = waiting.popleft()
        if hasattr(here, "variable"):
            return here.variable
        for inner, _ in getattr(here, "next_functions", ()):
            if inner is not None and inner not in known:
                known.add(inner)
                waiting.append(inner)
    return None
