"""A gradient that is exactly zero leaves every weight and the optimizer's state finite.

Source: the Newton-Schulz iteration of an orthogonalised update divides by the gradient's norm; on an expert
that no token reached, that is 0/0 and the weights become NaN (0 to NaN, measured). The gradients of every
second tensor are made zero as the optimizer begins, then all of them, on a fresh state and on a warm one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

WARM = 2


def _normalised(live: Live) -> Live:
    """Divides each gradient by its norm and multiplies it again, which is 0/0 for none."""

    def before(_: int, optimizer: Any) -> None:
        for tensor in _stepping.held(optimizer):
            if tensor.grad is not None and not tensor.grad.is_sparse:
                size = tensor.grad.norm()
                tensor.grad.div_(size).mul_(size)

    return _stepping.each_optimizer_step(live, before)


@dataclass(frozen=True, kw_only=True, slots=True)
class ZeroGradient:
    """Looks for what a gradient of zero makes of the weights."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = WARM
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"each gradient is divided by its norm": _normalised}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps with gradients of zero and looks at weights and optimizer state."""
        judged, witnesses = 0, dict[str, Witness]()
        for warm in (0, ask.windows or self.windows):
            state = _training.fresh(live, ask.seed)
            _training.advance(live, state, warm)
            if _not_finite(state):
                continue  # what is so without any zero is another law's
            for stride in (2, 1):
                judged += _zeroed(live, state, warm, stride)
                for name in _not_finite(state):
                    witnesses.setdefault(name, _witness(name, warm, stride))
        return Finding(
            total=judged,
            unit="gradients of zero",
            measured=f"{len(witnesses)} tensors not finite after them",
            threshold="0",
            detail="on a fresh state and a warm one",
            reason=None if judged else Reason.UNJUDGED,
            witnesses=tuple(witnesses.values())[:20],
        )


def _zeroed(live: Live, state: Any, step: int, stride: int) -> int:
    """Takes a step with the gradients of every ``stride``-th tensor zero; returns how many."""
    count = [0]

    def before(_: int, optimizer: Any) -> None:
        import torch

        for tensor in _stepping.held(optimizer)[::stride]:
            if tensor.grad is not None:
                tensor.grad = torch.zeros_like(tensor.grad)
                count[0] += 1

    with _stepping.watching(state, before):
        _training.advance(live, state, 1, first=step)
    return count[0]


def _not_finite(state: Any) -> list[str]:
    """Returns the parameters and optimizer tensors that hold NaN; the parameters with infinity too."""
    found = [name for name, each in state.model.named_parameters() if not bool(each.isfinite().all())]
    return found + [name for name, each in _training.optimizer_tensors(state) if bool(each.isnan().any())]


def _witness(name: str, warm: int, stride: int) -> Witness:
    which = "all gradients are zero" if stride == 1 else "every second gradient is zero"
    return Witness(
        where=f"{name} after step {warm}, in which {which}",
        found="values that are not finite",
        expected="finite: is a gradient divided by its norm, without a floor?",
    )


INVARIANT = ZeroGradient()
