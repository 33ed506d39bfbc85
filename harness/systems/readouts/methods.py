"""Makes one direction of the activations of a concept and of what is neutral, in the same scenes."""

from __future__ import annotations

import torch
from torch import Tensor

KEPT = 5
STEPS, PENALTY = 50, 1.0


def direction(method: str, positive: Tensor, neutral: Tensor) -> Tensor:
    """Returns a unit direction, of (scenes, width) and (scenes × k, width) in the order of the scenes.

    ``mean`` is the difference of means; ``pca`` the first direction of the paired differences, about 0;
    ``logistic`` the weights that tell the two apart, penalised; ``subspace`` the sum of the first five
    eigenvectors of the difference of second moments, each by its eigenvalue, none below 0. Each points to
    where the difference of means does.
    """
    one, other = positive.double(), neutral.double()
    lead = one.mean(0) - other.mean(0)
    if method == "pca":
        pairs = one - other.view(len(one), -1, one.shape[1]).mean(1)
        found = torch.linalg.svd(pairs, full_matrices=False).Vh[0]
    elif method == "logistic":
        found = _logistic(one, other)
    elif method == "subspace":
        found = _subspace(one, other, lead)
    else:
        found = lead
    found = found if found @ lead >= 0 else -found
    return found / found.norm()


def _logistic(one: Tensor, other: Tensor) -> Tensor:
    """Newton's method on the log-likelihood with half the squared weights, scaled to unit mean square."""
    both = torch.cat([one, other])
    centred = both - both.mean(0)
    basis = torch.linalg.svd(centred, full_matrices=False).Vh
    x = centred @ basis.T
    x = torch.cat([x / x.pow(2).sum(1).mean().sqrt(), torch.ones(len(x), 1, dtype=x.dtype)], 1)
    y = torch.cat([torch.ones(len(one)), torch.zeros(len(other))]).double()
    keep = PENALTY * torch.ones(x.shape[1], dtype=x.dtype)
    keep[-1] = 0.0
    weights = torch.zeros(x.shape[1], dtype=x.dtype)
    for _ in range(STEPS):
        chance = torch.sigmoid(x @ weights)
        slope = x.T @ (chance - y) + keep * weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + torch.diag(keep)
        step = torch.linalg.solve(bend, slope)
        weights = weights - step
        if step.norm() < 1e-10:
            break
    return weights[:-1] @ basis


def _subspace(one: Tensor, other: Tensor, lead: Tensor) -> Tensor:
    basis = torch.linalg.svd(torch.cat([one, other]), full_matrices=False).Vh
    a, b = one @ basis.T, other @ basis.T
    sizes, axes = torch.linalg.eigh(a.T @ a / len(a) - b.T @ b / len(b))
    kept = axes[:, -KEPT:] * sizes[-KEPT:].clamp(min=0)
    signs = torch.sign(kept.T @ (basis @ lead))
    return (kept * signs).sum(1) @ basis
