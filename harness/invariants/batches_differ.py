"""No batch of an epoch is served twice in it.

Source: workers of a loader that were forked with one seed, or an index that is divided once too often, serve
the same rows several times and others never; each epoch is then shorter than it says. Batches of at least two
rows are compared as sets of rows. Where all batches are one, as in plain gradient descent, or where most rows
are alike anyway, nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

MANY = 32


def _twice(live: Live) -> Live:
    """Serves every batch twice, as two workers with one seed do."""
    if _training.trainer(live).batches < 3:
        raise InputError("an epoch of fewer than three batches", reason="VACUOUS")
    inner = _training.part(live, "batch")
    return _training.with_trainer(live, batch=lambda epoch, index: inner(epoch, index // 2))


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchesDiffer:
    """Looks for a batch that comes again."""

    needs: tuple[Need, ...] = ("start", "batch", "batches")
    windows: int = MANY
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"each is served twice": _twice}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the batches of the first epoch."""
        _training.fresh(live, ask.seed)
        count = min(_training.trainer(live).batches, ask.windows or self.windows)
        served = [_rows(_training.batch(live, index)) for index in range(count)]
        every = [row for rows in served for row in rows]
        sets = [tuple(sorted(rows)) for rows in served]
        again = [index for index, rows in enumerate(sets) if rows in sets[:index]]
        one = len(set(sets)) < 2
        common = 2 * len({row for rows in set(sets) for row in rows}) < sum(map(len, set(sets)))
        untold = count < 3 or one or common or min(map(len, served)) < 2
        return Finding(
            total=count,
            unit="batches",
            measured=f"{len(again)} of {count} were there before",
            threshold="0",
            detail=f"{len(set(every))} different rows",
            reason=Reason.UNJUDGED if untold else None,
            witnesses=()
            if untold
            else tuple(
                Witness(
                    where=f"batch {index} of the first epoch",
                    found=f"the rows of batch {sets.index(sets[index])} again",
                    expected="other rows: do workers share a seed, or is an index divided?",
                )
                for index in again[:5]
            ),
        )


def _rows(batch: Any) -> list[str]:
    """Returns a digest of each row; one of the whole where it has none."""
    return _training.row_digests(batch) if _training.rows_of(batch) else [_training.digest(batch)]


INVARIANT = BatchesDiffer()
