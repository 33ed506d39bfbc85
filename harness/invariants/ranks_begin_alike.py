"""All ranks begin with the same parameters.

Source: data-parallel training averages gradients and never weights, so ranks that begin apart stay apart;
each then follows the mean gradient of models that nobody has. Seeds for dropout or data that differ by rank,
set before the model is built, are the usual cause. Bits are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _seeded_by_rank(live: Live) -> Live:
    """Builds each rank's model from a seed of its own."""
    inner = _training.part(live, "rank")

    def rank(index: int, count: int) -> Any:
        found = inner(index, count)
        start = found.start if hasattr(found, "start") else found.build
        return _training.as_rank(found, start=lambda seed: start(seed + index))

    return _training.with_trainer(live, rank=rank)


@dataclass(frozen=True, kw_only=True, slots=True)
class RanksBeginAlike:
    """Looks for parameters that differ between ranks before the first step."""

    needs: tuple[Need, ...] = ("start", "rank")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"each rank has a seed of its own": _seeded_by_rank}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Starts every rank and compares it with the first."""
        count = max(2, ask.windows or self.windows)
        begun = [
            _training.weights(_training.fresh(_training.of_rank(live, index, count), ask.seed))
            for index in range(count)
        ]
        wrong = [
            (index, name, size)
            for index in range(1, count)
            for name, size in _training.differing(begun[0], begun[index])
        ]
        return Finding(
            total=(count - 1) * len(begun[0]),
            unit="parameter tensors",
            measured=f"{len(wrong)} differ from those of rank 0",
            threshold="0",
            detail=f"{count} ranks",
            reason=None if begun[0] else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"rank {index}, {name}",
                    found=f"off by up to {size:.6g}",
                    expected="the bits of rank 0: seed alike before building, or broadcast",
                )
                for index, name, size in wrong[:10]
            ),
        )


INVARIANT = RanksBeginAlike()
