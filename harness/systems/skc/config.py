"""The configuration of skc: sizes, optimizers, averaging, and which fault an arm plants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.systems._system import Plain, configure, require

VOCAB = 256
ARMS = ("sound", "raw_export", "normalised", "zero_filled", "peeking", "unquantised")
"""What is done: all as it should be, or one planted fault.

``raw_export`` ships the trained weights and not their average; ``normalised`` divides the top expert's weight
by itself; ``zero_filled`` gives dormant experts a gradient of zeros, so that weight decay and momentum move
them; ``peeking`` learns from a chunk before it scores it; ``unquantised`` trains without the quantiser that
the export applies.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SkcConfig:
    """Sizes and recipe of one skc training on the bytes of the code corpus.

    ``weights`` are ``ternary`` or ``int8``: what matrices are trained through and shipped in. The first
    ``short`` steps are on windows of half the length. ``lr`` is of both optimizers, whose updates have the
    same root mean square; ``adapt_lr`` is that of test-time training. ``balance`` weighs the loss that keeps
    experts equally used, ``average`` is the share that the averaged weights keep in a step.
    """

    d_model: int = 64
    layers: int = 2
    experts: int = 4
    hidden: int = 128
    window: int = 64
    batch: int = 16
    steps: int = 150
    short: int = 40
    warmup: int = 10
    lr: float = 0.01
    weight_decay: float = 0.1
    clip: float = 1.0
    momentum: float = 0.95
    balance: float = 0.01
    average: float = 0.95
    adapt_lr: float = 0.02
    text_bytes: int = 300_000
    weights: str = "ternary"
    arm: str = "sound"


def read(config: Mapping[str, Plain]) -> SkcConfig:
    """Reads a contract's configuration; raises ``InputError`` naming what cannot be trained."""
    made = configure(SkcConfig, config)
    for name in ("d_model", "layers", "experts", "hidden", "batch", "steps", "warmup"):
        require(getattr(made, name) >= 1, f"{name} must be at least 1")
    require(made.window >= 4, "window must be at least 4")
    require(0 <= made.short <= made.steps, "short lies between 0 and steps")
    require(made.warmup < made.steps, "warmup must be shorter than steps")
    require(made.text_bytes >= 4 * made.batch * (made.window + 1), "text_bytes are fewer than four batches")
    require(made.text_bytes <= 2_000_000, "text_bytes are at most 2,000,000: the corpus has no more")
    for name in ("lr", "adapt_lr", "clip"):
        require(getattr(made, name) > 0, f"{name} must be positive")
    for name in ("average", "momentum"):
        require(0 <= getattr(made, name) < 1, f"{name} must lie in [0, 1)")
    require(made.weight_decay >= 0 and made.balance >= 0, "weight_decay and balance are not negative")
    require(made.weights in ("ternary", "int8"), "weights must be ternary or int8")
    require(made.arm in ARMS, f"arm must be one of {', '.join(ARMS)}, not {made.arm!r}")
    return made


def rate(config: SkcConfig, step: int) -> float:
    """Returns the learning rate of a step counted from 0: warm-up, then a line down to a tenth."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    left = max(0.0, (config.steps - step) / (config.steps - config.warmup))
    return config.lr * (0.1 + 0.9 * left)


def parameters(config: SkcConfig) -> int:
    """Returns the number of parameters by the closed form, the frozen table of pairs included."""
    d = config.d_model
    block = 3 * d * d + d + 2 * d + config.experts * (2 * d * config.hidden + d)
    return config.layers * block + 2 * VOCAB * d + d + 1 + VOCAB * VOCAB
