"""The gradients of a loss taken apart from the step, beside those that reach the optimizers in it."""

from __future__ import annotations

import copy
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Live

WARM = 2


def _copied(live: Live, state: Any, seed: int) -> Any:
    """Returns a model of the same weights, without hooks; or that of a second training."""
    try:
        return copy.deepcopy(state.model)
    except (RuntimeError, TypeError):
        other = _training.fresh(live, seed)
        _training.advance(live, other, WARM)
        _stepping.quiet(other)
        return other.model


def both(live: Live, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns by name the gradients of the loss, and those that reach the optimizers, before any clip."""
    import torch

    state, cost = _training.fresh(live, seed), _training.part(live, "batch_loss")
    _training.advance(live, state, WARM)
    _stepping.quiet(state)
    batch = _training.batch(live, WARM % (_training.trainer(live).batches or WARM + 1))
    model = _copied(live, state, seed)
    _training.seed_all(seed)
    trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
    slopes = torch.autograd.grad(cost(model, batch), list(trained.values()), allow_unused=True)
    own = {
        name: (each.to_dense() if each.is_sparse else each).detach().double()
        for name, each in zip(trained, slopes, strict=True)
        if each is not None
    }
    _training.seed_all(seed)
    return own, _stepping.reaching(state, lambda: _stepping.step_of(live)(state, batch))
