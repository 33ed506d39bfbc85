"""What is shipped: the packed artefact, its model, and how far that is from its parent."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.artifacts.formats._format import opened
from harness.artifacts.formats.skc import FORMAT
from harness.model.problem import InputError
from harness.systems.skc.config import SkcConfig
from harness.systems.skc.model import Decoder

FILE = "model.skc"


def blank(config: SkcConfig) -> Decoder:
    """Returns a model to be filled, without drawing from torch's generator for the caller."""
    with torch.random.fork_rng(devices=[]):
        return Decoder(config)


def export(model: Decoder, path: Path) -> None:
    """Packs a model's weights."""
    held = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    path.write_bytes(FORMAT.pack(held))


def keep_parent(model: Decoder, path: Path) -> None:
    """Writes a model's weights as they are, in fp32."""
    save_file({name: value.detach().contiguous() for name, value in model.state_dict().items()}, path)


def load(config: SkcConfig, path: Path) -> Decoder:
    """Returns the model of a packed file; raises ``InputError`` for one of another configuration."""
    held = opened(FORMAT, path, path.name).values()
    return filled(config, {name: torch.from_numpy(value.copy()) for name, value in held.items()}, path.name)


def filled(config: SkcConfig, held: dict[str, Tensor], shown: str) -> Decoder:
    """Returns a model with these weights in evaluation mode; raises ``InputError`` where they do not fit."""
    model = blank(config)
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in held.items()}
    if wanted != found:
        name = min(name for name in wanted | found if wanted.get(name) != found.get(name))
        raise InputError(f"{shown}: {name} has shape {found.get(name)}, not {wanted.get(name)}")
    model.load_state_dict(held)
    model.eval()
    return model


def distance(parent: Decoder, shipped: Decoder, rows: Tensor) -> dict[str, float]:
    """Compares two models on windows (count, time + 1).

    Returns bits a byte of both, the mean divergence from the parent in nats, the share of places with the
    same likeliest byte, the largest distance of two logits, and how far the shipped mass is from 1.
    """
    with torch.inference_mode():
        one, two = (model(rows[:, :-1])[0].double() for model in (parent, shipped))
    targets = rows[:, 1:].flatten()
    cost = [float(functional.cross_entropy(each.flatten(0, 1), targets)) / math.log(2) for each in (one, two)]
    own, told = one.log_softmax(dim=-1), two.log_softmax(dim=-1)
    return {
        "bpb_parent": cost[0],
        "bpb_shipped": cost[1],
        "kl": float((own.exp() * (own - told)).sum(dim=-1).mean()),
        "agreement": float((one.argmax(dim=-1) == two.argmax(dim=-1)).double().mean()),
        "max_dlogit": float((one - two).abs().max()),
        "mass_error": float((told.exp().sum(dim=-1) - 1).abs().max()),
    }
