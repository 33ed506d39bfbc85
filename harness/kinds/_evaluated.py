"""Losses per document of a model that we ask ourselves, on texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.artifacts.texts import Layout, chunks, named
from harness.kinds._losses import Losses
from harness.model.predictor import Predictor
from harness.model.problem import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BATCH, MOST = 64, 8
"""So many windows are asked at once, and at most so many of one document."""


def evaluate(model: Predictor, files: Sequence[tuple[str, str]], layout: Layout, length: int) -> Losses:
    """Returns nats per symbol of every document of texts, in windows of ``length`` that do not overlap.

    A document shorter than a window is left out and counted. Raises ``InputError`` for symbols that the
    model does not know.
    """
    names: list[str] = []
    rows: list[Array] = []
    owners: list[int] = []
    short = 0
    for name, symbols in _documents(files, layout):
        if symbols.size and int(symbols.max()) >= model.vocab:
            raise InputError(f"{name}: symbols beyond the model's {model.vocab}", "ILL_POSED")
        windows = [symbols[at : at + length + 1] for at in range(0, symbols.size - length, length + 1)][:MOST]
        short += not windows
        if windows:
            owners += [len(names)] * len(windows)
            names.append(name)
            rows += windows
    sums, counts = [0.0] * len(names), [0] * len(names)
    for owner, loss in zip(owners, _costs(model, rows), strict=True):
        sums[owner] += loss
        counts[owner] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return Losses(
        source=files[0][0],
        values={name: (mean, float(n)) for name, mean, n in zip(names, means, counts, strict=True)},
        unfit=(),
        twice=(),
        states=frozenset({"this model"}),
        modes=frozenset({"eval"}),
        step=None,
        earlier=short,
    )


def _documents(files: Sequence[tuple[str, str]], layout: Layout) -> Iterator[tuple[str, Array]]:
    for texts in chunks(files, layout):
        start = 0
        for end, place in zip(texts.ends.tolist(), texts.places.tolist(), strict=True):
            yield named(place, files), texts.units[start:end]
            start = end


def _costs(model: Predictor, rows: Sequence[Array]) -> Iterator[float]:
    """Yields the mean nats per symbol of each window."""
    import numpy as np

    for start in range(0, len(rows), BATCH):
        symbols = np.stack(rows[start : start + BATCH]).astype(np.int64)
        logits = np.asarray(model.logits(symbols[:, :-1]), np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        paid = -np.take_along_axis(logs, symbols[:, 1:, None], axis=-1)[..., 0]
        yield from paid.mean(axis=1).tolist()
