"""Saves the state of a training now and then, so that an interrupted one goes on as if nothing had been.

A program is told in HARNESS_RESUME which folder outlives an interruption. Saving reads and changes
nothing of the training, so how often it is done changes no byte of the result.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

FILE = "state.safetensors"
EVERY = 15.0  # seconds between two savings, unless HARNESS_CHECKPOINT_EVERY says otherwise
SHARE = 20  # saving takes no more than one part in so many of the time


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that a training goes on from: tensors by name, plain values, and how long its logs were."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]
    lengths: Mapping[str, int]


class Keeper:
    """The place of one training's state; without a folder nothing is ever kept."""

    def __init__(
        self,
        folder: Path | None,
        device: str,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._device, self._every, self._clock = folder, device, every, clock
        self._due = clock() + every

    @classmethod
    def here(cls, device: str) -> Keeper:
        """Returns the keeper that the environment of this process asks for."""
        folder = os.environ.get("HARNESS_RESUME")
        every = float(os.environ.get("HARNESS_CHECKPOINT_EVERY", EVERY))
        return cls(Path(folder) if folder else None, device, every)

    def due(self) -> bool:
        """Whether it is time to save."""
        return self._folder is not None and self._clock() >= self._due

    def save(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any], *logs: IO[Any]) -> None:
        """Replaces the kept state by this one, whole; the logs are flushed and their lengths noted."""
        if self._folder is None:
            return
        from safetensors.torch import save_file

        began = self._clock()
        told = {"values": values, "lengths": {_name(log): _length(log) for log in logs}} | self._made_by()
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = self._folder / f".{FILE}"
        plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        save_file(plain, beside, {"state": json.dumps(told)})
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(self._folder / FILE)
        ended = self._clock()
        self._due = ended + max(self._every, SHARE * (ended - began) if self._every else 0.0)

    def load(self, out: Path) -> State | None:
        """Returns the kept state and cuts the logs in ``out`` to where they were.

        None if there is no state, or none that this installation on this device would go on from bit
        for bit; the training then starts anew.
        """
        if self._folder is None or not (self._folder / FILE).is_file():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._folder / FILE, "pt") as file:
                told = json.loads((file.metadata() or {}).get("state", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError):
            return None
        made_by = self._made_by()
        if {key: told.get(key) for key in made_by} != made_by:
            return None
        lengths: dict[str, int] = told["lengths"]
        logs = {out / name: length for name, length in lengths.items()}
        if any(not path.is_file() or path.stat().st_size < length for path, length in logs.items()):
            return None
        for path, length in logs.items():
            os.truncate(path, length)
        return State(tensors=tensors, values=told["values"], lengths=lengths)

    def _made_by(self) -> dict[str, str]:
        import torch

        return {
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name() if self._device == "cuda" else "cpu",
            "threads": str(torch.get_num_threads()),
            "capability": str(torch.backends.cpu.get_cpu_capability()),
        }


def random_tensors(device: str) -> dict[str, Tensor]:
    """Returns the states of torch's own random numbers, as tensors of bytes."""
    import torch

    states = {"random.cpu": torch.get_rng_state()}
    return states | ({"random.cuda": torch.cuda.get_rng_state()} if device == "cuda" else {})


def set_random(tensors: Mapping[str, Tensor]) -> None:
    """Sets torch's own random numbers to a kept state."""
    import torch

    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Returns the moments and counters that an optimizer holds for each parameter."""
    held: Mapping[int, Mapping[str, Tensor]] = optimizer.state_dict()["state"]
    return {f"optimizer.{i}.{name}": value for i, each in held.items() for name, value in each.items()}


def set_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Gives an optimizer back what ``optimizer_tensors`` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, part = name.split(".", 2)
            state.setdefault(int(index), {})[part] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the tensors whose names start with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _name(log: IO[Any]) -> str:
    return Path(log.name).name


def _length(log: IO[Any]) -> int:
    log.flush()
    os.fsync(log.fileno())
    return os.fstat(log.fileno()).st_size
