"""How far a replayed state lies from the one that was claimed, as a share of the claimed step.

Source: the distance of proof-of-learning (Jia et al. 2021), the norm of the difference over the norm of the
update; and the slope of the replayed update along the claimed one, which a wrong learning rate moves away
from 1, and the share along the weights, where a wrong weight decay lies; rounding has no direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.transcript.chain import Step
from harness.transcript.state import PAIRS, TENSOR, State

NOISE = 1e-4
QUANTILE, SAMPLE = 0.9, 1 << 13


def distances(before: State, claim: State, replay: State) -> tuple[dict[str, float], list[str]]:
    """Returns relative distances by name, and the names of what must be equal and is not.

    ``weights`` and the moments of the optimizer (``exp_avg`` …) are in shares of their claimed change,
    ``bulk`` is the 0.9 quantile of the weights' differences in shares of that of their claimed changes, which
    a few weights without a gradient, whose step is nothing but rounding, do not move; ``slope`` is the share
    by which the replayed update is longer along the claimed one, ``shrink`` how far the two lie apart along
    the weights themselves, where another weight decay moves them; ``also`` is the largest relative difference
    of a plain number among the further parts.
    """
    found, unequal = dict[str, float](), list[str]()
    numbers: list[tuple[float, float]] = []
    for name, one, other in _leaves(claim, replay):
        if isinstance(one, float) and isinstance(other, float) and name.startswith("also."):
            numbers.append((one, other))
        elif not _same(one, other):
            unequal.append(name)
    groups: dict[str, list[str]] = {}
    for name, tensor in claim.tensors.items():
        if name in replay.tensors and tensor.is_floating_point():
            if replay.tensors[name].shape == tensor.shape:
                groups.setdefault(_group(name), []).append(name)
        elif name in replay.tensors and not name.startswith("random.") and not _bits(claim, replay, name):
            unequal.append(name)
    for group, names in groups.items():
        away, step, _ = _norms(before, claim, replay, names)
        found[group] = _share(away, step)
    found["bulk"] = _bulk(before, claim, replay, groups.get("weights", []))
    found["slope"], found["shrink"] = _along(before, claim, replay, groups.get("weights", []))
    found["also"] = max((relative(one, other) for one, other in numbers), default=0.0)
    unequal += [
        name for name in claim.tensors if name.startswith("random.") and not _bits(claim, replay, name)
    ]
    return found, unequal


def bits(claim: State, replay: State) -> bool:
    """Tells whether two states are the same in every bit."""
    names = claim.tensors.keys()
    if names != replay.tensors.keys() or any(
        not _same(one, other) for _, one, other in _leaves(claim, replay)
    ):
        return False
    return all(_bits(claim, replay, name) for name in names)


def row_distances(claim: Step, replay: Step) -> tuple[dict[str, float], list[str]]:
    """Returns how far loss and settings of one step differ, and ``data`` where the batch is another."""
    unequal = ["data"] if None not in (claim.data, replay.data) and claim.data != replay.data else []
    pairs = list(_pairs([dict(group) for group in claim.hyper], [dict(group) for group in replay.hyper]))
    odd = [name for name, one, other in pairs if not _number(one, other) and one != other]
    far = max((relative(one, other) for _, one, other in pairs if _number(one, other)), default=0.0)
    return {"loss": relative(claim.loss, replay.loss), "settings": far}, unequal + odd


def noise_share(before: State, replay: State) -> float:
    """Returns the length of a change of 1e-4 in every weight, as a share of the replayed step."""
    names = [n for n, t in replay.tensors.items() if _group(n) == "weights" and t.is_floating_point()]
    _, step, count = _norms(before, replay, replay, names)
    return _share(NOISE * math.sqrt(count), step)


def relative(one: float, other: float) -> float:
    """Returns the difference of two numbers as a share of the first; infinite where either is not finite."""
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.inf
    return 0.0 if one == other else _share(abs(one - other), abs(one))


def _share(away: float, step: float) -> float:
    if not (math.isfinite(away) and math.isfinite(step)):
        return math.inf
    return away / step if step else math.inf if away else 0.0


def _group(name: str) -> str:
    room, _, rest = name.partition(".")
    return "weights" if room == "model" else rest.rpartition(".")[2] if room == "optimizer" else "also"


def _norms(before: State, claim: State, replay: State, names: list[str]) -> tuple[float, float, int]:
    """Returns the norms of replay − claim and claim − before, in float64, and how many numbers there are."""
    away = step = 0.0
    count = 0
    for name in names:
        one, other = claim.tensors[name].double(), replay.tensors[name].double()
        start = before.tensors.get(name)
        away += float((other - one).square().sum())
        step += float((one if start is None else one - start.double()).square().sum())
        count += one.numel()
    return math.sqrt(away), math.sqrt(step), count


def _along(before: State, claim: State, replay: State, names: list[str]) -> tuple[float, float]:
    """Returns how far replay and claim lie apart along the claimed update, and along the weights before."""
    slope = shrink = step = size = 0.0
    for name in names:
        start = before.tensors[name].double()
        claimed = claim.tensors[name].double() - start
        away = replay.tensors[name].double() - start - claimed
        slope += float((away * claimed).sum())
        shrink += float((away * start).sum())
        step += float(claimed.square().sum())
        size += float(start.square().sum())
    return abs(_share(slope, step)), abs(_share(shrink, math.sqrt(step * size)))


def _bulk(before: State, claim: State, replay: State, names: list[str]) -> float:
    import torch

    pairs = [
        (name, _sampled(claim, name), _sampled(replay, name)) for name in names if claim.tensors[name].numel()
    ]
    if not pairs:
        return 0.0
    away = torch.cat([(other - one).abs() for _, one, other in pairs])
    step = torch.cat([(one - _sampled(before, name)).abs() for name, one, _ in pairs])
    place = max(1, int(QUANTILE * len(away)))
    return _share(float(away.kthvalue(place).values), float(step.kthvalue(place).values))


def _sampled(state: State, name: str) -> Any:
    """Returns at most ``SAMPLE`` numbers of a tensor, evenly spread, in float64."""
    flat = state.tensors[name].reshape(-1)
    return flat[:: -(-len(flat) // SAMPLE)].double()


def _bits(claim: State, replay: State, name: str) -> bool:
    import torch

    one, other = claim.tensors[name], replay.tensors.get(name)
    if other is None or one.dtype != other.dtype or one.shape != other.shape:
        return False
    sides = (one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))
    if all(len(side) % 8 == 0 == side.storage_offset() % 8 for side in sides):
        # Eight bytes at a time, and still bits: a NaN equals itself.
        sides = (sides[0].view(torch.int64), sides[1].view(torch.int64))
    same: bool = torch.equal(*sides)
    return same


def _leaves(claim: State, replay: State) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(claim.values.keys() | replay.values.keys()):
        yield from _pairs(claim.values.get(name), replay.values.get(name), name)


def _pairs(one: Any, other: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yields the plain values of two packed states side by side, with their dotted names."""
    parts = (_parts(one), _parts(other))
    if parts[0] is None or parts[1] is None:
        yield name, one, other
        return
    for key in dict.fromkeys((*parts[0], *parts[1])):
        if name == "random" and not (key in parts[0] and key in parts[1]):
            continue  # numpy is not loaded on one side, so no step draws from it
        inner = f"{name}.{key}" if name else str(key)
        yield from _pairs(parts[0].get(key, "absent"), parts[1].get(key, "absent"), inner)


def _parts(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, dict):
        return dict(value[PAIRS]) if PAIRS in value else None if TENSOR in value else value
    return dict(enumerate(value)) if isinstance(value, list | tuple) else None


def _number(one: Any, other: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other))


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
