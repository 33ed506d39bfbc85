"""The gradients that reach the optimizer in one step from a fresh state, and how far rounding moves them."""

from __future__ import annotations

from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Live

REORDERED, UNITS = 8.0, 64
"""Rounding is so many times what reordering rows does, or so many units of it."""
EXCHANGED = 2.0**-5
"""The relative distance from which reordering is no rounding: then what was taken for rows is none."""


class Gradients:
    """The gradients that reach the optimizer from a fresh state, dropout off and no clip acting."""

    def __init__(self, live: Live, seed: int) -> None:
        self.live, self.seed = live, seed

    def of(self, *batches: Any, seed: int | None = None) -> dict[str, Any]:
        """Returns those of one step, accumulated where several batches are given."""
        state = _training.fresh(self.live, self.seed)
        _stepping.quiet(state)
        _training.seed_all(self.seed if seed is None else seed)
        take = _stepping.step_of(self.live)

        def taken() -> Any:
            if len(batches) == 1:
                return take(state, batches[0])
            return _training.part(self.live, "micro")(state, batches)

        return _stepping.reaching(state, taken)

    def repeatable(self, batch: Any) -> bool:
        """Tells whether the step draws no random numbers with dropout off."""
        one, two = self.of(batch), self.of(batch, seed=self.seed + 1)
        return _stepping.distance(one, two) == 0

    def rounding(self, batch: Any) -> float | None:
        """Returns the relative distance that rounding explains; None where rows are none."""
        count = _batches.rows(batch)
        if count < 2:
            return None
        one = self.of(batch)
        size, units = _stepping.norm(one), UNITS * _unit(self.live, self.seed)
        # a step that cuts its batch into micro-batches itself cuts it otherwise where rows are far apart
        orders = (
            list(reversed(range(count))),
            [*range(1, count), 0],
            [*range(0, count, 2), *range(1, count, 2)],
        )
        moved = [
            _stepping.distance(one, self.of(_batches.taken_rows(batch, order))) / (size or 1.0)
            for order in orders
        ]
        return None if not size or max(moved) > EXCHANGED else max(REORDERED * max(moved), units)


def _unit(live: Live, seed: int) -> float:
    state = _training.fresh(live, seed)
    return max((_stepping.eps(each) for each in _stepping.trained(state).values()), default=0.0)
