"""skc: a ternary decoder with averaged weights and a mixture of experts, shipped packed under a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.model.predictor import Predictor
from harness.systems._system import Plain, Report, Summary
from harness.systems.skc.config import parameters, read


@dataclass(frozen=True, kw_only=True, slots=True)
class SkcSystem:
    """The plug-in: names the outputs, checks a configuration, trains, and asks what was shipped."""

    name: str = "skc"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "shipped": "shipped.jsonl",
            "model": "model.skc",
            "parent": "average.safetensors",
            "code": "code.txt",
            "time": "time.jsonl",
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
        """Trains one seed and leaves trace, artefact, its parent, and the shipped code in ``out``."""
        from harness.systems.skc.train import train

        return train(read(config), seed, device, out, report)

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Builds a model, packed or not, with its training program; raises ``InputError``."""
        from harness.systems.skc.live import live

        return live(read(config), weights, seed)

    def predictor(self, path: Path, config: Mapping[str, Plain]) -> Predictor:
        """Returns the model of a packed file or of its parent; raises ``InputError``."""
        from harness.systems.skc.live import SkcPredictor, opened

        return SkcPredictor(model=opened(read(config), path))


SYSTEM = SkcSystem()
