"""In evaluation the answer to one row of a batch depends neither on the other rows nor on their number.

Source: batch statistics, a mean over the batch, capacity limits of experts and sorting by length couple rows;
the number that is reported then depends on the batch size of the evaluation. Each row is asked alone and in
the batch. Sums are made in another order for another shape, so equality is held against how far rounding
moves the same outputs: their distance from the model in float64, of either way of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _coupled(live: Live) -> Live:
    """Adds a share of the mean over the batch to every row."""
    inner = _training.part(live, "output")

    def output(model: Any, batch: Any) -> Any:
        found = inner(model, batch)
        return found + found.mean(dim=0, keepdim=True) / 64

    return _training.with_trainer(live, output=output)


def _counted(live: Live) -> Live:
    """Lets the number of rows into every answer."""
    inner = _training.part(live, "output")

    def output(model: Any, batch: Any) -> Any:
        found = inner(model, batch)
        return found * (1 + len(found) / 256)

    return _training.with_trainer(live, output=output)


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsApart:
    """Looks for rows that hear one another."""

    needs: tuple[Need, ...] = ("start", "batch", "output")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"a mean over the batch is added": _coupled, "rows are counted": _counted}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Asks rows alone and together, in the model's precision and in float64."""
        import torch

        state = _training.fresh(live, ask.seed)
        model = state.model.eval()
        whole = _training.batch(live, 0)
        rows = _training.rows_of(whole)
        if rows < 2:
            return Finding(total=rows, unit="rows", measured="", threshold="", reason=Reason.TOO_FEW)
        chosen = range(min(rows, ask.windows or self.windows))
        with torch.inference_mode():
            far = _apart(live, model, whole, chosen)
            doubt = 2 * _training.rounding(_training.part(live, "output"), model, whole) if any(far) else 0.0
        wrong = [row for row, size in zip(chosen, far, strict=True) if size > doubt]
        return Finding(
            total=len(far),
            unit="rows",
            measured=f"{max(far):.6g}",
            threshold=f"{doubt:.3g}",
            witnesses=tuple(
                Witness(
                    where=f"row {row} of {rows}",
                    found=f"its output moves by {far[row]:.6g} when it is asked alone",
                    expected=f"at most {doubt:.3g}, what rounding does: is a statistic taken over the batch?",
                )
                for row in wrong[:5]
            ),
        )


def _apart(live: Live, model: Any, batch: Any, rows: Any) -> list[float]:
    """Returns for each row how far its two answers are apart."""
    output = _training.part(live, "output")
    together = output(model, batch)
    found = []
    for row in rows:
        alone = output(model, _training.mapped(batch, itemgetter(slice(row, row + 1))))
        found.append(float((alone[0].double() - together[row].double()).abs().max()))
    return found


INVARIANT = RowsApart()
