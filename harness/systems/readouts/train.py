"""Trains the decoder or opens SmolLM2, reads the scenes, makes the vectors and tries them by steering."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.model.problem import InputError
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.readouts import opened as models
from harness.systems.readouts.config import ReadoutsConfig, parameters
from harness.systems.readouts.methods import direction
from harness.systems.readouts.model import Decoder
from harness.systems.readouts.opened import Opened
from harness.systems.readouts.reading import Rows, extract, named
from harness.systems.readouts.scenes import END, START, Item, Scenes, documents, load, vocabulary
from harness.systems.readouts.steering import steered


def train(config: ReadoutsConfig, seed: int, device: str, out: Path, report: Report) -> Summary:
    """Leaves the readout with its activations, heads, neurons and logs in ``out``; works on the CPU.

    Raises ``InputError`` for a loss that is not finite and where SmolLM2 is not installed.
    """
    if device != "cpu":
        raise InputError("readouts are read on the CPU: device: cpu", "UNSUPPORTED")
    settle(seed)
    scenes = load(config.edit, seed, config.scenes)
    if config.model == "decoder":
        model = learned(config, seed, out, report)
        opened = models.of_decoder(model, config, load())
        save_file(model.state_dict(), out / "model.safetensors")
    else:
        opened = models.smollm2()
        (out / "trace.jsonl").write_text("")
        save_file({"of_another": torch.zeros(1)}, out / "model.safetensors")
    opened.module.eval()
    vectors = _read(opened, config, scenes, out)
    _try(opened, config, scenes, vectors, seed, out)
    return Summary(steps=config.steps, parameters=parameters(config))


def learned(config: ReadoutsConfig, seed: int, out: Path, report: Report) -> Decoder:
    """Returns the decoder, trained on documents that hold none of the texts that are read later."""
    model = Decoder(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.01)
    source, plain = random.Random(seed), load()  # noqa: S311 - what is trained on, no secret
    numbers = vocabulary(plain)
    with (out / "trace.jsonl").open("w", encoding="utf-8") as log:
        for step in range(config.steps):
            rows = [
                [START, *(numbers[word] for word in text), END]
                for text in documents(plain, source, config.batch)
            ]
            ids = torch.tensor(rows)
            loss = functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            _write(log, [{"step": step, "loss": loss.item()}])
            if not loss.isfinite():
                raise InputError(f"loss is not finite at step {step}", reason="RUN_FAILED")
            report(step + 1, config.steps, f"loss {loss.item():.3f}")
    return model


def _read(opened: Opened, config: ReadoutsConfig, scenes: Scenes, out: Path) -> dict[str, Tensor]:
    """Writes activations, positions, vectors, heads and neurons; returns the vectors of the last layer."""
    layers = config.read_layers()
    items = scenes.items(config.against)
    shapes = {
        named(group, at, layers): (count, opened.width)
        for at in layers
        for group, count in Counter(group for item in items for group, _ in item.places).items()
    }
    inside = {f"layer_{at}": (len(items), _inputs(opened.outs[at - 1])) for at in range(1, max(layers) + 1)}
    with (
        Rows(out / "activations.safetensors", shapes) as rows,
        Rows(out / "mixed.safetensors", inside) as mixed,
    ):
        told = list(extract(opened, items, layers, config.reads, rows, mixed))
    same = Counter(row["token"] for row in told)
    with (out / "positions.jsonl").open("w", encoding="utf-8") as log:
        _write(log, [row | {"same": same[row["token"]], "texts": len(told)} for row in told])
    tensors: dict[str, Tensor] = {}
    with safe_open(out / "activations.safetensors", "pt") as file:
        for layer in layers:
            made = [
                direction(
                    config.method,
                    file.get_tensor(named(f"{name}.positive", layer, layers)),
                    file.get_tensor(named(f"{name}.negative", layer, layers)),
                )
                for name in scenes.concepts
            ]
            tensors[f"layer_{layer}.vectors"] = torch.stack(made).half()
    save_file(tensors, out / "readout.safetensors")
    said = {"concepts": scenes.concepts, "layers": layers, "hidden_size": opened.width, "dtype": "float16"}
    (out / "readout.json").write_text(json.dumps(said | {"method": config.method}) + "\n")
    columns = {f"layer_{at}.columns": _weight(opened.downs[at - 1]).T.contiguous() for at in layers}
    save_file(columns, out / "neurons.safetensors")
    with safe_open(out / "readout.safetensors", "pt") as file:
        last = file.get_tensor(f"layer_{layers[-1]}.vectors").float()
    vectors = dict(zip(scenes.concepts, last, strict=True))
    _heads(opened, items, layers, vectors, out)
    return vectors


def _heads(
    opened: Opened, items: Sequence[Item], layers: Sequence[int], vectors: Mapping[str, Tensor], out: Path
) -> None:
    """Writes how far each head of each layer up to the last one read writes along each concept's vector."""
    places: dict[str, list[tuple[int, int]]] = {}
    for at, item in enumerate(items):
        for group, row in item.places:
            places.setdefault(group, []).append((row, at))
    found: dict[str, Tensor] = {}
    with safe_open(out / "mixed.safetensors", "pt") as file:
        for group, rows in places.items():
            vector, chosen = vectors[group.rpartition(".")[0]], [at for _, at in sorted(rows)]
            parts = []
            for layer in range(1, max(layers) + 1):
                shares = file.get_tensor(f"layer_{layer}")[chosen] * (
                    _weight(opened.outs[layer - 1]).T @ vector
                )
                parts.append(shares.view(len(shares), opened.heads, -1).sum(2))
            found[group] = torch.cat(parts, 1)
    save_file(found, out / "heads.safetensors")
    (out / "mixed.safetensors").unlink()


def _try(
    opened: Opened, config: ReadoutsConfig, scenes: Scenes, vectors: dict[str, Tensor], seed: int, out: Path
) -> None:
    layers = config.read_layers()
    with safe_open(out / "activations.safetensors", "pt") as file:
        first = named(f"{scenes.concepts[0]}.negative", layers[-1], layers)
        length = file.get_tensor(first).norm(dim=1).mean().item()
    source = torch.Generator().manual_seed(seed + 1)
    randoms = {f"random-{at}": torch.randn(opened.width, generator=source) for at in range(config.randoms)}
    tried = vectors | randoms
    with (out / "steering.jsonl").open("w", encoding="utf-8") as log:
        _write(log, steered(opened, layers[-1], length, tried, config.read_doses(), scenes.words))


def _weight(module: torch.nn.Module) -> Tensor:
    weight: Tensor = module.get_parameter("weight").detach().float()
    return weight


def _inputs(module: torch.nn.Module) -> int:
    return int(_weight(module).shape[1])


def _write(log: object, rows: Iterable[Mapping[str, object]]) -> None:
    log.writelines(json.dumps(row) + "\n" for row in rows)  # type: ignore[attr-defined]
