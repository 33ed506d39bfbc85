"""readouts: steering vectors of a small decoder, or of SmolLM2-135M, read by hooks from texts in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.systems._system import Plain, Report, Summary
from harness.systems.readouts.config import parameters, read


@dataclass(frozen=True, kw_only=True, slots=True)
class Readouts:
    """The plug-in: names the outputs, checks a configuration, trains and reads."""

    name: str = "readouts"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "checkpoint": "model.safetensors",
            "readout": "readout.safetensors",
            "manifest": "readout.json",
            "activations": "activations.safetensors",
            "heads": "heads.safetensors",
            "neurons": "neurons.safetensors",
            "positions": "positions.jsonl",
            "steering": "steering.jsonl",
        }
    )

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError`` for a configuration that cannot be made."""
        read(config)

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Returns the steps and parameters of a configuration, by its closed form."""
        made = read(config)
        return Summary(steps=made.steps, parameters=parameters(made))

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Makes the model, reads its activations and leaves the readout with all that judges it."""
        from harness.systems.readouts.train import train

        return train(read(config), seed, device, out, report)

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Returns the decoder with the weights of a checkpoint, or as ``seed`` initialises it."""
        from harness.systems.readouts.live import live

        return live(read(config), weights, seed)


SYSTEM = Readouts()
