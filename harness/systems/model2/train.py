"""Trains model2 on a stream, and after a step evaluates every split at the same weights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.model.problem import InputError
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.model2.config import Model2Config
from harness.systems.model2.data import Document, Loader, Splits, load
from harness.systems.model2.evaluate import IGNORED, losses, padded, weights_sha256
from harness.systems.model2.model import Decoder

LOGS = ("trace", "served", "train_losses", "held_out_losses", "fresh_losses")
_COUNTS = ("place", "served", "targets", "wraps")


def rate(config: Model2Config, step: int) -> float:
    """Returns the learning rate of a step counted from 0: linear warm-up, then cosine to a floor."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    cosine = 0.5 * (1 + math.cos(math.pi * (step - config.warmup) / (config.steps - config.warmup)))
    return config.lr * ((1 - config.lr_floor) * cosine + config.lr_floor)


def train(config: Model2Config, seed: int, device: str, out: Path, report: Report) -> Summary:
    """Trains one seed; leaves logs, losses per document, texts and ``model.safetensors`` in ``out``.

    A loss that is not finite is written to the trace as NaN and raises ``InputError``. An interrupted
    training goes on from its last kept state, to the same bytes.
    """
    settle(seed)
    splits = load(config)
    training = Training(config, splits, device)
    keeper = _resume.Keeper.here(device)
    kept = keeper.load(out)
    if kept is not None:
        training.restore(kept)
    _texts(splits, training.loader, out)
    marks = {round(config.steps * (i + 1) / config.evaluations) for i in range(config.evaluations)}
    with ExitStack() as stack:
        mode = "w" if kept is None else "a"
        logs = {
            name: stack.enter_context((out / f"{name}.jsonl").open(mode, encoding="utf-8")) for name in LOGS
        }
        while training.step < config.steps:
            row = training.advance(logs["served"])
            _write(logs["trace"], [row])
            if not math.isfinite(row["loss"]):
                raise InputError(f"loss is not finite: {json.dumps(row)}", reason="RUN_FAILED")
            if training.step in marks:
                training.evaluate(logs)
            report(training.step, config.steps, f"loss {row['loss']:.3f}")
            if keeper.due():
                keeper.save(training.tensors(), training.values(), *logs.values())
    weights = {name: value.cpu().contiguous() for name, value in training.model.state_dict().items()}
    save_file(weights, out / "model.safetensors")
    return Summary(steps=config.steps, parameters=sum(p.numel() for p in training.model.parameters()))


class Training:
    """A training between two steps: model, optimizer, and the place in the stream."""

    def __init__(self, config: Model2Config, splits: Splits, device: str) -> None:
        self.config, self.splits, self.device, self.step = config, splits, device, 0
        self.loader = Loader(splits, config.block_size)
        self.model = Decoder(config).to(device)
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=config.lr, betas=(0.9, 0.95), weight_decay=config.weight_decay
        )

    def advance(self, served: IO[str]) -> Mapping[str, float]:
        """Takes one step on the next windows of the stream and returns its row of the trace."""
        config, loader = self.config, self.loader
        self.model.train()
        windows, begun = loader.batch(config.batch)
        _write(served, ({"step": self.step, "document": name} for name in begun))
        rows = padded(windows, config.block_size)
        ids, targets = rows[:, :-1].clamp(min=0).to(self.device), rows[:, 1:].to(self.device)
        logits = self.model(ids).flatten(0, 1)
        loss = functional.cross_entropy(logits, targets.flatten(), ignore_index=IGNORED)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0).item()
        for group in self._optimizer.param_groups:
            group["lr"] = rate(config, self.step)
        self._optimizer.step()
        row = {
            "step": self.step,
            "loss": loss.item(),
            "grad_norm": norm,
            "lr": float(self._optimizer.param_groups[0]["lr"]),
            "served": loader.served,
            "targets": loader.targets,
            "wraps": loader.wraps,
            "stream": len(loader.windows),
            "start": self.splits.start,
        }
        self.step += 1
        return row

    def evaluate(self, logs: Mapping[str, IO[str]]) -> None:
        """Writes the loss of every evaluated document, all at the weights of now."""
        told = {"step": self.step, "mode": "eval", "weights": weights_sha256(self.model)}
        splits = self.splits
        parts = {"train": splits.known, "held_out": splits.held_out, "fresh": splits.fresh}
        for name, documents in parts.items():
            rows = losses(self.model, documents, self.config.block_size, self.device, told)
            _write(logs[f"{name}_losses"], rows)

    def tensors(self) -> dict[str, Tensor]:
        """Returns every tensor that the next step depends on."""
        weights = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        return weights | _resume.optimizer_tensors(self._optimizer) | _resume.random_tensors(self.device)

    def values(self) -> Mapping[str, Any]:
        """Returns the plain values that the next step depends on."""
        loader = self.loader
        return {"step": self.step} | {name: getattr(loader, name) for name in _COUNTS}

    def restore(self, kept: _resume.State) -> None:
        """Puts everything back to where a kept state has it."""
        self.model.load_state_dict(_resume.below("model.", kept.tensors))
        _resume.set_optimizer(self._optimizer, kept.tensors)
        _resume.set_random(kept.tensors)
        self.step = int(kept.values["step"])
        for name in _COUNTS:
            setattr(self.loader, name, int(kept.values[name]))


def _texts(splits: Splits, loader: Loader, out: Path) -> None:
    """Writes what is trained on and what is evaluated, so that others can look for the one in the other."""
    parts = {"train": splits.stream, "held_out": splits.held_out, "fresh": splits.fresh}
    for name, documents in parts.items():
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            _write(file, map(_plain, documents))
    sizes = {"documents": len(splits.stream), "windows": len(loader.windows)}
    told = {"corpus": splits.corpus, **sizes, "bytes": sum(len(one.text) for one in splits.stream)}
    (out / "corpus.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def _plain(document: Document) -> Mapping[str, str]:
    return {"document": document.name, "text": document.text.decode()}


def _write(log: IO[str], rows: Iterable[Mapping[str, object]]) -> None:
    log.writelines(json.dumps(row) + "\n" for row in rows)
