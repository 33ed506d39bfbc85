"""Adds directions to what a block passes on and writes how far the words of each concept move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from harness.systems.readouts.opened import Opened
from harness.systems.readouts.scenes import PROMPTS


def steered(
    opened: Opened,
    layer: int,
    length: float,
    directions: Mapping[str, Tensor],
    doses: Sequence[float],
    words: Mapping[str, Sequence[str]],
) -> Iterator[dict[str, object]]:
    """Yields for each direction, dose and concept how much likelier its words became, in nats.

    That is the mean log probability of the concept's words after some prompts less that of all concepts'
    words, against the same without the direction. Each is added at ``length`` × dose behind ``layer``.
    """
    numbers = {one: torch.tensor(_first(opened, said)) for one, said in words.items()}
    prompts = [[*opened.front, *opened.encode(text)] for text in PROMPTS]
    plain = _scores(opened, prompts, numbers)
    for name, direction in directions.items():
        unit = direction / direction.norm()
        for dose in doses:
            added = (unit * (dose * length)).float()
            handle = opened.blocks[layer - 1].register_forward_hook(_adding(added))
            try:
                found = _scores(opened, prompts, numbers)
            finally:
                handle.remove()
            for concept, value in found.items():
                yield {
                    "concept": concept,
                    "direction": name,
                    "dose": dose,
                    "norm": added.norm().item(),
                    "effect": value - plain[concept],
                }


def _first(opened: Opened, words: Sequence[str]) -> list[int]:
    return sorted({opened.encode(word)[0] for word in words})


def _adding(added: Tensor) -> Any:
    def hook(_module: Any, _given: Any, made: Any) -> Any:
        return (made[0] + added, *made[1:]) if isinstance(made, tuple) else made + added

    return hook


def _scores(
    opened: Opened, prompts: Sequence[Sequence[int]], numbers: Mapping[str, Tensor]
) -> dict[str, float]:
    longest = max(map(len, prompts))
    ids = torch.tensor([[*one, *[opened.pad] * (longest - len(one))] for one in prompts])
    ends = torch.tensor([len(one) - 1 for one in prompts])
    with torch.no_grad():
        chances = opened.logits(ids)[torch.arange(len(ids)), ends].double().log_softmax(-1)
    means = {name: chances[:, at].mean().item() for name, at in numbers.items()}
    middle = sum(means.values()) / len(means)
    return {name: value - middle for name, value in means.items()}
