"""Evaluating twice gives the same number, whatever the generators stand at.

Source: an evaluation with dropout on, with freshly drawn windows or with a sampled answer is a random number;
the difference between two checkpoints is then partly luck. Bits are compared, because the same weights on the
same text take the same operations; where they differ, the distance is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _noisy(live: Live) -> Live:
    """Adds what one draw from torch's generator gives, a thousandth of the number."""
    inner = _training.part(live, "evaluate")

    def evaluate(state: Any) -> float:
        import torch

        return float(inner(state)) * (1 + 2.0**-10 * float(torch.rand(())))

    return _training.with_trainer(live, evaluate=evaluate)


def _drifts(live: Live) -> Live:
    """Counts how often it was asked."""
    inner = _training.part(live, "evaluate")
    asked: list[int] = []

    def evaluate(state: Any) -> float:
        asked.append(1)
        return float(inner(state)) + len(asked) * 2.0**-10

    return _training.with_trainer(live, evaluate=evaluate)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationRepeats:
    """Looks for an evaluation that draws."""

    needs: tuple[Need, ...] = ("start", "evaluate")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"a draw is added": _noisy, "it counts how often it was asked": _drifts}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Evaluates one state several times, each time with other generators."""
        evaluate = _training.part(live, "evaluate")
        state = _training.fresh(live, ask.seed)
        found = []
        for turn in range(ask.windows or self.windows):
            _training.seed_all(ask.seed + 101 * turn)
            found.append(float(evaluate(state)))
        odd = [value for value in found if value != found[0]]
        return Finding(
            total=len(found),
            unit="evaluations",
            measured=f"{max(found) - min(found):.6g}",
            threshold="0",
            reason=Reason.UNJUDGED if any(value != value for value in found) else None,
            detail="one of them is NaN" if any(value != value for value in found) else "",
            witnesses=tuple(
                Witness(
                    where=f"evaluation {number} of one state",
                    found=f"{value!r}",
                    expected=f"{found[0]!r}, as the first: is dropout off, are the windows fixed?",
                )
                for number, value in enumerate(found)
                if value in odd and value == value and found[0] == found[0]
            ),
        )


INVARIANT = EvaluationRepeats()
