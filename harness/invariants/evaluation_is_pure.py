"""Evaluation changes no weight, buffer, optimizer state or generator, and leaves the mode as it found it.

Source: an evaluation that moves batch statistics, draws random numbers, leaves dropout off or steps a
schedule changes the training that follows it; two runs that differ only in how often they are evaluated are
then two experiments. Everything is compared bit for bit around one evaluation in the middle of a training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Witness

STEPS = 2


def _after(live: Live, spoil: Callable[[Any], None]) -> Live:
    inner = _training.trainer(live).evaluate

    def evaluate(state: Any) -> float:
        value = inner(state) if inner else 0.0
        spoil(state)
        return value

    return _training.with_trainer(live, evaluate=evaluate)


def _moves_a_weight(live: Live) -> Live:
    return _after(live, lambda state: _training.nudged(_training.largest(state.model)[1]))


def _draws(live: Live) -> Live:
    def spoil(_: Any) -> None:
        import torch

        torch.rand(())

    return _after(live, spoil)


def _stays_in_evaluation(live: Live) -> Live:
    return _after(live, lambda state: state.model.eval())


def _forgets_momentum(live: Live) -> Live:
    def spoil(state: Any) -> None:
        for _, value in _training.optimizer_tensors(state):
            value.zero_()

    return _after(live, spoil)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationIsPure:
    """Looks for what an evaluation leaves changed."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "evaluate")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "a weight moves": _moves_a_weight,
            "a random number is drawn": _draws,
            "the model stays in evaluation mode": _stays_in_evaluation,
            "the optimizer's state is zeroed": _forgets_momentum,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps, notes everything, evaluates, and compares."""
        evaluate = _training.trainer(live).evaluate
        if evaluate is None:
            raise InputError("nothing is evaluated", reason="UNSUPPORTED")
        state = _training.fresh(live, ask.seed)
        _training.advance(live, state, ask.windows or self.windows)
        before = _everything(state)
        evaluate(state)
        after = _everything(state)
        modes = {name for name in before["modes"] if before["modes"][name] != after["modes"].get(name)}
        changed = _training.differing(before["tensors"], after["tensors"])
        witnesses = [
            Witness(where=name, found=f"changed by up to {size:.3g}", expected="as before the evaluation")
            for name, size in changed
        ] + [
            Witness(
                where=f"module {name or 'itself'}",
                found=f"training mode is {after['modes'].get(name)} after it",
                expected=f"{before['modes'][name]}, as before the evaluation",
            )
            for name in sorted(modes)[:3]
        ]
        return Finding(
            total=len(before["tensors"]) + len(before["modes"]),
            unit="tensors, generators and modes",
            measured=f"{len(changed)} tensors and {len(modes)} modes changed",
            threshold="0",
            witnesses=tuple(witnesses[:20]),
        )


def _everything(state: Any) -> dict[str, dict[str, Any]]:
    tensors = _training.everything(state)
    tensors |= {f"generator {name}": value for name, value in _training.generators().items()}
    return {"tensors": tensors, "modes": {name: each.training for name, each in state.model.named_modules()}}


INVARIANT = EvaluationIsPure()
