"""Where a program says that no gradient is stopped, every gradient is the slope of the loss.

Source: a detach left in a residual path, a part under no_grad, a hook that rescales or a hand-written
backward pass leaves every parameter with a gradient, only another one. Straight-through and stopped
gradients are so on purpose, so the law is tried where ``declares`` says ``smooth``. In float64 and in
evaluation mode each tensor is moved along a random direction, and the central difference must be the
gradient's product with it, up to 16 times what halving the step changes and the rounding of the loss. Where
that is too much to tell, as at a kink, the tensor is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

TENSORS, STEP, TRUST = 24, 2.0**-14, 16.0
"""At most so many tensors; the relative step, near the cube root of float64's unit; trust in its error."""


def _stopped(live: Live) -> Live:
    """Lets half of the loss's gradient through."""
    inner = _training.part(live, "batch_loss")

    def batch_loss(model: Any, batch: Any) -> Any:
        found = inner(model, batch)
        return found / 2 + (found / 2).detach()

    return _training.with_trainer(live, batch_loss=batch_loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientIsSlope:
    """Compares the gradient of every tensor with differences of the loss."""

    needs: tuple[Need, ...] = ("start", "batch", "batch_loss")
    windows: int = TENSORS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"half of it is stopped": _stopped}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes the gradient once and the loss four times for each tensor."""
        if not _training.trainer(live).declared.smooth:
            raise InputError("does not declare that it is smooth: that no gradient is stopped", "UNSUPPORTED")
        slopes = _Slopes(live, ask)
        found = {name: slopes.of(name) for name in slopes.chosen(ask.windows or self.windows)}
        told = {name: each for name, each in found.items() if each.told}
        wrong = {name: each for name, each in told.items() if each.apart > each.slack}
        worst = max((each.apart for each in told.values()), default=0.0)
        return Finding(
            total=len(found),
            unit="tensors",
            measured=f"{len(wrong)} of {len(told)} are others; {worst:.3g} apart at most",
            threshold="16 times what halving the step changes",
            undecided=len(found) - len(told),
            detail="in float64, dropout off",
            reason=None if told else Reason.UNJUDGED,
            witnesses=tuple(
                Witness(
                    where=name,
                    found=f"a derivative of {each.gradient:.6g} along a random direction",
                    expected=f"{each.slope:.6g}, the loss's slope: is a path detached, or one wrong?",
                )
                for name, each in sorted(wrong.items(), key=lambda pair: -pair[1].apart)[:20]
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slope:
    """A tensor's derivative along a direction, twice, and how far the two may be apart."""

    gradient: float
    slope: float
    slack: float

    @property
    def apart(self) -> float:
        """How far they are apart."""
        return abs(self.gradient - self.slope)

    @property
    def told(self) -> bool:
        """Whether the slack is less than a quarter of either."""
        return 4 * self.slack < max(abs(self.gradient), abs(self.slope))


class _Slopes:
    """The loss of one batch around the weights as they are after a step."""

    def __init__(self, live: Live, ask: Ask) -> None:
        import torch

        state = _training.fresh(live, ask.seed)
        if _training.trainer(live).step is not None:
            _training.advance(live, state, 1)
        self.batch = _training.as_float64(_training.batch(live, 0))
        self.model = _training.in_float64(state.model).eval()
        self.loss_of = _training.part(live, "batch_loss")
        self.trained = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        self.draw = torch.Generator().manual_seed(ask.seed)
        try:
            loss = self._asked()
            found = torch.autograd.grad(loss, list(self.trained.values()), allow_unused=True)
            again = self._asked()
            if float(again.detach()) != float(loss.detach()) or loss.dtype != torch.float64:
                raise InputError("the loss is not one number of float64", reason="UNSUPPORTED")
        except (RuntimeError, TypeError) as problem:
            raise InputError(f"the loss is not to be had in float64: {problem}", "UNSUPPORTED") from problem
        self.loss = abs(float(loss.detach()))
        self.gradients = dict(zip(self.trained, found, strict=True))

    def _asked(self) -> Any:
        with _all_double():
            return self.loss_of(self.model, self.batch)

    def chosen(self, many: int) -> list[str]:
        """Returns the names of so many tensors, spread over the model."""
        every = list(self.trained)
        return every[:: max(1, -(-len(every) // many))]

    def of(self, name: str) -> _Slope:
        """Returns the two derivatives of a tensor."""
        import torch

        value, gradient = self.trained[name], self.gradients[name]
        way = torch.randn(value.shape, generator=self.draw, dtype=torch.float64)
        size = STEP * max(float(value.detach().square().mean()) ** 0.5, 2.0**-6)
        coarse, fine = (self._difference(value, way, step) for step in (size, size / 2))
        rounding = TRUST * 2.0**-52 * (self.loss + 1) / size
        own = 0.0 if gradient is None else float((gradient.detach() * way).sum())
        return _Slope(gradient=own, slope=fine, slack=TRUST * abs(coarse - fine) + rounding)

    def _difference(self, value: Any, way: Any, size: float) -> float:
        import torch

        kept, found = value.detach().clone(), []
        with torch.no_grad():
            for sign in (1, -1):
                value.copy_(kept + sign * size * way)
                found.append(float(self._asked()))
            value.copy_(kept)
        return (found[0] - found[1]) / (2 * size)


def _all_double() -> Any:
    """Returns a context in which casts to a lower precision, as losses make, are casts to float64."""
    import torch
    from torch.overrides import TorchFunctionMode

    lower = (torch.float32, torch.float16, torch.bfloat16)
    casts = (torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16)

    class Doubled(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            named = dict(kwargs or {})
            if func in casts:
                func = torch.Tensor.double
            if func in (torch.Tensor.to, torch.Tensor.type):
                args = tuple(torch.float64 if any(each is one for one in lower) else each for each in args)
                named |= {"dtype": torch.float64} if named.get("dtype") in lower else {}
            return func(*args, **named)

    return Doubled()


INVARIANT = GradientIsSlope()
