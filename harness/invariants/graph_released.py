"""No step's graph outlives the next step.

Source: a loss that is appended to a list, or a state that is carried without being detached, keeps every
graph since the start alive, through an attribute that nobody reads. After a step the tensors with a graph
that are still alive are noted; none of them may be alive after the next, and what they lead to in the graph
may not grow from step to step. One that is overwritten in every step is none. What a compiler of torch keeps
of the frames that it traced in a step is its own, and such a step is not noted.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 4


def _appended(live: Live) -> Live:
    """Appends a number with its graph to a list in every step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        kept = state.model.__dict__.setdefault("_planted", [])
        kept.append((_training.largest(state.model)[1] * 1.0).sum())
        return told

    return _stepping.each_step(live, change)


def _carried(live: Live) -> Live:
    """Carries a sum over steps that is never detached."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        told = take()
        carried = state.model.__dict__.get("_planted", 0.0)
        state.model.__dict__["_planted"] = 0.5 * carried + _training.largest(state.model)[1].sum()
        return told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphReleased:
    """Looks for graphs of earlier steps."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "numbers are appended with their graph": _appended,
            "a sum is carried": _carried,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and notes after each which tensors with a graph are alive."""
        steps = max(3, ask.windows or self.windows)
        witnesses: list[Witness] = []
        lengths: list[int] = []
        before: list[weakref.ref[Any]] = []
        judged, compilers = 0, dict[int, Any]()
        with _only_new():
            state = _training.fresh(live, ask.seed)
            for step in range(steps):
                frames = _traced()
                _training.advance(live, state, 1, first=step)
                alive = [each for each in _alive() if id(each) not in compilers]
                if _traced() != frames:
                    compilers |= {id(each): each for each in alive}
                    before, lengths, judged = [], [], 0
                    continue
                judged += 1
                kept = [
                    each
                    for each in (ref() for ref in before)
                    if each is not None and each.grad_fn is not None
                ]
                if kept and not witnesses:
                    witnesses.append(_witness(kept[0], step))
                lengths.append(_length(alive))
                before = [weakref.ref(each) for each in alive]
                del alive, kept
        if (
            not witnesses
            and len(lengths) > 2
            and all(a < b for a, b in zip(lengths[-3:], lengths[-2:], strict=False))
        ):
            witnesses.append(
                Witness(
                    where=f"after step {steps - 1}",
                    found=f"graphs of {', '.join(map(str, lengths))} operations are alive",
                    expected="no more from step to step: is what is carried over detached?",
                )
            )
        return Finding(
            total=max(0, judged - 1),
            unit="steps",
            measured=f"operations alive after each: {', '.join(map(str, lengths))}",
            threshold="none of an earlier step",
            detail=f"{steps} steps",
            reason=None if judged > 1 else Reason.TOO_FEW,
            witnesses=tuple(witnesses),
        )


def _witness(kept: Any, step: int) -> Witness:
    return Witness(
        where=f"a tensor of shape {tuple(kept.shape)} after step {step}",
        found=f"alive since the step before, with its graph from {type(kept.grad_fn).__name__}",
        expected="released: is it kept in an attribute, a list or a log without being detached?",
    )


@contextmanager
def _only_new() -> Iterator[None]:
    """Leaves what exists already out of what the collector tells, which is then short."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _traced() -> int:
    """Returns how many frames torch's compiler has traced, 0 where it was never loaded."""
    tracer = sys.modules.get("torch._dynamo.utils")
    return sum(tracer.counters["frames"].values()) if tracer is not None else 0


def _alive() -> list[Any]:
    """Returns the tensors with a graph that something still holds."""
    import torch

    gc.collect()
    found = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
    return [each for each in found if each.grad_fn is not None]


def _length(tensors: list[Any]) -> int:
    """Returns how many operations of the graph lead to these tensors."""
    known: set[Any] = set()
    waiting = [each.grad_fn for each in tensors]
    while waiting:
        here = waiting.pop()
        if here is None or here in known:
            continue
        known.add(here)
        waiting += [inner for inner, _ in here.next_functions]
    return len(known)


INVARIANT = GraphReleased()
