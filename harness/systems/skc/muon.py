# mypy: disallow-subclassing-any=False
"""Muon: momentum whose matrix is made orthogonal before it is applied (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

STEPS, COEFFICIENTS, RMS, EPS = 5, (3.4445, -4.7750, 2.0315), 0.2, 1e-7


def orthogonal(gradient: Tensor) -> Tensor:
    """Returns the nearest orthogonal matrix by five Newton-Schulz steps; that of zeros is zeros, not NaN."""
    a, b, c = COEFFICIENTS
    wide = gradient.shape[0] <= gradient.shape[1]
    x = gradient if wide else gradient.T
    x = x / (x.norm() + EPS)
    for _ in range(STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """Steps of root mean square 0.2 times the rate, so that it shares AdamW's (Liu et al. 2025).

    A matrix without a gradient (``None``) is not touched: neither momentum nor weight decay moves it.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def step(self, closure: object = None) -> None:
        """Applies one step to every matrix that has a gradient."""
        del closure
        with torch.no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._apply(parameter, parameter.grad, group)

    def _apply(self, parameter: Tensor, gradient: Tensor, group: Mapping[str, float]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].mul_(group["momentum"]).add_(gradient)
        ahead = gradient + group["momentum"] * state["momentum"]
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        scale = RMS * max(parameter.shape) ** 0.5
        parameter.add_(orthogonal(ahead), alpha=-group["lr"] * scale)
