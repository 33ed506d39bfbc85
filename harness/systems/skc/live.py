"""skc as a live model with its training program, and as a predictor of what was shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from harness.model.behaviour import Live
from harness.systems._torch import settle
from harness.systems.skc import ship
from harness.systems.skc.config import VOCAB, SkcConfig
from harness.systems.skc.data import Text
from harness.systems.skc.program import Program

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


def live(config: SkcConfig, weights: Path | None, seed: int) -> Live:
    """Builds the model, of weights or packed, as ``seed`` initialises it without; raises ``InputError``."""
    settle(seed)
    program = Program(config=config, text=Text(config, seed))
    model = program.start(seed).model if weights is None else opened(config, weights)

    def texts() -> Mapping[str, bytes]:
        return {"train": program.text.train, "held_out": program.text.held_out}

    return Live(
        module=model,
        logits=_logits,
        vocab=VOCAB,
        length=config.window,
        decode=_decode,
        texts=texts,
        trainer=program.trainer(),
    )


def opened(config: SkcConfig, path: Path) -> Any:
    """Returns the model of a file, packed or safetensors, in evaluation mode; raises ``InputError``."""
    if path.suffix == ".safetensors":
        return ship.filled(config, load_file(path), path.name)
    return ship.load(config, path)


def _logits(module: Any, ids: Any) -> Any:
    return module(ids)[0]


def _decode(module: Any, ids: Any) -> Any:
    """Reads symbols one at a time with the carried state."""
    state, found = module.begin(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state, _ = module(ids[:, place : place + 1], state)
        found.append(logits)
    return torch.cat(found, dim=1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SkcPredictor:
    """A file's model, asked window by window."""

    model: Any
    vocab: int = VOCAB

    def logits(self, ids: Array) -> Array:
        """Returns logits (windows, time, vocab) for bytes (windows, time)."""
        with torch.inference_mode():
            found: Array = self.model(torch.as_tensor(ids, dtype=torch.long))[0].double().numpy()
        return found
