"""What was found on some rows, in a few numbers: parts of a long log add up to the whole of it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.kinds._judge import MAX_WITNESSES, Judged, deviation, slack, witnesses
from harness.model.verdict import Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """How many rows there were and what became of them.

    ``lost`` counts the unjudged rows that are not just the first ones, ``lost_at`` is the place of the first
    of these; ``deviation`` and ``slack`` are those of ``_judge``, with their places.
    """

    rows: int
    judged: int
    failed: int
    undecided: int
    unjudged: int
    lost: int
    lost_at: str
    witnesses: tuple[Witness, ...]
    deviation: tuple[float, str] | None
    slack: tuple[float, str] | None

    def then(self, other: Summary) -> Summary:
        """Returns what is found on these rows and those after them."""
        far = [one for one in (self.deviation, other.deviation) if one is not None]
        near = [one for one in (self.slack, other.slack) if one is not None]
        return Summary(
            rows=self.rows + other.rows,
            judged=self.judged + other.judged,
            failed=self.failed + other.failed,
            undecided=self.undecided + other.undecided,
            unjudged=self.unjudged + other.unjudged,
            lost=self.lost + other.lost,
            lost_at=self.lost_at or other.lost_at,
            witnesses=(*self.witnesses, *other.witnesses)[:MAX_WITNESSES],
            deviation=max(far, key=lambda one: one[0], default=None),
            slack=min(near, key=lambda one: one[0], default=None),
        )


def summary_of(judged: Judged, before: int = 0) -> Summary:
    """Sums up what was found; the first ``before`` rows belong to a part before and count in none."""
    import numpy as np

    lost = np.flatnonzero(judged.unjudged & ~judged.first)
    return Summary(
        rows=judged.table.rows - before,
        judged=int(judged.judged.sum()),
        failed=int(judged.failed.sum()),
        undecided=int(judged.undecided.sum()),
        unjudged=int(judged.unjudged.sum()),
        lost=len(lost),
        lost_at=judged.places[int(lost[0])] if len(lost) else "",
        witnesses=tuple(witnesses(judged)),
        deviation=deviation(judged),
        slack=slack(judged),
    )
