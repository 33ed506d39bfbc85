"""How far two models are apart on the same windows of a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.model.predictor import Array, Predictor


@dataclass(frozen=True, kw_only=True, slots=True)
class Apart:
    """What was found in so many places; ``alike`` tells that the parent gives the same answer in all."""

    places: int
    agreement: float
    logit: float
    kl: float
    bits: float
    alike: bool

    def said(self) -> str:
        """Returns all of it in words."""
        return (
            f"agreement {self.agreement:.4%}, logit {self.logit:.6g}, "
            f"KL {self.kl:.6g} nats, {self.bits:+.6g} bits a symbol"
        )


def cut(paths: Sequence[str], vocab: int, windows: int, length: int) -> Array:
    """Returns evenly spread windows (windows, length + 1) of the bytes of files; raises ``InputError``.

    The windows share no byte; a text that has fewer gives all that it has.
    """
    import numpy as np

    rows = []
    for path in paths:
        symbols = np.frombuffer(Path(path).read_bytes(), np.uint8).astype(np.int64)
        if len(symbols) and symbols.max() >= vocab:
            message = f"{Path(path).name} holds bytes beyond the model's {vocab} symbols"
            raise InputError(message, "ILL_POSED")
        count = min(-(-windows // len(paths)), len(symbols) // (length + 1))
        if not count:
            raise InputError(f"{Path(path).name} has no window of {length + 1} symbols", "TOO_FEW")
        stride = len(symbols) // count
        rows += [symbols[i * stride : i * stride + length + 1] for i in range(count)]
    return np.stack(rows)


def apart(shipped: Predictor, parent: Predictor, windows: Array) -> Apart:
    """Asks both models; raises ``InputError`` where they have other symbols."""
    import numpy as np

    if shipped.vocab != parent.vocab:
        message = f"the models have {shipped.vocab} and {parent.vocab} symbols"
        raise InputError(message, "ILL_POSED")
    told, own = (np.asarray(each.logits(windows[:, :-1]), np.float64) for each in (shipped, parent))
    targets = windows[:, 1:, None]
    q, p = _log_softmax(told), _log_softmax(own)
    costs = [-np.take_along_axis(each, targets, axis=-1).mean() for each in (q, p)]
    same = told.argmax(axis=-1) == own.argmax(axis=-1)
    sound = bool(np.isfinite(told).all() and np.isfinite(own).all())
    return Apart(
        places=same.size,
        agreement=float(same.mean()) if sound else math.nan,
        logit=float(np.abs(told - own).max()),
        kl=float((np.exp(p) * (p - q)).sum(axis=-1).mean()),
        bits=float(costs[0] - costs[1]) / math.log(2),
        alike=bool((own == own[:1, :1]).all()),
    )


def _log_softmax(logits: Array) -> Array:
    import numpy as np

    moved = logits - logits.max(axis=-1, keepdims=True)
    found: Array = moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))
    return found
