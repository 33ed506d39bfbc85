"""The configuration of hexad: defaults are the published run, except where the comment says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.systems._system import Plain, configure, require
from harness.systems.hexad.data import CORPORA


@dataclass(frozen=True, kw_only=True, slots=True)
class HexadConfig:
    """Sizes, schedule and optimizer of one hexad training.

    ``causal`` keeps the cellular step from reading the next byte and ``hybrid`` turns the tension
    multiplier off (it is then 1): the mended form and the ablation beside the published one.
    ``ema_first`` updates the moving average before the multiplier, the order that the model card states.
    Without ``dormant`` what training never reads is not built: the cross-attention and head G.
    ``corpus`` is ``code``, or ``uniform`` for random bytes that nothing can foretell.
    """

    d_model: int = 768
    n_head: int = 12
    n_kv_head: int = 4
    n_layer: int = 12
    block_size: int = 128
    vocab: int = 256
    lr: float = 3e-4
    lr_floor: float = 0.1
    warmup: int = 125
    steps: int = 2500
    batch: int = 32
    ema_beta: float = 0.99
    clip_low: float = 0.5
    clip_high: float = 2.0
    max_norm: float = 1.0
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    causal: bool = False
    hybrid: bool = True
    ema_first: bool = False
    dormant: bool = True
    corpus: str = "code"


def read(config: Mapping[str, Plain]) -> HexadConfig:
    """Reads a contract's configuration; raises ``InputError`` naming what cannot be trained."""
    made = configure(HexadConfig, config)
    for name in ("d_model", "n_head", "n_kv_head", "n_layer", "warmup", "steps", "batch"):
        require(getattr(made, name) >= 1, f"{name} must be at least 1")
    require(made.block_size >= 2, "block_size must be at least 2")
    require(made.vocab == 256, "vocab must be 256: the corpus is bytes")
    require(made.d_model % (2 * made.n_head) == 0, "d_model must be n_head times an even head size")
    require(made.n_head % made.n_kv_head == 0, "n_head must be a multiple of n_kv_head")
    require(made.warmup < made.steps, "warmup must be shorter than steps")
    require(made.lr > 0, "lr must be positive")
    require(0 < made.clip_low <= 1 <= made.clip_high, "the clip must contain 1")
    require(made.corpus in CORPORA, f"corpus must be one of {', '.join(CORPORA)}, not {made.corpus!r}")
    for name in ("ema_beta", "beta1", "beta2"):
        require(0 <= getattr(made, name) < 1, f"{name} must lie in [0, 1)")
    return made


def parameters(config: HexadConfig) -> int:
    """Returns the number of parameters that a configuration's model has.

    Source: the closed form of the published release, summed over the parts of one block; the head that
    shares the embedding's weight counts once.
    """
    d, vocab = config.d_model, config.vocab
    attention = 2 * d * d + 2 * d * (d // config.n_head * config.n_kv_head)
    cellular = 3 * d * d + (8 * d + 8) + 8 * d * d  # mixing, the choice of a rule, eight rules
    field = 2 * (8 * d * d + 5 * d)
    cross = 2 * d * d + 2 * 128 * d + d if config.dormant else 0  # with its norm
    swiglu = 3 * d * (64 * math.ceil(int(8 * d / 3) / 64))
    block = attention + cellular + field + cross + swiglu + 4 * d  # four norms
    heads = (2 if config.dormant else 1) * vocab * d
    return config.n_layer * block + heads + d + d  # the last norm, the tension's row
