"""hexad as a live model: head A over bytes, with the texts of its corpus.

``prefixes`` is what the release called held out: the beginning of the training text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from harness.model.behaviour import Live
from harness.systems._torch import settle
from harness.systems.hexad.config import HexadConfig
from harness.systems.hexad.data import load
from harness.systems.hexad.model import Decoder


def live(config: HexadConfig, weights: Path | None, seed: int) -> Live:
    """Builds the decoder; raises ``RuntimeError`` for a checkpoint of another configuration."""
    settle(seed)
    model = Decoder(config)
    if weights is not None:
        model.load_state_dict(load_file(weights))

    def logits(module: Any, ids: Any) -> Any:
        return module(ids)[0]

    def texts() -> Mapping[str, bytes]:
        train, held_out = load(config.corpus)
        return {"train": train, "held_out": held_out, "prefixes": train[: len(held_out)]}

    return Live(module=model, logits=logits, vocab=config.vocab, length=config.block_size, texts=texts)
