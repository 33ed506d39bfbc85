"""Trains clm by the published recipe, says its cross-entropy twice, and exports it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.artifacts.formats.clm import FORMAT
from harness.model.problem import InputError
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.clm.config import ClmConfig, parameters, steps
from harness.systems.clm.model import ConvMoE
from harness.systems.clm.text import Text, load

TERMS, FLOOR = 24, 1e-6


def series_log(x: Tensor) -> Tensor:
    """Returns the published logarithm: 24 terms of 2 Σ u^(2k+1) / (2k+1) with u = (x - 1) / (x + 1).

    It converges to ln x, but 24 terms reach it only near 1: at 256 they give 4.799 for 5.545.
    """
    u = (x - 1) / (x + 1)
    return 2 * sum((u ** (2 * k + 1) / (2 * k + 1) for k in range(TERMS)), torch.zeros_like(u))


def train(config: ClmConfig, seed: int, device: str, out: Path, report: Report) -> Summary:
    """Trains one seed and leaves the outputs of the system in ``out``; raises ``InputError``.

    A row of the trace is an epoch: ``ce`` is the mean of the cross-entropy before each step, ``ce_series``
    the same with the published logarithm and its floor of 1e-6 under every probability. An interrupted
    training goes on from its last kept state, to the same bytes.
    """
    settle(seed)
    text, total = load(config), steps(config)
    training = Training(config, seed, device)
    batches = _windows(text, config).to(device).split(config.batch)
    keeper = _resume.Keeper.here(device)
    kept = keeper.load(out)
    if kept is not None:
        training.restore(kept)
    with (out / "trace.jsonl").open("w" if kept is None else "a", encoding="utf-8") as trace:
        while training.step < total:
            training.advance(batches[training.step % len(batches)])
            if training.step % len(batches) == 0:
                trace.write(json.dumps(training.epoch()) + "\n")
            report(training.step, total, f"epoch {-(-training.step // len(batches))}")
            if keeper.due():
                keeper.save(training.tensors(), {"step": training.step, "costs": training.costs}, trace)
    _export(training.model, text, out)
    return Summary(steps=total, parameters=parameters(config))


class Training:
    """A training between two steps: model, optimizer, and what its epoch cost so far by both logarithms."""

    def __init__(self, config: ClmConfig, seed: int, device: str) -> None:
        self.step, self.costs = 0, list[tuple[float, float]]()
        self.config = config
        self.model = ConvMoE(config, seed).to(device)
        self._optimizer = torch.optim.Adam(
            self.model.parameters(), lr=config.lr, betas=(config.beta1, config.beta2)
        )

    def advance(self, batch: Tensor) -> None:
        """Takes one step on windows (batch, time + 1); raises ``InputError`` if the loss is not finite."""
        logits, targets = self.model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten()
        loss = functional.cross_entropy(logits, targets)
        if not math.isfinite(loss.item()):
            raise InputError(f"the loss of step {self.step} is not finite", reason="RUN_FAILED")
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.costs.append((loss.item(), _published(logits.detach(), targets)))
        self.step += 1

    def epoch(self) -> dict[str, float]:
        """Returns the row of the epoch that just ended and begins the next."""
        exact, series = (math.fsum(part) / len(part) for part in zip(*self.costs, strict=True))
        self.costs = []
        number = self.step // (self.config.windows // self.config.batch)
        return {"epoch": number, "ce": exact, "ce_series": series, "windows": self.config.windows}

    def tensors(self) -> dict[str, Tensor]:
        """Returns every tensor that the next step depends on."""
        weights = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        return weights | _resume.optimizer_tensors(self._optimizer)

    def restore(self, kept: _resume.State) -> None:
        """Puts everything back to where a kept state has it."""
        self.model.load_state_dict(_resume.below("model.", kept.tensors))
        _resume.set_optimizer(self._optimizer, kept.tensors)
        self.step, self.costs = int(kept.values["step"]), [tuple(pair) for pair in kept.values["costs"]]


def _windows(text: Text, config: ClmConfig) -> Tensor:
    return torch.tensor([list(text.data[start : start + config.window + 1]) for start in text.starts])


def _published(logits: Tensor, targets: Tensor) -> float:
    chance = logits.softmax(dim=-1).gather(-1, targets[:, None])[:, 0].clamp(min=FLOOR)
    return float(series_log(1 / chance).mean())


def _export(model: ConvMoE, text: Text, out: Path) -> None:
    held = {name: value.detach().cpu().contiguous() for name, value in _named(model)}
    save_file(held, out / "model.safetensors")
    arrays = {name: value.numpy() for name, value in held.items()}
    (out / "model.clm").write_bytes(FORMAT.pack(arrays))
    (out / "model-v0.1.clm").write_bytes(FORMAT.pack(arrays, conv_only=True))
    (out / "text.bin").write_bytes(text.data)
    (out / "seen.bin").write_bytes(text.seen)
    (out / "held_out.bin").write_bytes(text.held_out)


def _named(model: ConvMoE) -> list[tuple[str, Tensor]]:
    from harness.systems.clm.config import shapes

    return [(name, model.named(name)) for name in shapes(model.config)]
