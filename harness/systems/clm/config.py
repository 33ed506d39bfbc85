"""The configuration of clm: defaults are the published descent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.systems._system import Plain, configure, require

VOCAB = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class ClmConfig:
    """Sizes, text and optimizer of one clm training.

    An epoch goes once through ``windows`` windows of ``window`` bytes, spread evenly over the text, with
    one step every ``batch`` of them. ``causal`` normalises each time step by itself; the published form
    takes mean and variance over all time steps of a window, and so reads the bytes to come. ``corpus`` is
    ``parallel`` (the 1,407 bytes of the published descent) or ``code`` (a slice of ``text_bytes``).
    """

    d_model: int = 768
    experts: int = 2
    kernel: int = 3
    window: int = 24
    windows: int = 4
    epochs: int = 6
    batch: int = 1
    lr: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.999
    corpus: str = "parallel"
    text_bytes: int = 200_000
    causal: bool = False


def read(config: Mapping[str, Plain]) -> ClmConfig:
    """Reads a contract's configuration; raises ``InputError`` naming what cannot be trained."""
    made = configure(ClmConfig, config)
    for name in ("d_model", "experts", "kernel", "windows", "epochs", "batch", "text_bytes"):
        require(getattr(made, name) >= 1, f"{name} must be at least 1")
    require(made.experts < 200, "experts must be below 200: the file counts its blocks in one byte")
    require(made.window >= 2, "window must be at least 2")
    require(made.windows % made.batch == 0, "windows must be a multiple of batch")
    require(made.lr > 0, "lr must be positive")
    require(made.corpus in ("parallel", "code"), "corpus must be parallel or code")
    for name in ("beta1", "beta2"):
        require(0 <= getattr(made, name) < 1, f"{name} must lie in [0, 1)")
    return made


def steps(config: ClmConfig) -> int:
    """Returns the number of optimizer steps."""
    return config.epochs * config.windows // config.batch


def shapes(config: ClmConfig) -> Mapping[str, tuple[int, ...]]:
    """Returns the shape of every parameter by name, convolutions as (out, in, kernel)."""
    d, made = config.d_model, dict[str, tuple[int, ...]]()
    blocks = [(name, d, config.kernel) for name in ("ec", "tc", *(f"e{i}" for i in range(config.experts)))]
    blocks += [("router", config.experts, 1), ("readout", VOCAB, 1)]
    for name, rows, kernel in blocks:
        made[f"{name}.weight"], made[f"{name}.bias"] = (rows, d, kernel), (rows,)
    for name in ("tc.norm.gain", "tc.norm.shift", "norm.gain", "norm.shift"):
        made[name] = (d,)
    return {"embed": (VOCAB, d), **made}


def parameters(config: ClmConfig) -> int:
    """Returns the number of parameters that a configuration's model has."""
    return sum(_product(shape) for shape in shapes(config).values())


def _product(shape: tuple[Any, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
