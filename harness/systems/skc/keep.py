"""The whole state of a skc training as tensors and plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from harness.systems import _resume

if TYPE_CHECKING:
    from harness.systems.skc.program import Training

TENSORS, VALUES = "state.safetensors", "state.json"


def tensors(state: Training) -> dict[str, Tensor]:
    """Returns every tensor that the next step depends on."""
    found = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    found |= {f"average.{name}": value for name, value in state.average.items()}
    for index, optimizer in enumerate(state.optimizer):
        held = _resume.optimizer_tensors(optimizer)
        found |= {f"{index}.{name}": value for name, value in held.items()}
    return found | _resume.random_tensors("cpu")


def values(state: Training) -> dict[str, Any]:
    """Returns the plain values that the next step depends on; rates with every digit."""
    rates = [group["lr"] for optimizer in state.optimizer for group in optimizer.param_groups]
    return {"seed": state.seed, "step": state.step, "rates": rates}


def restore(state: Training, held: Mapping[str, Tensor], told: Mapping[str, Any]) -> None:
    """Puts everything back to where a kept state has it."""
    state.model.load_state_dict(_resume.below("model.", held))
    state.average = _resume.below("average.", held)
    for index, optimizer in enumerate(state.optimizer):
        _resume.set_optimizer(optimizer, _resume.below(f"{index}.", held))
    groups = [group for optimizer in state.optimizer for group in optimizer.param_groups]
    for group, rate in zip(groups, told["rates"], strict=True):
        group["lr"] = rate
    state.step = state.scheduler.last_epoch = int(told["step"])
    _resume.set_random(held)


def write(held: Mapping[str, Tensor], told: Mapping[str, Any], folder: Path) -> None:
    """Writes a state into a folder."""
    plain = {name: value.detach().clone().contiguous() for name, value in held.items()}
    save_file(plain, folder / TENSORS)
    (folder / VALUES).write_text(json.dumps(told), encoding="utf-8")


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Returns the tensors and values of a folder."""
    return load_file(folder / TENSORS), json.loads((folder / VALUES).read_text(encoding="utf-8"))
