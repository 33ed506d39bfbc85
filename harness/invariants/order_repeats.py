"""The same seed serves the same batches in the same order.

Source: a run cannot be repeated, resumed or replayed whose batches depend on the clock, on the order of a
folder or on how often a batch was asked for. Every batch is asked for twice, the second time in a training
that was started anew with the same seed; bits are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _drawn(live: Live) -> Live:
    """Serves rows in an order that depends on how often they were asked for."""
    inner = _training.part(live, "batch")
    asked: list[int] = []

    def batch(epoch: int, index: int) -> Any:
        asked.append(1)
        return _training.mapped(inner(epoch, index), lambda value: value.roll(len(asked), dims=0))

    return _training.with_trainer(live, batch=batch)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRepeats:
    """Looks for batches that are others the second time."""

    needs: tuple[Need, ...] = ("start", "batch")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"it counts how often it was asked": _drawn}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the batches of two trainings from one seed."""
        count = ask.windows or self.windows
        if _training.trainer(live).batches:
            count = min(count, _training.trainer(live).batches)
        runs = []
        for _ in range(2):
            _training.fresh(live, ask.seed)
            runs.append([_training.digest(_training.batch(live, index)) for index in range(count)])
        wrong = [index for index in range(count) if runs[0][index] != runs[1][index]]
        return Finding(
            total=count,
            unit="batches",
            measured=f"{len(wrong)} differ",
            threshold="0",
            reason=None if count else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"epoch 0, batch {index}",
                    found="other bits in a second training from the same seed",
                    expected="the same: does the loader draw from a generator of its own, seeded by the run?",
                )
                for index in wrong[:5]
            ),
        )


INVARIANT = OrderRepeats()
