"""The model, optimizer and schedule that a watch looks at, and small samples of their tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SAMPLE = 32
"""Values of one tensor that are looked at; spread evenly over it."""


class Subject:
    """What is watched. Parameters are named as the model names them, tied ones once."""

    def __init__(self, model: Any, optimizer: Any, scheduler: Any) -> None:
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler
        self.refresh()

    def refresh(self) -> None:
        """Reads the lists of parameters anew: a model may be rebuilt, frozen or thawed while it trains."""
        named = list(self.model.named_parameters())
        self.trained = [(name, each) for name, each in named if each.requires_grad]
        self.frozen = [(name, each) for name, each in named if not each.requires_grad]
        self.modules = [(name, each) for name, each in self.model.named_modules()]

    @property
    def groups(self) -> list[Any]:
        """The optimizer's groups."""
        return list(self.optimizer.param_groups)

    def rates(self) -> tuple[float, ...]:
        """Returns the learning rate of every group."""
        return tuple(float(group["lr"]) for group in self.optimizer.param_groups)


def sample(value: Any) -> Any:
    """Returns copies of a few values of a tensor, spread evenly; all of a small one."""
    flat = value.detach().reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)].clone()


def samples(tensors: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns samples by name."""
    return {name: sample(value) for name, value in tensors}


def moved(before: Mapping[str, Any], now: list[tuple[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Yields each name with whether one of its sampled values changed."""
    import torch

    for name, value in now:
        if name in before:
            yield name, not torch.equal(before[name], sample(value))
