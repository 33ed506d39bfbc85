"""Sound training configurations, drawn from a seed, each as the adapter that laws are tried on."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from _sound_models import LANGUAGE, MODELS, PAD, VOCAB, Shape
from _sound_optimizers import MIXED, OPTIMIZERS, SCHEDULES, STEPS, optimizer_of, scheduler_of, share, spared
from torch import nn
from torch.nn import functional

BATCHES, ROWS = 4, 6
PRECISIONS = (
    "float32",
    "float32",
    "float64",
    "autocast to bfloat16",
    "bfloat16 with a float32 copy",
    "scaled float16",
)
COMPILED = 4
TOLD = ("constant", "linear", "cosine with warm-up", "step", "warm, stay, decay")
ENDING = ("linear", "cosine with warm-up", "one-cycle", "warm, stay, decay")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """One sound training program."""

    number: int
    architecture: str
    shape: Shape
    optimizer: str
    grouped: bool
    decay: float
    schedule: str
    precision: str
    accumulate: int
    clip: float
    smoothing: float
    padding: bool
    average: float
    logs: bool
    by_epoch: bool
    compiled: bool

    def __str__(self) -> str:
        shape = self.shape
        parts = [self.architecture, self.optimizer, f"schedule {self.schedule}", self.precision]
        parts += [word for word in ("tied", "grouped", "gated", "checkpointing") if getattr(shape, word)]
        parts += [f"experts {shape.experts}"] if shape.experts else []
        parts += [f"dropout {shape.dropout:g}"] if shape.dropout else []
        parts += [f"{self.accumulate} micro-batches"] if self.accumulate > 1 else []
        parts += [f"clip {self.clip:g}"] if self.clip else []
        parts += [f"decay {self.decay:g}{' by groups' if self.grouped else ''}"] if self.decay else []
        parts += [f"smoothing {self.smoothing:g}"] if self.smoothing else []
        parts += [word for word in ("padding", "compiled") if getattr(self, word)]
        parts += [f"average {self.average:g}"] if self.average else []
        return f"{self.number}: " + ", ".join(parts)


def configurations(count: int = 200, seed: int = 0) -> tuple[Configuration, ...]:
    """Draws configurations; each architecture, optimizer, schedule and precision in turn."""
    draw = random.Random(seed)
    orders = {
        "architecture": tuple(MODELS),
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "precision": PRECISIONS,
    }
    decks: dict[str, list[str]] = {name: [] for name in orders}
    found, compiled = [], 0
    for number in range(count):
        for name, every in orders.items():
            if not decks[name]:
                decks[name] = draw.sample(every, len(every))
        picked = {name: deck.pop() for name, deck in decks.items()}
        one = _drawn(draw, number, picked, compile_it=compiled < COMPILED)
        compiled += one.compiled
        found.append(one)
    return tuple(found)


def _drawn(draw: random.Random, number: int, picked: Mapping[str, str], *, compile_it: bool) -> Configuration:
    architecture, precision, optimizer = (picked[word] for word in ("architecture", "precision", "optimizer"))
    if architecture == "recurrent" and "float16" in precision and "copy" not in precision:
        precision = "float32"  # torch has no such cell for processors
    if architecture == "experts" and "fills" in optimizer:
        optimizer = "Muon and AdamW"  # it moves an expert that no token reached: a fault, not a sound program
    language = architecture in LANGUAGE
    blocks = architecture in ("decoder", "experts", "adapted", "encoder")
    shape = Shape(
        width=draw.choice((16, 16, 32)),
        layers=draw.choice((1, 1, 2)),
        rotary=draw.random() < 0.5,
        tied=architecture != "adapted" and draw.random() < 0.4,
        grouped=draw.random() < 0.4,
        rms=draw.random() < 0.5,
        gated=draw.random() < 0.5,
        dropout=draw.choice((0.0, 0.0, 0.1, 0.2)),
        experts=draw.choice(("top", "soft")) if architecture == "experts" else "",
        checkpointing=blocks and draw.random() < 0.25,
        cell=draw.choice(("LSTM", "GRU", "RNN")),
        post=draw.random() < 0.2,
    )
    schedule, average = picked["schedule"], draw.choice((0.0, 0.0, 0.9, 0.99))
    if optimizer in MIXED and schedule == "plateau":
        schedule = "constant"
    simple = precision == "float32" and not shape.checkpointing and architecture in ("encoder", "decoder")
    return Configuration(
        number=number,
        architecture=architecture,
        shape=shape,
        optimizer=optimizer,
        grouped=draw.random() < 0.5,
        decay=draw.choice((0.0, 0.01, 0.1)),
        schedule=schedule,
        precision=precision,
        accumulate=draw.choice((1, 1, 2, 3)),
        clip=draw.choice((0.0, 0.5, 1.0)),
        smoothing=draw.choice((0.0, 0.0, 0.1)),
        padding=language and draw.random() < 0.5,
        average=average,
        logs=draw.random() < 0.7,
        by_epoch=draw.random() < 0.25,
        compiled=compile_it and simple and draw.random() < 0.25,
    )


@dataclass
class State:
    """What a step depends on; ``masters`` are what the optimizers hold in place of the parameters."""

    model: nn.Module
    optimizer: Any
    schedulers: list[Any]
    scheduler: Any = None
    scaler: Any = None
    masters: list[Any] = field(default_factory=list)
    average: Any = None
    steps: int = 0
    losses: list[float] = field(default_factory=list)


class Program:
    """The adapter of a configuration; parts that it has no use for are not there."""

    batches = BATCHES

    def __init__(self, made: Configuration) -> None:
        self.made, self.language = made, made.architecture in LANGUAGE
        self.regression = made.architecture in ("perceptron", "autoencoder")
        self.data = _data(made)
        self.declares: dict[str, Any] = _declared(made)
        if self.language:
            self.vocab, self.length = VOCAB, made.shape.length
            self.logits = lambda model, ids: self._asked(model, ids)
            self.probabilities = lambda model, ids: self._asked(model, ids).float().softmax(dim=-1)
        if self.language and made.architecture != "recurrent":
            self.masked = lambda model, ids, mask: self._asked(model, ids, mask=mask)
            self.packed = lambda model, ids, documents: self._asked(model, ids, documents=documents)
        if made.architecture == "experts":
            self.auxiliary = self._auxiliary
        told = made.schedule in TOLD and not made.by_epoch and not made.precision.startswith("scaled")
        if told and not isinstance(self.build(0).optimizer, list):
            peak = self.build(0).optimizer.param_groups[0]["initial_lr"]
            self.rate = lambda step: peak * share(made.schedule, step)
        if made.schedule in ENDING and not made.by_epoch:
            self.declares["steps"] = STEPS

    def _context(self) -> AbstractContextManager[Any]:
        kind = {"autocast to bfloat16": torch.bfloat16, "scaled float16": torch.float16}.get(
            self.made.precision
        )
        return nullcontext() if kind is None else torch.autocast("cpu", dtype=kind)

    def _asked(self, model: Any, *inputs: Any, **named: Any) -> Any:
        kind = next(model.parameters()).dtype
        fit = [x.to(kind) if torch.is_tensor(x) and x.is_floating_point() else x for x in inputs]
        with self._context():
            return model(*fit, **named)

    def build(self, seed: int) -> State:
        """Returns a fresh state."""
        made = self.made
        torch.manual_seed(seed)
        model = MODELS[made.architecture](made.shape)
        if made.precision == "float64":
            model = model.double()
        if made.precision.startswith("bfloat16"):
            model = model.bfloat16()
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        masters: list[Any] = []
        if made.precision.startswith("bfloat16"):
            named = [(n, p.detach().clone().float().requires_grad_()) for n, p in named]
            masters = [p for _, p in named]
        optimizer = optimizer_of(made.optimizer, named, made.decay, grouped=made.grouped)
        several = optimizer if isinstance(optimizer, list) else [optimizer]
        schedulers = [one for each in several if (one := scheduler_of(made.schedule, each)) is not None]
        state = State(model=model, optimizer=optimizer, schedulers=schedulers, masters=masters)
        state.scheduler = schedulers[0] if len(schedulers) == 1 and made.schedule != "plateau" else None
        if made.precision.startswith("scaled"):
            state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
        if made.average:
            state.average = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        if made.compiled:
            model.compile(backend="aot_eager", dynamic=False)
        return state

    def batch(self, epoch: int, index: int) -> Any:
        """Returns one batch of an epoch, in an order of its own."""
        order = torch.randperm(BATCHES * ROWS, generator=torch.Generator().manual_seed(1000 + epoch))
        rows = order[index * ROWS : (index + 1) * ROWS]
        return {k: v[rows] for k, v in self.data.items()} if isinstance(self.data, dict) else self.data[rows]

    def held_out(self) -> Any:
        """Returns what is evaluated on."""
        if isinstance(self.data, dict):
            return [{name: value[BATCHES * ROWS :] for name, value in self.data.items()}]
        return [self.data[BATCHES * ROWS :]]

    def output(self, model: Any, batch: Any) -> Any:
        """Returns a tensor with a row for each row."""
        if self.language:
            return self._asked(model, batch[:, :-1])
        return self._asked(model, batch if "ids" in batch else batch["x"])

    def _told(self, model: Any, batch: Any) -> tuple[Any, list[Any]]:
        told: list[Any] = []
        if self.made.architecture == "experts":
            return self._asked(model, batch[:, :-1], told=told), told
        if self.made.architecture == "autoencoder" and self.made.shape.gated:
            return self._asked(model, batch["x"], told=told), told
        return self.output(model, batch), told

    def _auxiliary(self, model: Any, batch: Any) -> Mapping[str, Any]:
        _, told = self._told(model, batch)
        return {f"balance {i}": each for i, each in enumerate(told)}

    def loss(self, model: Any, batch: Any) -> Any:
        """Returns the mean over what is real, and auxiliary losses."""
        found, told = self._told(model, batch)
        found = found if found.dtype == torch.float64 else found.float()
        more = 0.01 * sum(told) if told else 0.0
        if self.language:
            targets = batch[:, 1:]
            if bool(((targets < 0) | (targets >= VOCAB)).any()):
                raise ValueError("a symbol outside the vocabulary")
            return more + functional.cross_entropy(
                found.transpose(1, 2), targets, ignore_index=PAD, label_smoothing=self.made.smoothing
            )
        if self.regression:
            return more + functional.mse_loss(found, batch["y"].to(found.dtype))
        return functional.cross_entropy(found, batch["y"], label_smoothing=self.made.smoothing)

    def _size(self, batch: Any) -> int:
        return int((batch[:, 1:] != PAD).sum()) if self.language else len(batch["y"])

    def step(self, state: State, batch: Any) -> Mapping[str, float] | None:
        """Takes a step of the optimizer on a batch, in micro-batches where it is so configured."""
        rows = len(batch) if self.language else len(batch["y"])
        cut = [list(range(rows))[i :: self.made.accumulate] for i in range(self.made.accumulate)]
        parts = [self._taken(batch, rows) for rows in cut if rows]
        return self.micro(state, parts)

    def _taken(self, batch: Any, rows: Sequence[int]) -> Any:
        return {n: v[rows] for n, v in batch.items()} if isinstance(batch, dict) else batch[rows]

    def micro(self, state: State, batches: Sequence[Any]) -> Mapping[str, float] | None:
        """Takes a step of the optimizer on several micro-batches."""
        state.model.train()
        several = state.optimizer if isinstance(state.optimizer, list) else [state.optimizer]
        for optimizer in several:
            optimizer.zero_grad(set_to_none=True)
        state.model.zero_grad(set_to_none=True)
        sizes, total = [self._size(batch) for batch in batches], 0.0
        for batch, size in zip(batches, sizes, strict=True):
            if not size:
                continue
            loss = self.loss(state.model, batch) * (size / sum(sizes))
            (loss if state.scaler is None else state.scaler.scale(loss)).backward()
            total += loss.item()
        for optimizer in several if state.scaler is not None else ():
            state.scaler.unscale_(optimizer)
        own = [p for p in state.model.parameters() if p.requires_grad]
        for master, p in zip(state.masters, own, strict=False):
            master.grad = None if p.grad is None else p.grad.float()
        norm = None
        if self.made.clip:
            norm = float(nn.utils.clip_grad_norm_(state.masters or own, self.made.clip))
        rate = several[0].param_groups[0]["lr"]
        self._moved(state, several, own)
        self._schedule(state, total)
        told = {"loss": total, "lr": rate} | ({} if norm is None else {"grad_norm": norm})
        return told if self.made.logs else None

    def _moved(self, state: State, several: Sequence[Any], own: Sequence[Any]) -> None:
        for optimizer in several:
            optimizer.step() if state.scaler is None else state.scaler.step(optimizer)
        if state.scaler is not None:
            state.scaler.update()
        with torch.no_grad():
            for master, p in zip(state.masters, own, strict=False):
                p.copy_(master)
            for name, value in state.model.named_parameters() if state.average is not None else ():
                if name in state.average:
                    state.average[name].lerp_(value, 1 - self.made.average)

    def _schedule(self, state: State, loss: float) -> None:
        state.steps += 1
        state.losses.append(loss)
        if self.made.schedule == "plateau":
            if state.steps % BATCHES == 0:
                state.schedulers[0].step(sum(state.losses) / len(state.losses))
                state.losses.clear()
            return
        state.losses.clear()
        if not self.made.by_epoch or state.steps % BATCHES == 0:
            for each in state.schedulers:
                each.step()

    def evaluate(self, state: State) -> float:
        """Returns the loss on what was kept apart, of the averaged weights where there are any."""
        model = self.shipped(state)
        was = model.training
        model.eval()
        with torch.no_grad():
            found = self.loss(model, self.held_out()[0]).item()
        model.train(was)
        return float(found)

    def shipped(self, state: State) -> Any:
        """Returns the model that is evaluated and exported."""
        if state.average is None:
            return state.model
        model = copy.deepcopy(state.model)
        model.load_state_dict(state.model.state_dict() | self._whole(state))
        return model

    def _whole(self, state: State) -> dict[str, Any]:
        found = dict(state.average)
        if self.made.shape.tied and "embedding.weight" in found:
            found["head.weight"] = found["embedding.weight"]
        return found if self.language else dict(state.average)

    def save(self, state: State, folder: Path) -> None:
        """Writes all that a step depends on."""
        several = state.optimizer if isinstance(state.optimizer, list) else [state.optimizer]
        kept = {
            "model": state.model.state_dict(),
            "optimizers": [each.state_dict() for each in several],
            "schedulers": [_plain(each.state_dict()) for each in state.schedulers],
            "scaler": None if state.scaler is None else state.scaler.state_dict(),
            "masters": [each.detach() for each in state.masters],
            "average": state.average,
            "steps": state.steps,
            "losses": state.losses,
            "random": torch.get_rng_state(),
        }
        torch.save(kept, folder / "state.pt")

    def resume(self, folder: Path) -> State:
        """Returns the state that was written."""
        kept = torch.load(folder / "state.pt", weights_only=True)
        state = self.build(0)
        state.model.load_state_dict(kept["model"])
        several = state.optimizer if isinstance(state.optimizer, list) else [state.optimizer]
        with torch.no_grad():
            for master, value in zip(state.masters, kept["masters"], strict=True):
                master.copy_(value)
        for each, told in zip(several, kept["optimizers"], strict=True):
            each.load_state_dict(told)
        for each, told in zip(state.schedulers, kept["schedulers"], strict=True):
            each.load_state_dict(told)
        if state.scaler is not None:
            state.scaler.load_state_dict(kept["scaler"])
        state.average = kept["average"]
        state.steps, state.losses = kept["steps"], list(kept["losses"])
        torch.set_rng_state(kept["random"])
        state.model.train()
        return state

    def export(self, state: State, folder: Path) -> None:
        """Writes what is shipped."""
        torch.save(self.shipped(state).state_dict(), folder / "model.pt")

    def load(self, folder: Path) -> Any:
        """Returns what was shipped."""
        kept = torch.load(folder / "model.pt", weights_only=True)
        model = MODELS[self.made.architecture](self.made.shape)
        model = model.to(next(v.dtype for v in kept.values() if v.is_floating_point()))
        model.load_state_dict(kept)
        return model.eval()

    def encode(self, text: bytes) -> list[int]:
        """Returns bytes as numbers."""
        return list(text)

    def decode(self, ids: Sequence[int]) -> bytes:
        """Returns them as bytes again."""
        return bytes(ids)

    def count_bytes(self, ids: Sequence[int]) -> int:
        """Returns how many bytes they stand for."""
        return len(ids)

    def rank(self, index: int, count: int) -> Any:
        """Returns the program as a rank has it: its rows of every batch."""
        own = copy.copy(self)
        own.batch = lambda epoch, number: self._taken(  # type: ignore[method-assign]
            self.batch(epoch, number), list(range(index, ROWS, count))
        )
        return own


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in told.items() if isinstance(v, (int, float, list, tuple, bool, str, type(None)))}


def _declared(made: Configuration) -> dict[str, Any]:
    model = MODELS[made.architecture](made.shape)
    found: dict[str, Any] = {}
    if made.shape.tied and made.architecture in LANGUAGE:
        found["tied"] = [["embedding.weight", "head.weight"]]
    if made.architecture == "adapted":
        found["frozen"] = [n for n, p in model.named_parameters() if not p.requires_grad]
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    if made.grouped and made.decay and made.optimizer not in MIXED:
        found["undecayed"] = [n for n, p in named if spared(n, p)]
    if made.clip:
        found["clip"] = made.clip
    if made.average:
        found |= {"average": made.average, "ships": "average"}
    if made.architecture == "experts":
        found["balance"] = 0.01
    if made.architecture in LANGUAGE:
        found["padding"] = PAD
    found["smooth"] = True
    return found


def _data(made: Configuration) -> Any:
    generator = torch.Generator().manual_seed(made.number)
    count, length = BATCHES * ROWS + 2 * ROWS, made.shape.length
    if made.architecture in LANGUAGE:
        ids = torch.randint(1, VOCAB, (count, length + 1), generator=generator)
        if made.padding:
            ends = torch.randint(length // 2, length + 2, (count, 1), generator=generator)
            ids = ids.masked_fill(torch.arange(length + 1) >= ends, PAD)
        return ids
    classes = torch.randint(3, (count,), generator=generator)
    if made.architecture == "encoder":
        ends = torch.randint(length // 2, length + 1, (count, 1), generator=generator)
        mask = (torch.arange(length) < ends).long()
        ids = torch.randint(1, VOCAB, (count, length), generator=generator) * mask
        return {"ids": ids, "mask": mask, "y": classes}
    if made.architecture == "convolution":
        pictures = torch.randn(count, 1, 6, 6, generator=generator) + classes[:, None, None, None] / 2
        return {"x": pictures, "y": classes}
    x = torch.randn(count, 6, generator=generator)
    y = x if made.architecture == "autoencoder" else x.sum(1, keepdim=True).tanh()
    return {"x": x, "y": y}
