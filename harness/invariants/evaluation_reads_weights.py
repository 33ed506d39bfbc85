"""Evaluation is of the weights as they are now: other weights, another number.

Source: an evaluation of a copy made earlier, of a cached output or of the averaged weights of another moment
reports a model that does not exist. The largest tensors are moved one at a time by a thousandth; if no one of
those that the loss reaches moves the number, the evaluation does not read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _cached(live: Live) -> Live:
    """Answers what it answered first."""
    inner = _training.part(live, "evaluate")
    kept: list[float] = []

    def evaluate(state: Any) -> float:
        if not kept:
            kept.append(float(inner(state)))
        return kept[0]

    return _training.with_trainer(live, evaluate=evaluate)


def _old(live: Live) -> Live:
    """Evaluates the weights, and their average, with which it was first asked."""
    import torch

    inner = _training.part(live, "evaluate")
    first: list[dict[str, Any]] = []

    def held(state: Any) -> dict[str, Any]:
        return dict(state.model.state_dict()) | _training.averaged(state)

    def evaluate(state: Any) -> float:
        now = {name: value.detach().clone() for name, value in held(state).items()}
        first[:] = first or [now]
        with torch.no_grad():
            for name, value in held(state).items():
                value.copy_(first[0][name])
            value_then = float(inner(state))
            for name, value in held(state).items():
                value.copy_(now[name])
        return value_then

    return _training.with_trainer(live, evaluate=evaluate)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationReadsWeights:
    """Looks for an evaluation that does not see the weights change."""

    needs: tuple[Need, ...] = ("start", "evaluate")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the first answer is kept": _cached, "the first weights are": _old}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Moves the largest tensors of model and average, and evaluates after each."""
        evaluate = _training.part(live, "evaluate")
        state = _training.fresh(live, ask.seed)
        _training.seed_all(ask.seed)
        before = float(evaluate(state))
        sizes = sorted(
            ((name, value) for name, value in state.model.named_parameters() if value.requires_grad),
            key=lambda pair: -pair[1].numel(),
        )
        averages = _training.averaged(state)
        moved, tried = 0, []
        for name, value in sizes[: ask.windows or self.windows]:
            for each in (value, averages.get(f"average {name}")):
                if each is not None:
                    _training.shifted(each)
            _training.seed_all(ask.seed)
            tried.append(name)
            moved += float(evaluate(state)) != before
        return Finding(
            total=len(tried),
            unit="tensors moved",
            measured=f"{moved} of {len(tried)} seen",
            threshold="1",
            reason=None if tried and before == before else Reason.VACUOUS,
            witnesses=()
            if moved or not tried
            else (
                Witness(
                    where=", ".join(tried),
                    found=f"the evaluation stays {before!r}",
                    expected="another number: does it evaluate a copy, or a value that was kept?",
                ),
            ),
        )


INVARIANT = EvaluationReadsWeights()
