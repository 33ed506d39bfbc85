"""The random numbers of one step are not those of the next.

Source: a seed that is set inside the step, or before each batch, gives the same dropout mask and the same
noise in every step: what was to average out is a fixed choice. The generators of torch, numpy and Python
are read after each of a few steps; one that a step has moved may not stand where it stood after the step
before. A generator that was only seeded, with nothing drawn since, tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 4


def _seeded(live: Live) -> Live:
    """Sets one seed before every step, and draws."""

    def change(_: Any, __: Any, take: Callable[[], Any]) -> Any:
        import torch

        torch.manual_seed(1234)
        torch.rand(())
        return take()

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawsDiffer:
    """Looks for generators that stand still from step to step although numbers are drawn."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the step sets a seed": _seeded}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and reads the generators after each."""
        state = _training.fresh(live, ask.seed)
        told = [_training.generators()]
        for step in range(ask.windows or self.windows):
            _training.advance(live, state, 1, first=step)
            told.append(_training.generators())
        pairs, witnesses = 0, list[Witness]()
        for name in told[0]:
            places = [each[name] for each in told if name in each]
            if len({_bits(each) for each in places}) < 2 or _untouched(name, places[-1]):
                continue
            for step, (one, two) in enumerate(pairwise(places[1:])):
                pairs += 1
                if _bits(one) == _bits(two):
                    witnesses.append(_witness(name, step + 1))
        return Finding(
            total=pairs,
            unit="pairs of steps that draw",
            measured=f"{len(witnesses)} draw the same",
            threshold="0",
            detail="torch, numpy and random",
            reason=None if pairs else Reason.VACUOUS,
            witnesses=tuple(witnesses[:5]),
        )


def _bits(told: Any) -> bytes:
    found: bytes = told.numpy().tobytes()
    return found


def _untouched(name: str, told: Any) -> bool:
    """Tells whether torch's generator stands where its seed put it; of the others it is not known."""
    import torch

    if name != "torch":
        return False
    seeded = torch.Generator().manual_seed(torch.initial_seed()).get_state()
    return bool(torch.equal(seeded, told))


def _witness(name: str, step: int) -> Witness:
    return Witness(
        where=f"generator {name} after step {step}",
        found="where it stood after the step before, though numbers were drawn",
        expected="elsewhere: is a seed set in every step?",
    )


INVARIANT = DrawsDiffer()
