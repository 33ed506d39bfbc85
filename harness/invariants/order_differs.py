"""The order of the data differs from one epoch to the next.

Source: a sampler whose generator is seeded anew for each epoch, or whose epoch is never set, shows the same
batches in the same order for ever; the gradient noise then repeats with the period of an epoch. Batches are
compared bit for bit, place by place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _same(live: Live) -> Live:
    """Serves the first epoch again and again, as a distributed sampler does whose epoch is never set."""
    inner = _training.part(live, "batch")
    return _training.with_trainer(live, batch=lambda _, index: inner(0, index))


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDiffers:
    """Looks for epochs that repeat."""

    needs: tuple[Need, ...] = ("start", "batch", "batches")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the epoch is never set": _same}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the first batches of several epochs with those of the epoch before."""
        state = _training.fresh(live, ask.seed)
        del state
        count = min(_training.trainer(live).batches, 8)
        epochs = ask.windows or self.windows
        served = [
            [_training.digest(_training.batch(live, index, epoch)) for index in range(count)]
            for epoch in range(epochs)
        ]
        same = [epoch for epoch in range(1, epochs) if served[epoch] == served[epoch - 1]]
        few = count < 2
        return Finding(
            total=epochs - 1,
            unit="epochs",
            measured=f"{len(same)} begin as the one before",
            threshold="0",
            reason=Reason.TOO_FEW if few else None,
            detail="an epoch of one batch has no order" if few else f"{count} batches of each",
            witnesses=()
            if few
            else tuple(
                Witness(
                    where=f"epoch {epoch}",
                    found=f"its first {count} batches are those of epoch {epoch - 1}, in the same order",
                    expected="another order: is the sampler told the epoch?",
                )
                for epoch in same
            ),
        )


INVARIANT = OrderDiffers()
