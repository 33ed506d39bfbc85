"""What is evaluated on is never trained on.

Source: validation cut from the head of the training stream, a wrap-around that reaches it, or a shuffle
before the split make the evaluation one of memory. Rows are compared bit for bit: a row that is held out and
is served in a training batch of one of the first epochs is a leak. Only equal rows are seen; a text that
overlaps a row by a part is for kind overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _leaks(live: Live) -> Live:
    """Serves a held-out row in the second training batch."""
    inner, held = _training.part(live, "batch"), _training.part(live, "held_out")

    def batch(epoch: int, index: int) -> Any:
        found = inner(epoch, index)
        if index != 1:
            return found
        other = next(iter(held()))
        values = iter(_training.tensors_of(other))

        def put(value: Any) -> Any:
            changed, from_held = value.clone(), next(values)
            if value.shape[1:] == from_held.shape[1:] and len(value) and len(from_held):
                changed[0] = from_held[0]
            return changed

        return _training.mapped(found, put)

    return _training.with_trainer(live, batch=batch)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOutApart:
    """Looks for held-out rows among those that training is served."""

    needs: tuple[Need, ...] = ("start", "batch", "batches", "held_out")
    windows: int = 2
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"one row is served": _leaks}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the rows of the first epochs with every held-out row."""
        _training.fresh(live, ask.seed)
        held: dict[str, str] = {}
        for number, batch in enumerate(_training.part(live, "held_out")()):
            for row, name in enumerate(_training.row_digests(batch)):
                held.setdefault(name, f"held-out batch {number}, row {row}")
        count = min(_training.trainer(live).batches, 4096)
        leaks, rows = [], 0
        for epoch in range(ask.windows or self.windows):
            for index in range(count):
                for row, name in enumerate(_training.row_digests(_training.batch(live, index, epoch))):
                    rows += 1
                    if name in held:
                        leaks.append((epoch, index, row, held[name]))
        return Finding(
            total=rows,
            unit="training rows",
            measured=f"{len(leaks)} are held out",
            threshold="0",
            detail=f"against {len(held)} different held-out rows",
            reason=None if rows and held else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"epoch {epoch}, batch {index}, row {row}",
                    found=f"the bits of {name}",
                    expected="a row that no evaluation sees: was the split made before the shuffle?",
                )
                for epoch, index, row, name in leaks[:5]
            ),
        )


INVARIANT = HeldOutApart()
