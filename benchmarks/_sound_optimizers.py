"""The usual optimizers and schedules by name, and small ones of our own that torch lacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

STEPS, WARMUP = 24, 4


class Lion(torch.optim.Optimizer):
    """The sign of a mixed momentum, with decoupled decay."""

    def __init__(self, params: Any, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Moves every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                kept = self.state[p]
                if not kept:
                    kept["exp_avg"] = torch.zeros_like(p)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(kept["exp_avg"].lerp(p.grad, 0.1).sign(), alpha=-group["lr"])
                kept["exp_avg"].lerp_(p.grad, 0.01)


class Muon(torch.optim.Optimizer):
    """A momentum made orthogonal; ``fills`` zeros for missing gradients, as for ranks that go in step."""

    def __init__(self, params: Any, lr: float, weight_decay: float = 0.0, *, fills: bool = False) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": 0.95})
        self.fills = fills

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Moves every matrix."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None and self.fills:
                    p.grad = torch.zeros_like(p)
                if p.grad is None:
                    continue
                kept = self.state[p]
                if not kept:
                    kept["momentum_buffer"] = torch.zeros_like(p)
                kept["momentum_buffer"].lerp_(p.grad, 1 - group["momentum"])
                x = p.grad.lerp(kept["momentum_buffer"], group["momentum"])
                x = orthogonal(x)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """Returns nearly the nearest orthogonal matrix, by five turns of Newton and Schulz."""
    turned = x.shape[0] > x.shape[1]
    x = (x.T if turned else x) / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if turned else x


class Langevin(torch.optim.Optimizer):
    """Gradient descent with noise of its own in every value that has a gradient (Welling and Teh 2011)."""

    def __init__(self, params: Any, lr: float, weight_decay: float = 0.0, temperature: float = 1e-5) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "temperature": temperature})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Moves every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(p.grad, alpha=-group["lr"])
                p.add_(torch.randn_like(p), alpha=math.sqrt(2 * group["lr"] * group["temperature"]))


T = torch.optim
MAKERS: dict[str, Callable[..., Any]] = {
    "SGD": lambda g: T.SGD(g, lr=0.05),
    "momentum": lambda g: T.SGD(g, lr=0.02, momentum=0.9),
    "Nesterov": lambda g: T.SGD(g, lr=0.02, momentum=0.9, nesterov=True),
    "AdamW": lambda g: T.AdamW(g, lr=3e-3, betas=(0.9, 0.95)),
    "Adam": lambda g: T.Adam(g, lr=3e-3),
    "Adam with amsgrad": lambda g: T.Adam(g, lr=3e-3, amsgrad=True),
    "RMSprop": lambda g: T.RMSprop(g, lr=1e-3),
    "Adagrad": lambda g: T.Adagrad(g, lr=1e-2),
    "NAdam": lambda g: T.NAdam(g, lr=2e-3),
    "RAdam": lambda g: T.RAdam(g, lr=2e-3),
    "Adafactor": lambda g: T.Adafactor(g, lr=1e-2),
    "Adamax": lambda g: T.Adamax(g, lr=2e-3),
    "Lion": lambda g: Lion(g, lr=3e-4),
    "Langevin": lambda g: Langevin(g, lr=1e-2),
}
MIXED = ("Muon and AdamW", "Muon that fills and AdamW", "torch's Muon and AdamW")
OPTIMIZERS = (*MAKERS, *MIXED)


def optimizer_of(name: str, named: Sequence[tuple[str, Any]], decay: float, *, grouped: bool) -> Any:
    """Returns the optimizer, or a list of two; vectors and embeddings are not decayed where ``grouped``."""
    if name in MAKERS:
        return MAKERS[name](_groups([*named], decay, grouped=grouped))
    inner = [(n, p) for n, p in named if p.dim() == 2 and "embedding" not in n and "head" not in n]
    rest = [(n, p) for n, p in named if not any(p is q for _, q in inner)]
    if not inner:
        return T.AdamW(_groups(rest, decay, grouped=grouped), lr=3e-3)
    if name.startswith("torch"):
        first: Any = T.Muon([p for _, p in inner], lr=0.02, weight_decay=decay)
    else:
        first = Muon([p for _, p in inner], lr=0.02, weight_decay=decay, fills="fills" in name)
    return [first, T.AdamW(_groups(rest, decay, grouped=grouped), lr=3e-3)] if rest else [first]


def spared(name: str, value: Any) -> bool:
    """Tells whether a tensor is one without decay: a vector, or a table of embeddings."""
    return value.dim() < 2 or "embedding" in name or "places" in name


def _groups(named: list[tuple[str, Any]], decay: float, *, grouped: bool) -> list[dict[str, Any]]:
    if not grouped:
        return [{"params": [p for _, p in named], "weight_decay": decay}]
    both = [
        {"params": [p for n, p in named if not spared(n, p)], "weight_decay": decay},
        {"params": [p for n, p in named if spared(n, p)], "weight_decay": 0.0},
    ]
    return [group for group in both if group["params"]]


SCHEDULES = (
    "none", "constant", "linear", "cosine with warm-up", "step", "one-cycle", "plateau", "warm, stay, decay",
)  # fmt: skip


def share(name: str, step: int) -> float:
    """Returns a schedule's share of the peak at a step, counted from 0."""
    warm = min(1.0, (step + 1) / WARMUP)
    if name == "linear":
        return max(0.0, 1 - step / STEPS)
    if name == "cosine with warm-up":
        over = min(1.0, max(0, step - WARMUP) / (STEPS - WARMUP))
        return warm * (0.1 + 0.45 * (1 + math.cos(math.pi * over)))
    if name == "step":
        return 0.5 ** (step // 6)
    if name == "warm, stay, decay":
        return warm * min(1.0, max(0.0, (STEPS - step) / 8))
    return 1.0


def scheduler_of(name: str, optimizer: Any) -> Any:
    """Returns torch's scheduler of one optimizer, or None."""
    lrs = T.lr_scheduler
    if name == "none":
        return None
    if name == "one-cycle":
        cycled = any(key in optimizer.defaults for key in ("momentum", "betas"))
        peaks = [group["lr"] for group in optimizer.param_groups]
        return lrs.OneCycleLR(optimizer, peaks, total_steps=STEPS, cycle_momentum=cycled)
    if name == "plateau":
        return lrs.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    if name == "step":
        return lrs.StepLR(optimizer, 6, 0.5)
    return lrs.LambdaLR(optimizer, lambda step: share(name, step))


def parameters(optimizers: Sequence[Any]) -> list[nn.Parameter]:
    """Returns the tensors that optimizers hold, in order."""
    return [p for one in optimizers for group in one.param_groups for p in group["params"]]
