"""No two ranks are served the same rows in the same step.

Source: a loader that does not know its rank serves every rank the whole data, so that a step of n ranks is a
step of one and the epoch is passed n times. Rows of the same step are compared bit for bit between ranks;
rows that the data itself holds twice are not held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _unaware(live: Live) -> Live:
    """Serves every rank what the first is served."""
    inner = _training.part(live, "rank")

    def rank(index: int, count: int) -> Any:
        first, found = inner(0, count), inner(index, count)
        return _training.as_rank(found, batch=first.batch)

    return _training.with_trainer(live, rank=rank)


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksSeeApart:
    """Looks for rows that two ranks are served at once."""

    needs: tuple[Need, ...] = ("start", "batch", "rank")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the loader does not know its rank": _unaware}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the rows of a few steps between all pairs of ranks."""
        count, steps = 2, ask.windows or self.windows
        ranks = [_training.of_rank(live, index, count) for index in range(count)]
        steps = min([steps, *(_training.trainer(rank).batches or steps for rank in ranks)])
        alone: dict[str, int] = {}
        shared, rows = [], 0
        for step in range(steps):
            served = [_training.row_digests(_training.batch(rank, step)) for rank in ranks]
            rows += sum(map(len, served))
            for names in served:
                for name in names:
                    alone[name] = max(alone.get(name, 0), names.count(name))
            for row, name in enumerate(served[1]):
                if name in served[0] and alone[name] < 2:
                    shared.append((step, served[0].index(name), row))
        return Finding(
            total=rows,
            unit="rows",
            measured=f"{len(shared)} are served to both ranks in one step",
            threshold="0",
            detail=f"{steps} steps of {count} ranks",
            reason=None if rows else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"step {step}, rank 1, row {row}",
                    found=f"the bits of rank 0, row {first}",
                    expected="another row: does the loader know rank and world size?",
                )
                for step, first, row in shared[:5]
            ),
        )


INVARIANT = RanksSeeApart()
