"""clm as a live model: its master weights behind the four-bit quantiser, with the texts of its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from harness.model.behaviour import Live
from harness.systems._torch import settle
from harness.systems.clm.config import VOCAB, ClmConfig
from harness.systems.clm.model import ConvMoE
from harness.systems.clm.text import load


def live(config: ClmConfig, weights: Path | None, seed: int) -> Live:
    """Builds the model; raises ``RuntimeError`` for a checkpoint of another configuration."""
    settle(seed)
    model = ConvMoE(config, seed, drawn=weights is None)
    if weights is not None:
        with torch.no_grad():
            for name, value in load_file(weights).items():
                model.named(name).copy_(value)

    def texts() -> Mapping[str, bytes]:
        text = load(config)
        return {"train": text.data, "held_out": text.held_out}

    return Live(module=model, logits=_logits, vocab=VOCAB, length=config.window, texts=texts)


def _logits(module: Any, ids: Any) -> Any:
    return module(ids)
