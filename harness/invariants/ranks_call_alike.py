"""All ranks call the same collectives on the same tensors in the same order, and none waits for ever.

Source: a branch on the rank, on data or on a clock that holds a collective sends ranks different ways; the
next one then adds up tensors that do not belong together, or waits for one that never comes. Two real
processes take steps in a group of gloo, each collective is noted before it is called, and the notes are
compared. A rank without a sign of life for fifty times what a step takes alone, and eight seconds at least,
hangs: that is a finding too, with the collective that each rank was in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from harness.invariants import _ranks, _stepping
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness


def _planted(live: Live, more: Callable[[int], None]) -> Live:
    """Lets every rank do more after each step, by its index."""

    def change(mine: Live, index: int) -> Live:
        def after(_: Any, __: Any, take: Callable[[], Any]) -> Any:
            told = take()
            more(index)
            return told

        return _stepping.each_step(mine, after)

    return _ranks.changed(live, change)


def _one_more(live: Live) -> Live:
    """Lets rank 0 alone wait at a barrier after each step."""

    def more(index: int) -> None:
        import torch.distributed as dist

        if index == 0:
            dist.barrier()

    return _planted(live, more)


def _in_another_order(live: Live) -> Live:
    """Lets ranks add up two tensors, one rank the other way round."""

    def more(index: int) -> None:
        import torch
        import torch.distributed as dist

        for size in (3, 5) if index else (5, 3):
            dist.all_reduce(torch.ones(size))

    return _planted(live, more)


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksCallAlike:
    """Compares the collectives that ranks call."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "rank")
    windows: int = _ranks.STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"rank 0 calls one more": _one_more, "in another order": _in_another_order}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps in two processes and compares what they called."""
        ranks = _ranks.together(live, ask.seed, lambda _: {}, ask.windows or self.windows)
        calls = [rank.calls for rank in ranks]
        if all(each.ended not in ("done", "hung") and not each.calls for each in ranks):
            raise InputError(f"the ranks do not start: {ranks[0].ended}", reason="RUN_FAILED")
        trouble = [each for each in _ranks.troubled(ranks) if each.ended != "stopped"]
        witnesses = _first_apart(ranks) + [_trouble(each, ranks) for each in trouble]
        spoke = _ranks.speak(ranks)
        return Finding(
            total=max(map(len, calls)),
            unit="collectives",
            measured=f"{', '.join(str(len(each)) for each in calls)} calls",
            threshold="the same",
            detail=f"{len(ranks)} ranks" if spoke else "the ranks exchange nothing",
            reason=None if witnesses or any(calls) else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _first_apart(ranks: Sequence[_ranks.Rank]) -> list[Witness]:
    """Returns the first call of each rank that is not rank 0's."""
    found = []
    for rank in ranks[1:]:
        for one, two in zip_longest(ranks[0].calls, rank.calls):
            pairs = ((one, ranks[0]), (two, rank))
            if one != two and all(each is not None or whose.ended == "done" for each, whose in pairs):
                found.append(
                    Witness(
                        where=f"rank {rank.index}, step {(two or one or (0,))[0]}",
                        found=two[1] if two else "no call",
                        expected=f"{f'{one[1]} of step {one[0]}' if one else 'no call'}, as rank 0 has it: "
                        "does a branch on rank or data hold a collective?",
                    )
                )
                break
    return found


def _trouble(rank: _ranks.Rank, ranks: Sequence[_ranks.Rank]) -> Witness:
    others = ", ".join(f"rank {each.index} at {each.at}" for each in ranks if each is not rank)
    return Witness(
        where=f"rank {rank.index}, {rank.at}",
        found="it waits for ever" if rank.ended == "hung" else rank.ended,
        expected=f"its end, with {others}: does every rank come to every collective?",
    )


INVARIANT = RanksCallAlike()
