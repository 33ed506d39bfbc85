"""Makes a direction of labelled and other samples by four methods, as no system does; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

METHODS = ("mean", "pca", "logistic", "subspace")
KEPT, STEPS = 5, 50


def fitted(method: str, labelled: Array, others: Array) -> Array:
    """Returns a direction of (n, width) and (n × k, width) in their order; raises ``ValueError`` for another.

    ``mean`` is the difference of means, ``pca`` the first right singular vector of the paired differences,
    ``logistic`` the weights of a logistic regression with half the squared weights as its penalty, on
    centred samples of unit mean square, and ``subspace`` the five largest eigenvectors of the difference of
    second moments, weighted by their eigenvalues, none below 0. Each points to where the first does.
    """
    lead: Array = labelled.mean(0) - others.mean(0)
    if method == "mean":
        return lead
    if method == "pca":
        found = _first(labelled - others.reshape(len(labelled), -1, others.shape[1]).mean(1))
    elif method == "logistic":
        found = _logistic(labelled, others)
    elif method == "subspace":
        return _subspace(labelled, others, lead)
    else:
        raise ValueError(f"{method!r} is none of {', '.join(METHODS)}")
    return found if found @ lead >= 0 else -found


def _first(pairs: Array) -> Array:
    import numpy as np

    sizes, axes = np.linalg.eigh(pairs @ pairs.T)
    found: Array = axes[:, -1] @ pairs / max(float(np.sqrt(max(sizes[-1], 0.0))), 1e-300)
    return found


def _logistic(labelled: Array, others: Array) -> Array:
    """Fits in the dual: weights are a sum over samples, and so many numbers are solved for as there are."""
    import numpy as np

    both = np.concatenate([labelled, others])
    both = both - both.mean(0)
    both = both / max(float(np.sqrt((both**2).sum(1).mean())), 1e-300)
    gram, truth = both @ both.T, np.repeat([1.0, 0.0], [len(labelled), len(others)])
    dual, offset = np.zeros(len(both)), 0.0
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(gram @ dual + offset, -500, 500)))
        bend = np.maximum(chance * (1 - chance), 1e-12)
        # Iteratively reweighted: (K + 1/bend) dual + offset = target, with the duals adding up to 0.
        target = gram @ dual + offset + (truth - chance) / bend
        whole = np.block([[gram + np.diag(1 / bend), np.ones((len(both), 1))], [np.ones(len(both)), 0.0]])
        solved = np.linalg.solve(whole, np.append(target, 0.0))
        moved = float(np.abs(solved[:-1] - dual).max())
        dual, offset = solved[:-1], float(solved[-1])
        if moved < 1e-10:
            break
    found: Array = dual @ both
    return found


def _subspace(labelled: Array, others: Array, lead: Array) -> Array:
    import numpy as np

    basis = np.linalg.svd(np.concatenate([labelled, others]), full_matrices=False)[2]
    one, other = labelled @ basis.T, others @ basis.T
    sizes, axes = np.linalg.eigh(one.T @ one / len(one) - other.T @ other / len(other))
    kept = axes[:, -KEPT:] * np.maximum(sizes[-KEPT:], 0)
    signs = np.where(kept.T @ (basis @ lead) >= 0, 1.0, -1.0)
    found: Array = (kept * signs).sum(1) @ basis
    return found
