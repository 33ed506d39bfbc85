"""What is evaluated is what is exported, averaged weights or the weights, whole, and both come back after.

Source: an export that differs from the evaluated average is another model than the one that was scored, and
a swap that is not undone trains on from the average. Which weights an evaluation reads is found by turning
the signs of the one or the other; which are exported, by comparing what is loaded with both. An export that
is equal to neither, as a quantised one, is taken for the nearer. Weights and average are compared bit for bit
around evaluation and export.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 3


def _swapped(live: Live) -> Live:
    """Exports the weights where the average was exported, and the other way round."""
    inner = _training.trainer(live).export
    if inner is None:
        raise InputError("nothing is exported", reason="UNSUPPORTED")

    def export(state: Any, folder: Path) -> None:
        _exchange(state)
        inner(state, folder)
        _exchange(state)

    return _training.with_trainer(live, export=export)


def _not_restored(live: Live) -> Live:
    """Leaves the average in the place of the weights after an evaluation."""
    inner = _training.trainer(live).evaluate

    def evaluate(state: Any) -> float:
        value = inner(state) if inner else 0.0
        _exchange(state)
        return value

    return _training.with_trainer(live, evaluate=evaluate)


def _exchange(state: Any) -> None:
    import torch

    named = dict(state.model.named_parameters())
    with torch.no_grad():
        for name, value in _stepping.shadow(state).items():
            kept = named[name].detach().clone()
            named[name].copy_(value)
            value.copy_(kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class AverageShipped:
    """Finds which weights are evaluated and which are exported."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "evaluate")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the other is exported": _swapped, "the average stays": _not_restored}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps, evaluates and exports."""
        state = _training.fresh(live, ask.seed)
        _training.advance(live, state, ask.windows or self.windows)
        declared = _training.trainer(live).declared.ships
        before = _all(state)
        _evaluated(live, state)
        left = _training.differing(before, _all(state))
        witnesses = [_left(name, size, "evaluation") for name, size in left]
        reads = _reads(live, state) if not left else set()
        if len(reads) == 2:
            witnesses.append(_mixed("the evaluation", "reads both the average and the weights"))
        before = _all(state)
        ships = _ships(live, state)
        left = _training.differing(before, _all(state))
        witnesses += [_left(name, size, "export") for name, size in left]
        if len(ships) == 2:
            witnesses.append(
                _mixed("the export", "holds some tensors of the average and some of the weights")
            )
        meant = {"model": "weights"}.get(declared, declared)
        if meant and ships and ships != {meant}:
            witnesses.append(_mixed("the export", f"holds the {_told(ships)}, declared is {meant}"))
        elif len(reads) == len(ships) == 1 and reads != ships and not meant:
            witnesses.append(
                _mixed("the export", f"holds the {next(iter(ships))}, evaluated is {next(iter(reads))}")
            )
        return Finding(
            total=len(before),
            unit="tensors",
            measured=f"evaluated: {_told(reads)}; exported: {_told(ships)}",
            threshold="the same of both",
            detail="weights and average compared around both",
            reason=None if reads else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _told(sources: set[str]) -> str:
    return " and ".join(sorted(sources)) or "unknown"


def _mixed(where: str, found: str) -> Witness:
    return Witness(
        where=where,
        found=found,
        expected="one set of weights, whole, in both: is all of it swapped in and out?",
    )


def _left(name: str, size: float, when: str) -> Witness:
    return Witness(
        where=f"{name} after an {when}",
        found=f"changed by up to {size:.3g}",
        expected="as before: are the weights put back after the average was swapped in?",
    )


def _all(state: Any) -> dict[str, Any]:
    shadow = {f"average {name}": value.clone() for name, value in _stepping.shadow(state).items()}
    return {f"weight {name}": value for name, value in _training.weights(state).items()} | shadow


def _evaluated(live: Live, state: Any) -> float:
    evaluate = _training.trainer(live).evaluate
    if evaluate is None:
        raise InputError("nothing is evaluated", reason="UNSUPPORTED")
    _training.seed_all(0)
    return float(evaluate(state))


def _reads(live: Live, state: Any) -> set[str]:
    """Returns which weights an evaluation depends on; none where it does not repeat itself."""
    import torch

    first = _evaluated(live, state)
    if _evaluated(live, state) != first:
        return set()
    named, shadow = dict(state.model.named_parameters()), _stepping.shadow(state)
    found = set()
    for word, tensors in (("average", list(shadow.values())), ("weights", [named[name] for name in shadow])):
        kept = [each.detach().clone() for each in tensors]
        with torch.no_grad():
            for each in tensors:
                each.neg_().add_(1.0)
            if _evaluated(live, state) != first:
                found.add(word)
            for each, old in zip(tensors, kept, strict=True):
                each.copy_(old)
    return found


def _ships(live: Live, state: Any) -> set[str]:
    """Returns which weights an export holds, by the tensors that are nearer to one than to the other."""
    trainer = _training.trainer(live)
    if trainer.export is None or trainer.load is None:
        return set()
    with tempfile.TemporaryDirectory() as folder:
        trainer.export(state, Path(folder))
        model = trainer.load(Path(folder))
    find = getattr(model, "named_parameters", None)
    loaded = {name: each.detach().double() for name, each in (find() if find else ())}
    named, found = _training.weights(state), {"average": 0, "weights": 0}
    for name, value in _stepping.shadow(state).items():
        if name not in loaded or loaded[name].shape != value.shape:
            continue
        near, far = (
            float((loaded[name] - value.double()).norm()),
            float((loaded[name] - named[name].double()).norm()),
        )
        if 4 * near < far:
            found["average"] += 1
        elif 4 * far < near:
            found["weights"] += 1
    return {word for word, count in found.items() if count}


INVARIANT = AverageShipped()
