"""A schedule that torch has no class for, made of its ``LambdaLR`` as programs make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LambdaLR


def inverse_root(optimizer: Optimizer, warmup: int) -> LambdaLR:
    """Returns the schedule of the transformer: up to the base rate by update ``warmup``, then as 1/sqrt(t).

    Source: Vaswani et al., Attention Is All You Need, equation 3, which counts its steps from 1.
    """
    from torch.optim.lr_scheduler import LambdaLR

    return LambdaLR(optimizer, lambda t: min((t + 1) / warmup, (warmup / (t + 1)) ** 0.5))
