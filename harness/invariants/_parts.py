"""What invariants share: drawn windows, exact copies, and how much rounding alone moves logits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.model.behaviour import Ask, Live
from harness.model.problem import InputError

SHARE, UNITS = 2.0**-10, 64
"""A planted fault's size: this share of the spread of the logits, or so many units of rounding if more."""


def draw(live: Live, ask: Ask, windows: int, more: int = 0) -> Any:
    """Returns uniform symbols (windows, time + ``more``), the same for one seed; raises ``InputError``."""
    import torch

    time = live.length if ask.length is None else min(ask.length, live.length)
    if time < 2:
        raise InputError(f"windows of {time} symbols have no neighbours")
    generator = torch.Generator().manual_seed(ask.seed)
    return torch.randint(live.vocab, (ask.windows or windows, time + more), generator=generator)


def logits(live: Live, ids: Any) -> Any:
    """Returns finite logits (batch, time, vocab); raises ``InputError`` for anything else."""
    found = live.logits(live.module, ids)
    wanted = (*ids.shape, live.vocab)
    if tuple(found.shape) != wanted:
        raise InputError(f"the model gives logits of shape {tuple(found.shape)}, not {wanted}")
    if not bool(found.isfinite().all()):
        raise InputError("the model gives logits that are not finite")
    return found


def exact(live: Live) -> Live:
    """Returns the model in float64: there, what rounding did in its own precision is gone."""
    return replace(live, module=copy.deepcopy(live.module).double())


def coarse(live: Live) -> tuple[Live, float]:
    """Returns the model in a precision that rounds, and what its rounding errors are to be multiplied by.

    That is the model itself, or of one in float64 its copy in float32: errors there are 2^29 times as large,
    and 64 of what remains is allowed, since sums are made in another order.
    """
    if all(each.dtype.itemsize < 8 for each in live.module.parameters()):
        return live, 1.0
    return replace(live, module=copy.deepcopy(live.module).float()), UNITS * 2.0**-29


def rounding(live: Live, ids: Any) -> float:
    """Returns how far rounding alone moves these logits: the largest distance from those in float64."""
    import torch

    other, share = coarse(live)
    true = logits(exact(live), ids)
    try:
        return share * float((logits(other, ids).double() - true).abs().max())
    except RuntimeError:  # it makes tensors of its own precision
        return UNITS * float(torch.finfo(torch.float64).eps) * float(true.abs().max())


def size(found: Any) -> Any:
    """Returns how large a planted fault of some logits is: small, and yet above their rounding."""
    import torch

    return max(SHARE, UNITS * torch.finfo(found.dtype).eps) * found.std().clamp_min(2.0**-20)


def heard(live: Live, change: Callable[[Any, Any], Any]) -> Live:
    """Returns a copy whose logits are ``change(logits, ids)``: a fault without surgery on the module."""
    return replace(live, logits=lambda module, ids: change(live.logits(module, ids), ids))


def next_symbol(ids: Any, vocab: int) -> Any:
    """Returns one-hot vectors (batch, time, vocab) of the symbol that follows; the last place has none."""
    import torch

    told = torch.zeros((*ids.shape, vocab), dtype=torch.float64)
    told[:, :-1].scatter_(-1, ids[:, 1:, None], 1.0)
    return told


def loss(live: Live, ids: Any) -> Any:
    """Returns the scalar that training minimises on windows (batch, time + 1)."""
    if live.loss is not None:
        return live.loss(live.module, ids)
    from torch.nn import functional

    return functional.cross_entropy(logits(live, ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
