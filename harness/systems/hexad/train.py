"""Trains hexad in the published step order and writes down every learning rate that was applied."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.model.problem import InputError
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.hexad.config import HexadConfig
from harness.systems.hexad.data import load
from harness.systems.hexad.model import Decoder

EVAL_WINDOWS = 64
EMA_LEAST = 1e-8


def base_rate(config: HexadConfig, step: int) -> float:
    """Returns the schedule's learning rate for a step counted from 0: warm-up, then cosine to a floor."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    progress = (step - config.warmup) / (config.steps - config.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return config.lr * ((1 - config.lr_floor) * cosine + config.lr_floor)


class Tension:
    """The moving average of the gradient norm and the multiplier that it gives, in double precision."""

    def __init__(self, config: HexadConfig) -> None:
        self._config = config
        self.ema: float | None = None

    def multiplier(self, tension: float) -> float:
        """Returns clip(tension / EMA) with the past EMA (the first step's is its own), then updates it."""
        config = self._config
        past, new = self.ema, tension  # the sum of two shares of one number may miss it by a bit
        if past is not None:
            new = config.ema_beta * past + (1 - config.ema_beta) * tension
        reference = tension if past is None else past
        self.ema = new
        if not config.hybrid:
            return 1.0
        ratio = tension / max(new if config.ema_first else reference, EMA_LEAST)
        return min(max(ratio, config.clip_low), config.clip_high)


def windows(data: Tensor, count: int, length: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Returns ``count`` random windows of bytes and the bytes that follow each position."""
    starts = torch.randint(len(data) - length, (count, 1), generator=generator)
    ids = data[starts + torch.arange(length + 1)].long()
    return ids[:, :-1], ids[:, 1:]


def loss_of(model: Decoder, batch: tuple[Tensor, Tensor], device: str) -> Tensor:
    """Returns the mean cross-entropy of head A in nats a byte; bf16 on cuda, float32 on the CPU."""
    ids, targets = (part.to(device) for part in batch)
    cast: AbstractContextManager[object] = (
        torch.autocast("cuda", dtype=torch.bfloat16) if device == "cuda" else nullcontext()
    )
    with cast:
        logits, _ = model(ids)
    return functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


def train(config: HexadConfig, seed: int, device: str, out: Path, report: Report) -> Summary:
    """Trains one seed; leaves ``trace.jsonl``, ``eval.jsonl``, ``model.safetensors`` and texts in ``out``.

    The checkpoint holds the tied weight once, as ``embedding.weight``. A loss that is not finite is
    written to the trace as NaN and raises ``InputError``, and so does a gradient norm. An interrupted
    training goes on from its last kept state, to the same bytes.
    """
    settle(seed)
    texts = load(config.corpus)
    for name, part in zip(("text.bin", "held_out.bin"), texts, strict=True):
        (out / name).write_bytes(part)
    train_bytes, held_out = (torch.frombuffer(bytearray(part), dtype=torch.uint8) for part in texts)
    training = Training(config, seed, device)
    keeper = _resume.Keeper.here(device)
    kept = keeper.load(out)
    mode = "w" if kept is None else "a"
    with (
        (out / "eval.jsonl").open(mode, encoding="utf-8") as log,
        (out / "trace.jsonl").open(mode, encoding="utf-8") as trace,
    ):
        if kept is None:
            log.write(_row(_evaluate(training.model, config, held_out, device, 0)))
        else:
            training.restore(kept)
        while training.step < config.steps:
            row = training.advance(train_bytes)
            trace.write(_row(row))
            if not (math.isfinite(row["loss"]) and math.isfinite(row["grad_norm"])):
                raise InputError(f"loss or gradient is not finite: {_row(row)}", reason="RUN_FAILED")
            report(training.step, config.steps, f"loss {row['loss']:.3f}")
            if keeper.due():
                keeper.save(training.tensors(), training.values(), log, trace)
        log.write(_row(_evaluate(training.model, config, held_out, device, config.steps)))
    tied = {"tied": "head_a.weight is embedding.weight"}
    weights = {k: v.cpu().contiguous() for k, v in training.model.state_dict().items()}
    save_file(weights, out / "model.safetensors", tied)
    return Summary(steps=config.steps, parameters=sum(p.numel() for p in training.model.parameters()))


class Training:
    """A training between two steps: model, optimizer, tension, and the place in the data."""

    def __init__(self, config: HexadConfig, seed: int, device: str) -> None:
        self.config, self.device, self.step = config, device, 0
        self.model = Decoder(config).to(device)
        self.tension = Tension(config)
        self._parameters = list(self.model.parameters())
        self._optimizer = torch.optim.AdamW(
            self._parameters,
            lr=config.lr,
            betas=(config.beta1, config.beta2),
            weight_decay=config.weight_decay,
        )
        self._windows = torch.Generator().manual_seed(seed)

    def advance(self, data: Tensor) -> Mapping[str, float]:
        """Takes one optimizer step and returns its row of the trace."""
        config, step = self.config, self.step
        self.model.train()
        loss = loss_of(self.model, windows(data, config.batch, config.block_size, self._windows), self.device)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, config.max_norm).item()  # before clipping
        base, mult = base_rate(config, step), self.tension.multiplier(norm)
        for group in self._optimizer.param_groups:
            group["lr"] = base * mult
        self._optimizer.step()
        self.step = step + 1
        return {
            "step": step,
            "loss": loss.item(),
            "grad_norm": norm,
            "tension_ema": self.tension.ema if self.tension.ema is not None else math.nan,
            "mult": mult,
            "base_lr": base,
            "lr": _applied(self._optimizer),
        }

    def tensors(self) -> dict[str, Tensor]:
        """Returns every tensor that the next step depends on."""
        weights = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        place = {"windows": self._windows.get_state()}
        return (
            weights | place | _resume.optimizer_tensors(self._optimizer) | _resume.random_tensors(self.device)
        )

    def values(self) -> Mapping[str, Any]:
        """Returns the plain values that the next step depends on, with every digit."""
        gains = [block.cellular.gain for block in self.model.blocks]
        return {"step": self.step, "ema": self.tension.ema, "gains": gains}

    def restore(self, kept: _resume.State) -> None:
        """Puts everything back to where a kept state has it."""
        self.model.load_state_dict(_resume.below("model.", kept.tensors))
        _resume.set_optimizer(self._optimizer, kept.tensors)
        _resume.set_random(kept.tensors)
        self._windows.set_state(kept.tensors["windows"])
        self.step, self.tension.ema = int(kept.values["step"]), kept.values["ema"]
        for block, gain in zip(self.model.blocks, kept.values["gains"], strict=True):
            block.cellular.gain = gain


def _applied(optimizer: torch.optim.Optimizer) -> float:
    rates = {group["lr"] for group in optimizer.param_groups}
    if len(rates) != 1:
        raise InputError(f"the parameter groups have different learning rates: {rates}", reason="RUN_FAILED")
    return float(rates.pop())


def _evaluate(
    model: Decoder, config: HexadConfig, data: Tensor, device: str, step: int
) -> Mapping[str, float]:
    """Returns the held-out loss over the same windows for every call."""
    model.eval()
    batch = windows(data, EVAL_WINDOWS, config.block_size, torch.Generator().manual_seed(0))
    with torch.no_grad():
        loss = loss_of(model, batch, device).item()
    return {"step": step, "held_out_loss": loss, "windows": EVAL_WINDOWS}


def _row(row: Mapping[str, float]) -> str:
    return json.dumps(row) + "\n"
