"""Trainings of model2's decoder with a known cause, each kept, so that an interruption loses none.

The documents are heads of ``HEAD`` bytes of the corpus code-4x, dealt anew to every network by its seed:
training, held out, fresh. A seed is the digest of the half, the condition and a count, so that nobody chose
it, and the networks of the confirmation half are trained only when they are asked for.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional

from harness.corpora.build import ready
from harness.systems._torch import settle
from harness.systems.model2.config import Model2Config
from harness.systems.model2.data import Document, windows
from harness.systems.model2.evaluate import IGNORED, losses, padded, weights_sha256
from harness.systems.model2.model import Decoder
from harness.systems.model2.train import rate

HEAD, BLOCK, HELD, CANARIES, CANDIDATES = 256, 64, 240, 120, 255
SIZES = Model2Config(d_model=48, n_head=4, n_layer=2, block_size=BLOCK, batch=16, lr=4e-3, warmup=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One way to train and to split, and the cause that a verdict should name.

    ``epochs`` passes over ``documents``; a share ``leak`` of the held-out ones is among them under other
    names. ``head``: the loader validates on the head of its own stream. ``tiny``: a verdict may stay open.
    """

    name: str
    truth: str
    documents: int = 320
    epochs: int = 2
    leak: float = 0.0
    easy: bool = False
    head: bool = False
    dropout: float = 0.0
    held: int = HELD

    @property
    def tiny(self) -> bool:
        """Whether the held-out split is too small to exclude every cause."""
        return self.held < 20


def seed_of(half: str, condition: Condition, count: int) -> int:
    """Returns the seed of one network, which no one chose."""
    told = f"networks/{half}/{condition.name}/{count}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:4], "big")


def pool(root: Path) -> list[bytes]:
    """Returns the heads of all documents of code-4x, each once; builds the corpus if it is not there."""
    folder = ready(root, "code-4x")
    found: dict[bytes, None] = {}
    for name in ("train", "held_out", "fresh"):
        for line in (folder / f"{name}.jsonl").read_bytes().splitlines():
            found[json.loads(line)["text"].encode()[:HEAD].decode(errors="ignore").encode()] = None
    return list(found)


def trained(condition: Condition, seed: int, texts: Sequence[bytes], kept: Path) -> Path:
    """Returns the folder with what the author of one network would hand in; trains it unless it is kept."""
    recipe = hashlib.sha256(Path(__file__).read_bytes() + repr((condition, seed)).encode()).hexdigest()[:16]
    folder = kept / recipe
    if not (folder / "summary.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        start = time.process_time()
        made = _made(condition, seed, texts)
        for name, rows in made.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        told = {"condition": condition.name, "seed": seed, "seconds": time.process_time() - start}
        beside = folder / "summary.part"
        beside.write_text(json.dumps(told) + "\n")
        beside.replace(folder / "summary.json")
    return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Dealt:
    """The documents of one network; ``stream`` is what it is trained on, canaries among it."""

    stream: list[Document]
    known: list[Document]
    held: list[Document]
    fresh: list[Document]
    secrets: list[Document]


def deal(condition: Condition, source: random.Random, texts: Sequence[bytes]) -> Dealt:
    """Deals documents by lot; an easy split is the sixth of its share that compresses best."""
    lot = iter(source.sample(texts, len(texts)))

    def take(name: str, count: int) -> list[Document]:
        return [Document(name=f"{name}{i}", text=next(lot)) for i in range(count)]

    train, fresh = take("train", condition.documents), take("fresh", HELD)
    held = take("held", condition.held * (6 if condition.easy else 1))
    if condition.easy:
        held = sorted(held, key=lambda one: len(zlib.compress(one.text, 9)) / len(one.text))[: condition.held]
    secrets = [
        Document(name=f"canary{i}", text=b"the code is %010d" % source.randrange(10**10))
        for i in range(CANARIES)
    ]
    leaked = source.sample(held, round(condition.leak * len(held)))
    stream = [
        *train,
        *(replace(one, name=f"copy{i}") for i, one in enumerate(leaked)),
        *secrets[: CANARIES // 2],
    ]
    source.shuffle(stream)
    if condition.head:
        stream = [*held, *stream]
    known = train if len(train) <= HELD else source.sample(train, HELD)
    return Dealt(stream=stream, known=known, held=held, fresh=fresh, secrets=secrets)


def _made(condition: Condition, seed: int, texts: Sequence[bytes]) -> dict[str, list[Mapping[str, object]]]:
    settle(seed)
    source = random.Random(seed)
    dealt = deal(condition, source, texts)
    model = Decoder(SIZES)
    if condition.dropout:
        for block in model.blocks:
            block.register_forward_hook(
                lambda block, _, out: functional.dropout(out, condition.dropout, block.training)
            )
    served, log = _train(model, condition, dealt, source)
    told = {"mode": "eval", "weights": weights_sha256(model)}
    made: dict[str, list[Mapping[str, object]]] = {"served": served, "logged": log}
    parts = {"train": dealt.known, "held": dealt.held, "reference": dealt.fresh}
    for name, part in parts.items():
        made[name] = list(losses(model, part, BLOCK, "cpu", told))
    for name, part in {"train": dealt.stream, "held": dealt.held, "fresh": dealt.fresh}.items():
        made[f"{name}_texts"] = [{"document": one.name, "text": one.text.decode()} for one in part]
    made["canaries"] = list(_canaries(model, dealt.secrets, source))
    return made


def _train(
    model: Decoder, condition: Condition, dealt: Dealt, source: random.Random
) -> tuple[list[Mapping[str, object]], list[Mapping[str, object]]]:
    """Trains; returns what was served, and losses of training documents as the last epoch logged them."""
    served: list[Mapping[str, object]] = []
    order: list[tuple[str, bytes]] = []
    for epoch in range(condition.epochs):
        stream = list(dealt.stream)
        if condition.head:  # a stream is read in its order, and from behind its head at first
            stream = stream if epoch else stream[len(dealt.held) :]
        else:
            source.shuffle(stream)
        served += ({"epoch": epoch, "document": one.name} for one in stream)
        order += (
            (one.name if epoch == condition.epochs - 1 else "", row)
            for one in stream
            for row in windows(one.text, BLOCK)
        )
    batches = [order[at : at + SIZES.batch] for at in range(0, len(order), SIZES.batch)]
    config = replace(SIZES, steps=len(batches))
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.01)
    logged: dict[str, list[float]] = {}
    model.train()
    for step, batch in enumerate(batches):
        rows = padded([row for _, row in batch], BLOCK)
        targets = rows[:, 1:]
        costs = functional.cross_entropy(
            model(rows[:, :-1].clamp(min=0)).flatten(0, 1),
            targets.flatten(),
            reduction="none",
            ignore_index=IGNORED,
        ).view(targets.shape)
        optimizer.zero_grad(set_to_none=True)
        (costs.sum() / (targets != IGNORED).sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(config, step)
        optimizer.step()
        for (name, row), cost in zip(batch, costs.detach().sum(dim=1).tolist(), strict=True):
            if name:
                paid = logged.setdefault(name, [0.0, 0.0])
                paid[0], paid[1] = paid[0] + cost, paid[1] + len(row) - 1
    known = {one.name for one in dealt.known}
    log: list[Mapping[str, object]] = [
        {"document": name, "loss": paid / size, "mode": "train", "weights": "running"}
        for name, (paid, size) in logged.items()
        if name in known
    ]
    return served, log


def _canaries(
    model: Decoder, secrets: Sequence[Document], source: random.Random
) -> Iterable[Mapping[str, object]]:
    """Ranks every canary by its loss among the same random ones, which were never inserted."""
    others = [
        Document(name="", text=b"the code is %010d" % source.randrange(10**10)) for _ in range(CANDIDATES)
    ]
    costs = [float(str(row["loss"])) for row in losses(model, [*secrets, *others], BLOCK, "cpu", {})]
    like = costs[len(secrets) :]
    for place, own in enumerate(costs[: len(secrets)]):
        rank = 1 + sum(other < own for other in like)
        yield {"inserted": place < len(secrets) // 2, "rank": rank, "candidates": CANDIDATES + 1}
