"""What each rank steps on is the mean of the gradients of all ranks.

Source: gradients that are not exchanged, or added up without division by the number of ranks, or exchanged
before the last micro-batch was added, train for another loss than one process does. Two real processes take
a step in a group of gloo; each differentiates its own loss apart, dropout off and clips evaded, and the mean
of these is compared with what reaches its optimizer, in units of what one process alone makes of its own.
All tensors together may be off by a quarter, as batches that count real symbols unequally leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _ranks, _stepping
from harness.invariants._own_gradients import WARM, both
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

SHARE = 0.25


def _scaled(live: Live, factors: tuple[float, float]) -> Live:
    """Multiplies the gradients that reach each rank's optimizers."""

    def change(mine: Live, index: int) -> Live:
        def before(_: int, optimizer: Any) -> None:
            for each in _stepping.held(optimizer):
                if each.grad is not None:
                    each.grad.mul_(factors[index])

        return _stepping.each_call(mine, before)

    return _ranks.changed(live, change)


def _summed(live: Live) -> Live:
    """Adds gradients up without dividing them."""
    return _scaled(live, (2.0, 2.0))


def _apart(live: Live) -> Live:
    """Lets rank 1 turn its gradients round."""
    return _scaled(live, (1.0, -1.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksShareGradients:
    """Compares what reaches each rank's optimizer with the mean of all ranks' losses."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "batch_loss", "rank")
    windows: int = 1
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"they are added up": _summed, "rank 1 has its own": _apart}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes one step in two processes after two others, and looks at its gradients."""
        alone = _ranks.of_rank(live, 0, 1)
        own, reached = both(alone, ask.seed)
        scale = _factor(own, reached)
        ranks = _ranks.together(live, ask.seed, lambda member: _look(member, ask.seed, scale), 1)
        told = {rank.index: rank.found["0"] for rank in ranks if "0" in rank.found}
        spoke, trouble = _ranks.speak(ranks), list(_ranks.troubled(ranks))
        wrong = {index: each for index, each in told.items() if not each["apart"] <= SHARE}
        witnesses = [_witness(index, each) for index, each in wrong.items()] if spoke and not trouble else []
        return Finding(
            total=len(told),
            unit="ranks",
            measured=", ".join(f"{each['apart']:.3g} of its norm off" for each in told.values()),
            threshold=f"{SHARE:g}",
            detail="; ".join(f"rank {each.index}: {each.ended} at {each.at}" for each in trouble)
            or ("dropout off" if spoke else "the ranks exchange nothing"),
            reason=None if told and spoke and not trouble and scale else Reason.UNJUDGED,
            witnesses=tuple(witnesses),
        )


def _factor(own: Mapping[str, Any], reached: Mapping[str, Any]) -> float:
    """Returns what one process alone makes of the gradient of its loss, as a factor."""
    names = own.keys() & reached.keys()
    size = sum(float(own[name].square().sum()) for name in names)
    return sum(float((own[name] * reached[name]).sum()) for name in names) / size if size else 0.0


def _look(member: _ranks.Member, seed: int, scale: float) -> Mapping[str, Any]:
    """Returns how far the gradients of a new training's third step are from the mean of all ranks' own."""
    own, reached = both(member.live, seed)
    apart = size = along = 0.0
    for name in sorted(own):
        mean = own[name].clone()
        _ranks.quietly("all_reduce", mean, group=member.own)
        mean /= _ranks.COUNT
        found = reached.get(name, 0 * mean) / (scale or 1.0)
        apart += float((found - mean).square().sum())
        along += float((found * mean).sum())
        size += float(mean.square().sum())
    return {"apart": (apart / size) ** 0.5 if size else 0.0, "factor": along / size if size else 1.0}


def _witness(index: int, told: Mapping[str, float]) -> Witness:
    return Witness(
        where=f"rank {index}, step {WARM}, all gradients",
        found=f"{told['apart']:.3g} of the norm off the mean over ranks, {told['factor']:.4g} times along it",
        expected="the mean of all ranks' gradients: are they exchanged, once, after the last micro-batch, "
        "and divided by the number of ranks?",
    )


INVARIANT = RanksShareGradients()
