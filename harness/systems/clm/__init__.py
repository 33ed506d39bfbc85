"""clm: a conv-MoE byte model trained through its four-bit quantiser and exported as ``.clm``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.model.predictor import Predictor
from harness.systems._system import Plain, Report, Summary
from harness.systems.clm.config import parameters, read, steps


@dataclass(frozen=True, kw_only=True, slots=True)
class ClmSystem:
    """The plug-in: names the outputs, checks a configuration, trains, and reads a ``.clm`` file back."""

    name: str = "clm"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "model": "model.clm",
            "conv_only": "model-v0.1.clm",
            "checkpoint": "model.safetensors",
            "text": "text.bin",
            "seen": "seen.bin",
            "held_out": "held_out.bin",
        }
    )

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError`` for a configuration that cannot be trained."""
        read(config)

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Returns the steps and parameters of a configuration, by its closed form."""
        made = read(config)
        return Summary(steps=steps(made), parameters=parameters(made))

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Trains one seed and leaves trace, exports, master weights and both texts in ``out``."""
        from harness.systems.clm.train import train

        return train(read(config), seed, device, out, report)

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Builds the model of master weights in this process; raises ``InputError``."""
        from harness.systems.clm.live import live

        return live(read(config), weights, seed)

    def predictor(self, path: Path, config: Mapping[str, Plain]) -> Predictor:
        """Returns the model of a ``.clm`` file, to be asked without torch; raises ``InputError``."""
        from harness.systems.clm.reader import open_clm

        return open_clm(path, read(config))


SYSTEM = ClmSystem()
