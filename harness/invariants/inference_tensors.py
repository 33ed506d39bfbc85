"""Nothing that is made in inference mode enters training.

Source: a table of angles or a mask that is cached by the first evaluation, under ``torch.inference_mode``,
cannot be saved for a backward pass: the next training step breaks, or works only because nothing was
evaluated before it. An evaluation is made before the first step and between steps; the steps must succeed,
and no parameter or buffer may be a tensor of inference mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Witness

STEPS, TOLD = 2, "nference tensor"


def _cached(live: Live) -> Live:
    """Multiplies what the module with the largest parameter gives by a factor made in inference mode."""
    inner = _training.trainer(live).evaluate

    def times(tensor: Any) -> Any:
        import torch

        with torch.inference_mode():
            factor = torch.ones((), dtype=tensor.dtype)
        return tensor * factor if tensor.is_floating_point() else tensor

    def evaluate(state: Any) -> float:
        value = inner(state) if inner else 0.0
        big = _training.largest(state.model)[1]
        for module in state.model.modules():
            if any(each is big for each in module.parameters(recurse=False)):
                module.register_forward_hook(lambda _, __, out: _training.mapped(out, times))
        return value

    return _training.with_trainer(live, evaluate=evaluate)


@dataclass(frozen=True, kw_only=True, slots=True)
class InferenceTensors:
    """Evaluates and then trains."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "evaluate")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(default_factory=lambda: {"a cached factor": _cached})

    def check(self, live: Live, ask: Ask) -> Finding:
        """Evaluates before every step and looks whether the step still works."""
        evaluate = _training.trainer(live).evaluate
        if evaluate is None:
            raise InputError("nothing is evaluated", reason="UNSUPPORTED")
        state = _training.fresh(live, ask.seed)
        steps = ask.windows or self.windows
        witnesses: list[Witness] = []
        for step in range(steps):
            evaluate(state)
            state.model.train()
            witnesses = [_witness(name) for name in _made_in_inference(state)]
            try:
                _training.advance(live, state, 1, first=step)
            except RuntimeError as problem:
                if TOLD not in str(problem):
                    raise
                witnesses.append(_broken(step, str(problem)))
            if witnesses:
                break
        return Finding(
            total=steps,
            unit="steps after an evaluation",
            measured=f"{len(witnesses)} tensors of inference mode",
            threshold="0",
            detail=f"{steps} evaluations",
            witnesses=tuple(witnesses[:20]),
        )


def _made_in_inference(state: Any) -> list[str]:
    """Returns the parameters and buffers that belong to inference mode."""
    every = [*state.model.named_parameters(), *state.model.named_buffers()]
    return [name for name, each in every if each.is_inference()]


def _witness(name: str) -> Witness:
    return Witness(
        where=name,
        found="made in inference mode",
        expected="an ordinary tensor: is it cached, replaced or registered inside an evaluation?",
    )


def _broken(step: int, problem: str) -> Witness:
    return Witness(
        where=f"step {step}, after an evaluation",
        found=f"the step breaks: {problem.splitlines()[0][:120]}",
        expected="a step as without it: what does the evaluation cache?",
    )


INVARIANT = InferenceTensors()
