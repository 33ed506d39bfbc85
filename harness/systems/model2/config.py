"""The configuration of model2; the defaults are what two CPU cores train in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.systems._system import Plain, configure, require

VOCAB = 256
LOADERS = ("disjoint", "wrapping")


@dataclass(frozen=True, kw_only=True, slots=True)
class Model2Config:
    """Sizes, schedule and loader of one training.

    Of the corpus that the run declares one ``part``-th of the training documents is used. A ``disjoint``
    loader never serves what the corpus holds out. A ``wrapping`` one validates on the head of its stream
    and starts behind it, so that it trains on it once it has wrapped, as the published run did.
    ``evaluated`` documents of each split are evaluated, ``evaluations`` times.
    """

    d_model: int = 64
    n_head: int = 4
    n_layer: int = 2
    block_size: int = 64
    batch: int = 16
    steps: int = 800
    lr: float = 4e-3
    lr_floor: float = 0.1
    warmup: int = 20
    weight_decay: float = 0.01
    part: int = 28
    loader: str = "disjoint"
    evaluated: int = 224
    evaluations: int = 2


def read(config: Mapping[str, Plain]) -> Model2Config:
    """Reads a contract's configuration; raises ``InputError`` naming what cannot be trained."""
    made = configure(Model2Config, config)
    for name in ("n_head", "n_layer", "batch", "steps", "warmup", "part", "evaluations"):
        require(getattr(made, name) >= 1, f"{name} must be at least 1")
    require(made.block_size >= 2, "block_size must be at least 2")
    require(made.evaluated >= 8, "fewer than 8 evaluated documents tell nothing")
    require(made.d_model >= 2 and made.d_model % made.n_head == 0, "d_model must be a multiple of n_head")
    require(made.warmup < made.steps, "warmup must be shorter than steps")
    require(made.evaluations <= made.steps, "there are no more evaluations than steps")
    require(made.lr > 0, "lr must be positive")
    require(made.loader in LOADERS, f"loader must be one of {', '.join(LOADERS)}, not {made.loader!r}")
    return made


def parameters(config: Model2Config) -> int:
    """Returns the number of parameters: tied embedding, positions, blocks of attention and MLP, norms."""
    d = config.d_model
    return (VOCAB + config.block_size) * d + config.n_layer * (12 * d * d + 2 * d) + d
