"""hexad: a byte decoder whose learning rate follows the gradient norm (torch is imported on training)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.systems._system import Plain, Report, Summary
from harness.systems.hexad.config import parameters, read


@dataclass(frozen=True, kw_only=True, slots=True)
class Hexad:
    """The plug-in: names the outputs, checks a configuration, trains."""

    name: str = "hexad"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "eval": "eval.jsonl",
            "checkpoint": "model.safetensors",
            "text": "text.bin",
            "held_out": "held_out.bin",
        }
    )

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError`` for a configuration that cannot be trained."""
        read(config)

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Returns the steps and parameters of a configuration, by its closed form."""
        made = read(config)
        return Summary(steps=made.steps, parameters=parameters(made))

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Trains one seed and leaves trace, held-out losses, checkpoint and both texts in ``out``."""
        from harness.systems.hexad.train import train

        return train(read(config), seed, device, out, report)

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Returns the decoder with the weights of a checkpoint, or as ``seed`` initialises it."""
        from harness.systems.hexad.live import live

        return live(read(config), weights, seed)


SYSTEM = Hexad()
