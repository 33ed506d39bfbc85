"""clm with a transcript: the same training, with drawn steps kept that kind ``replay`` can take again.

It is a system of its own so that a change of how training is recorded makes no run of clm stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model.behaviour import Live
from harness.systems._system import Plain, Report, Summary, require
from harness.systems.clm import config as clm
from harness.transcript.loop import Loop


@dataclass(frozen=True, kw_only=True, slots=True)
class ClmRecorded:
    """The plug-in: a configuration of clm, with the number of steps to ``keep`` and their ``nonce``."""

    name: str = "clm_recorded"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "trace": "trace.jsonl",
            "checkpoint": "model.safetensors",
            "transcript": "transcript/index.jsonl",
        }
    )

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError`` for a configuration that cannot be trained or keeps nothing."""
        split(config)

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Returns the steps and parameters of a configuration, by its closed form."""
        made, _, _ = split(config)
        return Summary(steps=clm.steps(made), parameters=clm.parameters(made))

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Trains one seed and leaves trace, master weights and transcript in ``out``."""
        from harness.systems.clm_recorded.train import train

        made, keep, nonce = split(config)
        return train(made, seed, device, out, report, draw=(keep, nonce))

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Returns the model with the master weights of a checkpoint, or as ``seed`` initialises it."""
        from harness.systems.clm_recorded.train import live

        return live(split(config)[0], weights, seed)

    def loop(self, config: Mapping[str, Plain], seed: int, device: str) -> Loop:
        """Returns a training whose recorded steps can be taken again; raises ``InputError``."""
        from harness.systems.clm_recorded.train import loop

        return loop(split(config)[0], seed, device)


def split(config: Mapping[str, Plain]) -> tuple[clm.ClmConfig, int, str]:
    """Returns clm's configuration, how many steps to keep, and the nonce; raises ``InputError``."""
    made = clm.read({key: value for key, value in config.items() if key not in ("keep", "nonce")})
    keep, nonce = config.get("keep", min(59, clm.steps(made))), config.get("nonce")
    require(isinstance(nonce, str) and nonce != "", "nonce must be a text that was fixed before the run")
    require(type(keep) is int and 1 <= keep <= clm.steps(made), "keep must be at least 1 and at most steps")
    return made, int(str(keep)), str(nonce)


SYSTEM = ClmRecorded()
