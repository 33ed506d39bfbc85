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

EPS = 1e-5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClmReader:
    """The decoded weights, and whether each time step is normalised by itself."""

    weights: Mapping[str, Array]
    experts: int
    vocab: int
    causal: bool

    def logits(self, ids: Array) -> Array:
        """Returns logits (windows, time, vocab) for bytes (windows, time); windows do not see each other."""
        import numpy as np

        return np.stack([self._window(row) for row in ids])

    def _window(self, row: Array) -> Array:
        x = self._conv("ec", self.weights["embed"][row].T)
        x = x + _gelu(self._norm("tc.norm", self._conv("tc", x)))
        shares = _softmax(self._conv("router", x))
        y = sum(shares[i] * _gelu(self._conv(f"e{i}", x)) for i in range(self.experts))
        found: Array = self._conv("readout", self._norm("norm", y)).T
        return found

    def _conv(self, name: str, x: Array) -> Array:
        """Convolves (channels, time), padded on the left; the last of the kernel is the current step."""
        import numpy as np

        weight = self.weights[f"{name}.weight"]
        kernel, time = weight.shape[2], x.shape[1]
        padded = np.concatenate([np.zeros((x.shape[0], kernel - 1)), x], axis=1)
        found = self.weights[f"{name}.bias"][:, None] + sum(
            weight[:, :, k] @ padded[:, k : k + time] for k in range(kernel)
        )
        return np.asarray(found)

    def _norm(self, name: str, x: Array) -> Array:
        axes = 0 if self.causal else (0, 1)
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        gain, shift = (self.weights[f"{name}.{part}"][:, None] for part in ("gain", "shift"))
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
        weights={name: value.copy() for name, value in held.values().items()},
        experts=shape.experts,
        vocab=shape.vocab,
        causal=config.causal,
    )


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
