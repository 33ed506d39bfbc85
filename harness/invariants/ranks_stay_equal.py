"""Ranks that train one model together hold the same parameters and buffers after every step.

Source: state that is calibrated on rank 0 only, a tensor whose gradient is not exchanged, a clip or a rate
that one rank computes for itself: the ranks then hold different models, and the one that is saved is none
that was trained. Two real processes take steps in a group of gloo, and the bits of parameters and buffers are
compared; statistics of batch norms are a rank's own. Ranks that exchange nothing are not judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _batches, _ranks, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _calibrated(live: Live) -> Live:
    """Calibrates the largest tensor on rank 0 only."""

    def change(mine: Live, index: int) -> Live:
        def moved(state: Any, _: Any, take: Callable[[], Any]) -> Any:
            told = take()
            _training.nudged(_training.largest(state.model)[1].detach())
            return told

        return mine if index else _stepping.each_step(mine, moved)

    return _ranks.changed(live, change)


def _own_gradient(live: Live) -> Live:
    """Lets rank 1 step on twice the gradient of its largest tensor."""

    def change(mine: Live, index: int) -> Live:
        def before(_: int, optimizer: Any) -> None:
            largest = max(_stepping.held(optimizer), key=lambda each: each.numel())
            if largest.grad is not None:
                largest.grad.mul_(2)

        return _stepping.each_optimizer_step(mine, before) if index else mine

    return _ranks.changed(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksStayEqual:
    """Compares what ranks hold after each step."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "rank")
    windows: int = _ranks.STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"rank 0 calibrates": _calibrated, "rank 1 has a gradient": _own_gradient}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps in two processes and compares them."""
        steps = ask.windows or self.windows
        ranks = _ranks.together(live, ask.seed, _held, steps)
        judged = [str(step) for step in range(steps) if all(str(step) in rank.found for rank in ranks)]
        spoke = _ranks.speak(ranks)
        witnesses = [each for step in judged for each in _apart(step, ranks)] if spoke else []
        trouble = [f"rank {each.index}: {each.ended} at {each.at}" for each in _ranks.troubled(ranks)]
        return Finding(
            total=sum(len(ranks[0].found[step]) for step in judged),
            unit="tensors after a step",
            measured=f"{len(witnesses)} differ between ranks",
            threshold="0",
            detail="; ".join(trouble) or ("" if spoke else "the ranks exchange nothing"),
            reason=None if witnesses or (judged and spoke and not trouble) else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _held(member: _ranks.Member) -> Mapping[str, Any]:
    """Returns a digest and the norm of every parameter, and of the buffers that are no batch statistics."""
    norms = [name for name, each in member.state.model.named_modules() if hasattr(each, "running_mean")]
    named = dict(member.state.model.named_parameters()) | {
        name: each
        for name, each in member.state.model.named_buffers()
        if name.rpartition(".")[0] not in norms
    }
    return {
        name: [hashlib.sha256(_batches.bits(each)).hexdigest(), float(each.detach().double().norm())]
        for name, each in named.items()
    }


def _apart(step: str, ranks: Sequence[_ranks.Rank]) -> Iterator[Witness]:
    first = ranks[0].found[step]
    for rank in ranks[1:]:
        for name, (digest, norm) in rank.found[step].items():
            if digest != first.get(name, [None])[0]:
                yield Witness(
                    where=f"rank {rank.index}, step {step}, {name}",
                    found=f"norm {norm:.9g}",
                    expected=f"the bits of rank 0, norm {first.get(name, [0, float('nan')])[1]:.9g}: is it "
                    "computed on one rank and never sent, or its gradient not exchanged?",
                )


INVARIANT = RanksStayEqual()
