"""model2 as a live model; its texts are outputs of its run, since a run declares its corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from harness.model.behaviour import Live
from harness.systems._torch import settle
from harness.systems.model2.config import VOCAB, Model2Config
from harness.systems.model2.model import Decoder


def live(config: Model2Config, weights: Path | None, seed: int) -> Live:
    """Builds the decoder; raises ``RuntimeError`` for a checkpoint of another configuration."""
    settle(seed)
    model = Decoder(config)
    if weights is not None:
        model.load_state_dict(load_file(weights))

    def logits(module: Any, ids: Any) -> Any:
        return module(ids)

    return Live(module=model, logits=logits, vocab=VOCAB, length=config.block_size)
