"""skc as a training program in parts: what trains it is what the laws are tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from harness.model.trainer import Declared, Trainer
from harness.systems.skc import keep, ship
from harness.systems.skc.adapt import adapt
from harness.systems.skc.config import SkcConfig, rate
from harness.systems.skc.data import Text
from harness.systems.skc.model import Decoder, signed
from harness.systems.skc.muon import Muon

HELD_OUT_ROWS = 64


class Schedule:
    """Sets the rate of every group to that of the step that comes next, ``last_epoch``."""

    def __init__(self, optimizer: tuple[torch.optim.Optimizer, ...], config: SkcConfig) -> None:
        self._optimizers, self._config, self.last_epoch = optimizer, config, -1
        self.step()

    def step(self) -> None:
        """Counts one step."""
        self.last_epoch += 1
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate(self._config, self.last_epoch)


class Training:
    """A training between two steps; ``average`` holds the averaged trainable weights by name."""

    def __init__(self, model: Decoder, config: SkcConfig, seed: int) -> None:
        self.model, self.optimizer = model, optimizers(model, config)
        self.average = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
        self.scheduler = Schedule(self.optimizer, config)
        self.seed, self.step = seed, 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """The parts, of one configuration and the text that one seed orders."""

    config: SkcConfig
    text: Text

    def start(self, seed: int) -> Training:
        """Returns a training before its first step."""
        torch.manual_seed(seed)
        model = Decoder(self.config)
        with torch.no_grad():
            model.memory.copy_(signed(self.text.pairs()))
        return Training(model, self.config, seed)

    def batch_loss(self, model: Any, batch: Any) -> Any:
        """Returns the mean cross-entropy of each next byte, plus the weighed balance loss."""
        logits, _, balance = model(batch[:, :-1])
        cost = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        return cost + self.config.balance * balance.mean()

    def auxiliary(self, model: Any, batch: Any) -> Mapping[str, Any]:
        """Returns the balance loss."""
        return {"balance": model(batch[:, :-1])[2].mean()}

    def step(self, state: Training, batch: Any) -> Mapping[str, float]:
        """Takes one step on a batch."""
        return self.micro(state, [batch])

    def micro(self, state: Training, batches: Sequence[Any]) -> Mapping[str, float]:
        """Takes one step of the mean over the rows of several batches; returns what it logs."""
        config, rows = self.config, sum(len(batch) for batch in batches)
        state.model.train()
        for optimizer in state.optimizer:
            optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for batch in batches:
            loss = self.batch_loss(state.model, batch) * (len(batch) / rows)
            loss.backward()
            total += loss.item()
        trained = [p for p in state.model.parameters() if p.requires_grad]
        experts = [p for name, p in state.model.named_parameters() if ".up." in name or ".down." in name]
        norm = torch.nn.utils.clip_grad_norm_(trained, config.clip).item()
        dormant = [p for p in experts if p.grad is not None and not bool(p.grad.any())]
        before = [p.detach().clone() for p in dormant]
        if config.arm != "zero_filled":
            for parameter in dormant:
                parameter.grad = None  # weight decay and momentum would move an expert that nobody asked
        applied = state.optimizer[0].param_groups[0]["lr"]
        for optimizer in state.optimizer:
            optimizer.step()
        state.scheduler.step()
        self._average(state)
        state.step += 1
        moved = sum(not torch.equal(a, b) for a, b in zip(before, dormant, strict=True))
        return {"loss": total, "lr": applied, "grad_norm": norm, "dormant": len(dormant), "moved": moved}

    def _average(self, state: Training) -> None:
        with torch.no_grad():
            for name, parameter in state.model.named_parameters():
                if parameter.requires_grad:
                    state.average[name].lerp_(parameter, 1 - self.config.average)

    def evaluate(self, state: Training) -> float:
        """Returns the held-out cross-entropy of the averaged weights, in nats a byte."""
        return nats(self.averaged(state), self.text.held_out_rows(HELD_OUT_ROWS))

    def averaged(self, state: Training) -> Decoder:
        """Returns a model of the averaged weights, in evaluation mode."""
        model = ship.blank(self.config)
        model.load_state_dict(state.model.state_dict() | state.average)
        model.eval()
        return model

    def export(self, state: Training, folder: Path) -> None:
        """Packs the averaged weights into ``model.skc``."""
        raw = self.config.arm == "raw_export"
        ship.export(state.model if raw else self.averaged(state), folder / ship.FILE)

    def load(self, folder: Path) -> Any:
        """Returns the model of ``model.skc``."""
        return ship.load(self.config, folder / ship.FILE)

    def save(self, state: Training, folder: Path) -> None:
        """Writes a whole state into a folder."""
        keep.write(keep.tensors(state), keep.values(state), folder)

    def resume(self, folder: Path) -> Training:
        """Returns the state that a folder holds."""
        tensors, values = keep.read(folder)
        state = self.start(int(values["seed"]))
        keep.restore(state, tensors, values)
        return state

    def adapt(self, state: Training, chunks: Sequence[Any]) -> Any:
        """Trains a copy of the averaged model at test time; returns the log-probability of every symbol."""
        return adapt(self.averaged(state), chunks, self.config)

    def rank(self, index: int, count: int) -> Trainer:
        """Returns the program as one of several ranks has it: its rows of every batch."""
        batch = lambda epoch, number: self.text.batch(epoch, number, index, count)  # noqa: E731
        return replace(self.trainer(), batch=batch)

    def trainer(self) -> Trainer:
        """Returns the parts as the laws take them."""
        gains = tuple(name for name, p in ship.blank(self.config).named_parameters() if p.ndim == 1)
        return Trainer(
            start=self.start,
            batch=self.text.batch,
            batches=self.text.batches,
            batch_loss=self.batch_loss,
            step=self.step,
            micro=self.micro,
            evaluate=self.evaluate,
            held_out=lambda: [self.text.held_out_rows(HELD_OUT_ROWS)],
            output=lambda model, batch: model(batch[:, :-1])[0],
            save=self.save,
            resume=self.resume,
            export=self.export,
            load=self.load,
            rate=lambda step: rate(self.config, step),
            encode=list,
            decode_text=bytes,
            packed=lambda model, ids, documents: model(ids, None, documents)[0],
            masked=lambda model, ids, mask: model(ids, None, None, mask)[0],
            probabilities=lambda model, ids: model(ids)[0].softmax(dim=-1),
            auxiliary=self.auxiliary,
            adapt=self.adapt,
            rank=self.rank,
            declared=Declared(
                frozen=("memory",),
                undecayed=gains,
                clip=self.config.clip,
                steps=self.config.steps,
                ships="average",
                average=self.config.average,
                balance=self.config.balance,
            ),
        )


def optimizers(model: Decoder, config: SkcConfig) -> tuple[torch.optim.Optimizer, ...]:
    """Returns Muon for the matrices of the blocks, AdamW for the rest; vectors are not decayed."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    inner = [p for name, p in named if name.startswith("blocks.") and p.ndim == 2 and "router" not in name]
    others = [p for _, p in named if all(p is not each for each in inner)]
    groups = [
        {"params": [p for p in others if p.ndim == 2], "weight_decay": config.weight_decay},
        {"params": [p for p in others if p.ndim == 1], "weight_decay": 0.0},
    ]
    return (
        Muon(inner, config.lr, config.momentum, config.weight_decay),
        torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.95)),
    )


def nats(model: Decoder, rows: Tensor) -> float:
    """Returns the mean cross-entropy of windows (count, time + 1), without a gradient."""
    with torch.inference_mode():
        logits = model(rows[:, :-1])[0].double()
        return float(functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()))
