"""The decoder of readouts as a live model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from harness.model.behaviour import Live
from harness.model.problem import InputError
from harness.systems._torch import settle
from harness.systems.readouts.config import VOCAB, ReadoutsConfig
from harness.systems.readouts.model import Decoder


def live(config: ReadoutsConfig, weights: Path | None, seed: int) -> Live:
    """Builds the decoder; raises ``InputError`` for another model, whose weights are not ours."""
    if config.model != "decoder":
        raise InputError(f"{config.model} is asked where it is installed and has no checkpoint here")
    settle(seed)
    model = Decoder(config)
    if weights is not None:
        model.load_state_dict(load_file(weights))

    def logits(module: Any, ids: Any) -> Any:
        return module(ids)

    return Live(module=model, logits=logits, vocab=VOCAB, length=config.block_size)
