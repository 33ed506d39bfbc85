"""Ranks draw the random numbers that are declared: each its own, or all the same.

Source: dropout that is drawn alike on ranks with different data repeats one mask, and a tensor that is
divided among ranks needs the same mask on all; a seed that knows its rank where it should not, or does not
where it should, does the other. What is meant only the program can say: it declares ``draws`` as ``apart`` or
``alike``. Two real processes take steps in a group of gloo, and the states of torch's generator are compared
as each step ends; a program that draws nothing is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.invariants import _ranks, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness


def _otherwise(live: Live) -> Live:
    """Seeds every rank the other way before each step."""
    meant = _training.trainer(live).declared.draws

    def change(mine: Live, index: int) -> Live:
        steps = [0]

        def seeded(_: Any, __: Any, take: Callable[[], Any]) -> Any:
            import torch

            steps[0] += 1
            torch.manual_seed(steps[0] * 1000 + (index if meant == "alike" else 0))
            return take()

        return _stepping.each_step(mine, seeded)

    return _ranks.changed(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksDrawAsDeclared:
    """Compares the generators of ranks."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "rank")
    windows: int = _ranks.STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"ranks are seeded the other way": _otherwise}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps in two processes and compares their generators."""
        meant = _training.trainer(live).declared.draws
        if meant not in ("apart", "alike"):
            raise InputError("declares no draws: apart or alike", reason="UNSUPPORTED")
        steps = ask.windows or self.windows
        ranks = _ranks.together(live, ask.seed, _drawn, steps)
        both = [str(step) for step in range(steps) if all(str(step) in rank.found for rank in ranks)]
        pairs = pairwise(both)
        moving = [two for one, two in pairs if any(rank.found[one] != rank.found[two] for rank in ranks)]
        wrong = [
            step
            for step in moving
            if (len({rank.found[step]["state"] for rank in ranks}) == 1) != (meant == "alike")
        ]
        return Finding(
            total=len(moving),
            unit="steps",
            measured=f"{len(wrong)} not {meant}",
            threshold="0",
            detail=f"{len(ranks)} ranks",
            reason=None if moving else Reason.VACUOUS if both else Reason.UNJUDGED,
            witnesses=tuple(_witness(step, ranks, meant) for step in wrong),
        )


def _drawn(_: _ranks.Member) -> Mapping[str, Any]:
    """Returns a digest of the generator's state."""
    import torch

    return {"state": _training.digest(torch.get_rng_state())}


def _witness(step: str, ranks: list[_ranks.Rank], meant: str) -> Witness:
    return Witness(
        where=f"rank 1, after step {step}, torch's generator",
        found=f"state {ranks[1].found[step]['state'][:12]}",
        expected=f"{'that' if meant == 'alike' else 'another than that'} of rank 0, "
        f"{ranks[0].found[step]['state'][:12]}: is the seed set with the rank, or without?",
    )


INVARIANT = RanksDrawAsDeclared()
