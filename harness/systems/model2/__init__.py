"""model2: a byte decoder on corpora of two sizes at one budget, whose loader counts how often it wraps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.systems._system import Plain, Report, Summary
from harness.systems.model2.config import parameters, read


@dataclass(frozen=True, kw_only=True, slots=True)
class Model2:
    """The plug-in: names the outputs, checks a configuration, trains."""

    name: str = "model2"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "served": "served.jsonl",
            "corpus": "corpus.json",
            "train": "train.jsonl",
            "held_out": "held_out.jsonl",
            "fresh": "fresh.jsonl",
            "train_losses": "train_losses.jsonl",
            "held_out_losses": "held_out_losses.jsonl",
            "fresh_losses": "fresh_losses.jsonl",
            "checkpoint": "model.safetensors",
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
        """Trains one seed on the corpus that the run declares and leaves texts, logs and checkpoint."""
        from harness.systems.model2.train import train

        return train(read(config), seed, device, out, report)

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Returns the decoder with the weights of a checkpoint, or as ``seed`` initialises it."""
        from harness.systems.model2.live import live

        return live(read(config), weights, seed)


SYSTEM = Model2()
