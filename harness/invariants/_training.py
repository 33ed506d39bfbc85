"""What laws of training share: fresh states, copies of everything a step depends on, and where two differ."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from harness.model.behaviour import Live
from harness.model.problem import InputError
from harness.model.trainer import Trainer


def trainer(live: Live) -> Trainer:
    """Returns the training program of a subject; raises ``InputError`` where there is none."""
    if live.trainer is None:
        raise InputError("nothing here trains", reason="UNSUPPORTED")
    return live.trainer


def with_trainer(live: Live, **parts: Any) -> Live:
    """Returns a subject whose training program has other parts: how faults are planted."""
    return replace(live, trainer=replace(trainer(live), **parts))


def seed_all(seed: int) -> None:
    """Seeds the generators that training programs draw from: torch, numpy, random."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def fresh(live: Live, seed: int = 0) -> Any:
    """Starts a training with every generator seeded, its model in training mode."""
    seed_all(seed)
    state = trainer(live).start(seed)
    for name in ("model", "optimizer"):
        if getattr(state, name, None) is None:
            raise InputError(f"what start returns has no {name}", reason="UNSUPPORTED")
    state.model.train()
    return state


def batch(live: Live, index: int, epoch: int = 0) -> Any:
    """Returns one training batch; raises ``InputError`` where the program serves none."""
    serve = trainer(live).batch
    if serve is None:
        raise InputError("no batch is served", reason="UNSUPPORTED")
    return serve(epoch, index)


def advance(live: Live, state: Any, steps: int, first: int = 0) -> list[Mapping[str, float]]:
    """Takes steps on consecutive batches of the first epoch; returns what each logged."""
    take = trainer(live).step
    if take is None:
        raise InputError("no step can be taken", reason="UNSUPPORTED")
    count = trainer(live).batches or steps + first
    return [dict(take(state, batch(live, index % count)) or {}) for index in range(first, first + steps)]


def weights(state: Any) -> dict[str, Any]:
    """Returns copies of the parameters, tied ones under one name."""
    return {name: value.detach().clone() for name, value in state.model.named_parameters()}


def everything(state: Any) -> dict[str, Any]:
    """Returns copies of all tensors that a state holds: parameters, buffers, optimizer state, averages."""
    found = {f"parameter {name}": value for name, value in state.model.named_parameters()}
    found |= {f"buffer {name}": value for name, value in state.model.named_buffers()}
    found |= dict(optimizer_tensors(state))
    found |= averaged(state)
    return {name: value.detach().clone() for name, value in found.items()}


def optimizer_tensors(state: Any) -> Iterator[tuple[str, Any]]:
    """Yields the tensors of the optimizer's state, named by parameter and key."""
    import torch

    named = {id(value): name for name, value in state.model.named_parameters()}
    for number, optimizer in enumerate(optimizers(state)):
        for place, (parameter, kept) in enumerate(optimizer.state.items()):
            owner = named.get(id(parameter), f"{number} parameter {place} of no model")
            for key, value in kept.items() if isinstance(kept, Mapping) else ():
                if isinstance(value, torch.Tensor):
                    yield f"optimizer {owner} {key}", value


def optimizers(state: Any) -> tuple[Any, ...]:
    """Returns the optimizers of a state, of which there may be several."""
    found = state.optimizer
    return tuple(found) if isinstance(found, (list, tuple)) else (found,)


def averaged(state: Any) -> dict[str, Any]:
    """Returns the averaged weights of a state, if it keeps any."""
    import torch

    kept = getattr(state, "average", None)
    if kept is None:
        return {}
    held = kept.state_dict() if isinstance(kept, torch.nn.Module) else kept
    return {f"average {name}": value for name, value in held.items() if isinstance(value, torch.Tensor)}


def generators() -> dict[str, Any]:
    """Returns the states of the generators that a step may draw from, as tensors."""
    import numpy as np
    import torch

    kind, keys, place, *_ = np.random.get_state()
    told = random.getstate()[1]
    return {
        "torch": torch.get_rng_state(),
        f"numpy {kind}": torch.tensor([*map(int, keys), int(place)]),
        "random": torch.tensor([int(value) for value in told]),
    }


def differing(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Returns the names whose tensors are not bit for bit the same, with the largest distance, worst first.

    Tensors that only one side has, or of another shape, are infinitely far; two NaN are the same.
    """
    import torch

    found = []
    for name in sorted({*one, *two}):
        a, b = one.get(name), two.get(name)
        if a is None or b is None or a.shape != b.shape:
            found.append((name, float("inf")))
        elif not torch.equal(a.nan_to_num(0.5), b.nan_to_num(0.5)):
            found.append((name, float((a.double() - b.double()).abs().nan_to_num(float("inf")).max())))
    return sorted(found, key=lambda each: -each[1])


def nudged(value: Any) -> None:
    """Moves a tensor by a little that surely shows: one part in a thousand, or an integer by one."""
    import torch

    with torch.no_grad():
        if value.is_floating_point():
            value.mul_(1 + 2.0**-10).add_(2.0**-14)
        else:
            value.add_(1)


def largest(module: Any) -> tuple[str, Any]:
    """Returns the largest trainable parameter with its name: where a planted fault is put."""
    trainable = [(name, each) for name, each in module.named_parameters() if each.requires_grad]
    if not trainable:
        raise InputError("nothing in the model is trained", reason="VACUOUS")
    return max(trainable, key=lambda pair: pair[1].numel())


def tensors_of(nest: Any) -> Iterator[Any]:
    """Yields the tensors of a batch, in order."""
    import torch

    if isinstance(nest, torch.Tensor):
        yield nest
    elif isinstance(nest, Mapping):
        for key in sorted(nest, key=str):
            yield from tensors_of(nest[key])
    elif isinstance(nest, Sequence) and not isinstance(nest, (str, bytes)):
        for each in nest:
            yield from tensors_of(each)


def mapped(nest: Any, change: Callable[[Any], Any]) -> Any:
    """Returns a copy of a batch with every tensor changed, in the order of ``tensors_of``."""
    import torch

    if isinstance(nest, torch.Tensor):
        return change(nest)
    if isinstance(nest, Mapping):
        changed = {key: mapped(nest[key], change) for key in sorted(nest, key=str)}
        return {key: changed[key] for key in nest}
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*(mapped(each, change) for each in nest))
    if isinstance(nest, (list, tuple)):
        return type(nest)(mapped(each, change) for each in nest)
    return copy.copy(nest)


def part(live: Live, name: str) -> Any:
    """Returns one part of the training program; raises ``InputError`` where it has none."""
    found = getattr(trainer(live), name)
    if found is None:
        raise InputError(f"the program has no {name}", reason="UNSUPPORTED")
    return found


def shifted(value: Any) -> None:
    """Moves a tensor's values against one another by a share of their size, so that no norm undoes it."""
    import torch

    with torch.no_grad():
        wave = torch.linspace(-1, 1, value.numel(), dtype=torch.float64).view(value.shape)
        size = value.double().abs().mean().clamp_min(2.0**-6)
        value.add_((wave * size / 4).to(value.dtype))


def rows_of(nest: Any) -> int:
    """Returns how many rows a batch has: the common first size of its tensors, 0 where there is none."""
    sizes = {len(value) if value.dim() else 0 for value in tensors_of(nest)}
    return sizes.pop() if len(sizes) == 1 else 0


def in_float64(module: Any) -> Any:
    """Returns a copy of a module in float64, in the same mode; raises ``InputError`` where it has none."""
    try:
        return copy.deepcopy(module).double()
    except (RuntimeError, TypeError) as error:
        raise InputError(f"the model cannot be copied: {error}", reason="UNSUPPORTED") from error


def as_float64(nest: Any) -> Any:
    """Returns a batch with its floating tensors in float64."""
    return mapped(nest, lambda value: value.double() if value.is_floating_point() else value)


def digest(nest: Any) -> str:
    """Returns a digest of a batch's tensors, their shapes and types."""
    import hashlib

    found = hashlib.sha256()
    for value in tensors_of(nest):
        found.update(f"{value.dtype} {tuple(value.shape)}".encode())
        found.update(bytes(value.detach().contiguous().cpu().flatten().view(dtype=_byte()).numpy()))
    return found.hexdigest()


def _byte() -> Any:
    import torch

    return torch.uint8


def largest_tensor(module: Any) -> tuple[str, Any]:
    """Returns the largest floating tensor of a module, trained or not, with its name."""
    found = [(name, value) for name, value in module.state_dict().items() if value.is_floating_point()]
    if not found:
        raise InputError("the model holds no floating tensor", reason="VACUOUS")
    return max(found, key=lambda pair: pair[1].numel())


def averaged_model(state: Any) -> Any:
    """Returns a copy of the model that holds the averaged weights, None where the state keeps none."""
    import torch

    kept = getattr(state, "average", None)
    if kept is None or (not isinstance(kept, torch.nn.Module) and not kept):
        return None
    if isinstance(kept, torch.nn.Module):
        return copy.deepcopy(getattr(kept, "module", kept))
    model = copy.deepcopy(state.model)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if name in kept:
                value.copy_(kept[name])
    return model


def row_digests(nest: Any) -> list[str]:
    """Returns a digest of every row of a batch; raises ``InputError`` for one that has no rows."""
    rows = rows_of(nest)
    if not rows:
        raise InputError("the tensors of a batch have no common rows", reason="UNSUPPORTED")
    return [digest(mapped(nest, itemgetter(row))) for row in range(rows)]


def rounding(output: Callable[[Any, Any], Any], model: Any, batch: Any) -> float:
    """Returns how far rounding moves the outputs of a batch: the distance from the model in float64.

    It is at least two units of rounding of the largest output, since a few outputs may happen to be exact. A
    model that cannot be asked there, since it makes tensors of its own precision, is given 64 such units.
    """
    import torch

    own = output(model, batch)
    if not own.is_floating_point():
        return 0.0
    unit = float(torch.finfo(own.dtype).eps) * float(own.double().abs().max())
    try:
        if own.dtype == torch.float64:  # what float32 rounds is 2^29 times as much
            rough = mapped(batch, lambda value: value.float() if value.is_floating_point() else value)
            near = output(in_float64(model).float(), rough)
            return max(2 * unit, 64 * 2.0**-29 * float((own - near.double()).abs().max()))
        exact = output(in_float64(model), as_float64(batch))
    except (RuntimeError, TypeError, InputError):
        return 64 * unit
    return max(2 * unit, float((own.double() - exact.double()).abs().max()))


def of_rank(live: Live, index: int, count: int) -> Live:
    """Returns the subject as one rank has it; raises ``InputError`` where there are no ranks."""
    found = part(live, "rank")(index, count)
    return replace(live, trainer=found if isinstance(found, Trainer) else as_rank(found))


def as_rank(found: Any, **parts: Any) -> Trainer:
    """Returns what a program gave for a rank as a trainer, with some parts replaced."""
    if isinstance(found, Trainer):
        return replace(found, **parts)
    own = {"start": found.build, "batch": getattr(found, "batch", None)}
    own["batches"] = getattr(found, "batches", 0)
    return Trainer(**(own | parts))


def imperceptible(state: Any) -> tuple[set[str], list[Any]]:
    """Returns the parameters that are asked to move by less than rounding, kept up to date at every step.

    Such is a bias before a norm, whose gradient is nothing but rounding. The hooks are to be removed.
    """
    import torch

    named = dict(state.model.named_parameters())
    small = set[str]()

    def look(optimizer: Any, *_: Any) -> None:
        rates = {id(each): float(group["lr"]) for group in optimizer.param_groups for each in group["params"]}
        for name, each in named.items():
            if each.grad is None or each.grad.is_sparse or id(each) not in rates:
                continue
            asked = float(each.grad.detach().abs().max()) * rates[id(each)] * 16
            unit = float(torch.finfo(each.dtype).eps) * float(each.detach().abs().max())
            if 0 < asked < unit and rates[id(each)] > 0:
                small.add(name)
            else:
                small.discard(name)

    return small, [one.register_step_pre_hook(look) for one in optimizers(state)]
