"""A ``.clm`` file asked for its predictions, in numpy and float64: no torch is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artifacts.formats._format import opened
from harness.artifacts.formats.clm import FORMAT, Clm
from harness.model.problem import InputError
from harness.systems.clm.config import ClmConfig

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

EPS, SOME = 1e-5, 16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClmReader:
    """The decoded weights, and whether each time step is normalised by itself; ``SOME`` windows at once."""

    weights: Mapping[str, Array]
    experts: int
    vocab: int
    causal: bool

    def logits(self, ids: Array) -> Array:
        """Returns logits (windows, time, vocab) for bytes (windows, time); windows do not see each other."""
        import numpy as np

        return np.concatenate([self._some(ids[at : at + SOME]) for at in range(0, len(ids), SOME)])

    def _some(self, ids: Array) -> Array:
        """Works on (channels, windows, time), where a convolution is one product for all windows."""
        x = self._conv("ec", self.weights["embed"][ids].transpose(2, 0, 1))
        x = x + _gelu(self._norm("tc.norm", self._conv("tc", x)))
        shares = _softmax(self._conv("router", x))
        y = sum(shares[i] * _gelu(self._conv(f"e{i}", x)) for i in range(self.experts))
        found: Array = self._conv("readout", self._norm("norm", y)).transpose(1, 2, 0)
        return found

    def _conv(self, name: str, x: Array) -> Array:
        """Convolves over time, padded on the left; the last of the kernel is the current step."""
        import numpy as np

        weight = self.weights[f"{name}.weight"]  # (kernel, out, in)
        kernel, (channels, windows, time) = len(weight), x.shape
        padded = np.concatenate([np.zeros((channels, windows, kernel - 1)), x], axis=2)
        moved = (padded[:, :, k : k + time].reshape(channels, -1) for k in range(kernel))
        found = sum(part @ step for part, step in zip(weight, moved, strict=True))
        return np.asarray(found).reshape(-1, windows, time) + self.weights[f"{name}.bias"][:, None, None]

    def _norm(self, name: str, x: Array) -> Array:
        axes = 0 if self.causal else (0, 2)
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        gain, shift = (self.weights[f"{name}.{part}"][:, None, None] for part in ("gain", "shift"))
        found: Array = (x - mean) / (variance + EPS) ** 0.5 * gain + shift
        return found


def open_clm(path: Path, config: ClmConfig) -> ClmReader:
    """Reads a file and returns its model; raises ``InputError`` for one that cannot be decoded."""
    held = opened(FORMAT, path, path.name)
    if not isinstance(held, Clm) or not held.facts["decodable"]:
        raise InputError(f"{path.name} is v0.1: without embedding, biases and norms it cannot be decoded")
    shape = held.shape
    if shape.layers != 1:
        raise InputError(f"{path.name} has {shape.layers} temporal layers; one is read here", "UNSUPPORTED")
    return ClmReader(
        weights={name: _laid_out(value) for name, value in held.values().items()},
        experts=shape.experts,
        vocab=shape.vocab,
        causal=config.causal,
    )


def _laid_out(value: Array) -> Array:
    """Returns a convolution as (kernel, out, in), whole in memory; anything else as it is."""
    import numpy as np

    return np.ascontiguousarray(value.transpose(2, 0, 1)) if value.ndim == 3 else value


def _gelu(x: Array) -> Array:
    import numpy as np

    error = np.asarray(np.frompyfunc(math.erf, 1, 1)(x / math.sqrt(2)), np.float64)
    found: Array = 0.5 * x * (1 + error)
    return found


def _softmax(x: Array) -> Array:
    import numpy as np

    powers = np.exp(x - x.max(axis=0))
    found: Array = powers / powers.sum(axis=0)
    return found
