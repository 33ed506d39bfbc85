"""Tied weights stay tied: at the start, through steps, through save and resume, and in what is loaded.

Source: a head that is tied to the embedding is untied by a cast, a load or a rebuild, and from then on one of
the two is trained and the other shipped. Tied are the names that are declared, and those that share one
tensor at the start. The values are compared bit for bit, after a step too, as two equal copies part there.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 2


def _untied(live: Live) -> Live:
    """Gives the second of tied names a tensor of its own, equal to the first."""
    _has_ties(live)
    groups = tuple(_groups(live))
    told = replace(_training.trainer(live).declared, tied=groups)
    planted = _stepping.each_start(live, lambda state: _parted(state.model, groups))
    return _training.with_trainer(planted, declared=told)


def _untied_by_a_step(live: Live) -> Live:
    _has_ties(live)

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        _parted(state.model, _groups(live))
        return told

    return _stepping.each_step(live, change)


def _has_ties(live: Live) -> None:
    if not _groups(live):
        raise InputError("no weights are tied", reason="VACUOUS")


def _groups(live: Live) -> list[tuple[str, ...]]:
    return _tied(live, _training.trainer(live).start(0).model)


def _parted(model: Any, groups: Sequence[tuple[str, ...]]) -> None:
    import torch

    for _, *names in groups:
        for name in names:
            owner, _, last = name.rpartition(".")
            module = model.get_submodule(owner)
            own = torch.nn.Parameter(getattr(module, last).detach().clone())
            _training.nudged(own)
            setattr(module, last, own)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tied:
    """Compares tied weights wherever a training carries them."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"untied at the start": _untied, "untied by a step": _untied_by_a_step}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Follows tied weights from the start to what is loaded."""
        state = _training.fresh(live, ask.seed)
        groups = _tied(live, state.model)
        witnesses: dict[str, Witness] = {}
        judged = 0
        for stage, model in _stages(live, state, ask.windows or self.windows) if groups else ():
            for names in groups:
                found = _apart(model, names)
                judged += found is not None
                if found:
                    witnesses.setdefault(" and ".join(names), _witness(names, stage, found))
            if witnesses:
                break
        return Finding(
            total=judged,
            unit="stages of tied weights",
            measured=f"{len(witnesses)} of {len(groups)} come apart",
            threshold="0",
            detail=", ".join(" = ".join(names) for names in groups)[:200],
            reason=None if judged else Reason.VACUOUS,
            witnesses=tuple(witnesses.values()),
        )


def _witness(names: tuple[str, ...], stage: str, found: float) -> Witness:
    return Witness(
        where=f"{' and '.join(names)} {stage}",
        found=f"differ by up to {found:.3g}",
        expected="one tensor: are they tied again after every load, cast and rebuild?",
    )


def _tied(live: Live, model: Any) -> list[tuple[str, ...]]:
    """Returns groups of names that are declared tied, or that share one tensor."""
    shared: dict[int, list[str]] = defaultdict(list)
    for name, value in model.named_parameters(remove_duplicate=False):
        shared[id(value)].append(name)
    declared = _training.trainer(live).declared.tied
    for name in (name for names in declared for name in names):
        if name not in (each for names in shared.values() for each in names):
            raise InputError(f"declares {name!r} tied, and the model has no such parameter")
    known = {name for names in declared for name in names}
    return [*declared, *(tuple(n) for n in shared.values() if len(n) > 1 and not known & set(n))]


def _stages(live: Live, state: Any, steps: int) -> Iterator[tuple[str, Any]]:
    """Yields the model at each stage that the program offers."""
    trainer = _training.trainer(live)
    yield "at the start", state.model
    for step in range(steps):
        _training.advance(live, state, 1, first=step)
        yield f"after step {step}", state.model
    if trainer.save is not None and trainer.resume is not None:
        with tempfile.TemporaryDirectory() as folder:
            trainer.save(state, Path(folder))
            again = trainer.resume(Path(folder))
        yield "after save and resume", again.model
        again.model.train()
        _training.advance(live, again, 1, first=steps)
        yield "a step after resume", again.model
    if trainer.export is not None and trainer.load is not None:
        with tempfile.TemporaryDirectory() as folder:
            trainer.export(state, Path(folder))
            yield "after export and load", trainer.load(Path(folder))


def _apart(model: Any, names: tuple[str, ...]) -> float | None:
    """Returns how far tied weights are apart; None where what is loaded does not have them."""
    find = getattr(model, "named_parameters", None)
    every = dict(find(remove_duplicate=False)) if find else {}
    held = [every[name].detach() for name in names if name in every]
    if len(held) < 2:
        return None
    return max(
        (size for one in held[1:] for _, size in _training.differing({"": held[0]}, {"": one})), default=0.0
    )


INVARIANT = Tied()
