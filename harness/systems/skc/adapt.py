"""Legal test-time training: every chunk is scored with what was known before it, and learnt from then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from harness.systems.skc.config import SkcConfig
from harness.systems.skc.model import Decoder, State

Learn = Callable[[Tensor, State], None]
FIRST = 10
"""The symbol that stands before the first: the end of a line."""


def adapt(model: Decoder, chunks: Sequence[Tensor], config: SkcConfig) -> Tensor:
    """Returns the log-probability of every symbol of the chunks (time,), in their order.

    The state of the scan is carried from chunk to chunk, and one optimizer with its momentum learns in all of
    them. The model is changed: give a copy.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=config.adapt_lr, momentum=0.9)
    learn = partial(_learn, model, optimizer)
    if config.arm == "peeking":
        return _each(model, chunks, before=learn)
    return _each(model, chunks, after=learn)


def score(model: Decoder, chunks: Sequence[Tensor]) -> Tensor:
    """Returns the log-probability of every symbol of the chunks where nothing is learnt."""
    return _each(model, chunks)


def _each(
    model: Decoder, chunks: Sequence[Tensor], before: Learn | None = None, after: Learn | None = None
) -> Tensor:
    state, last, found = model.begin(1), torch.tensor([FIRST]), list[Tensor]()
    for chunk in chunks:
        ids = torch.cat((last, chunk))[None]
        if before is not None:
            before(ids, state)
        with torch.no_grad():
            scores, carried = _scores(model, ids, state)
        found.append(scores)
        if after is not None:
            after(ids, state)
        state, last = carried, chunk[-1:]
    return torch.cat(found)


def _learn(model: Decoder, optimizer: torch.optim.Optimizer, ids: Tensor, state: State) -> None:
    optimizer.zero_grad(set_to_none=True)
    with torch.enable_grad():
        (-_scores(model, ids, state)[0].mean()).backward()
    optimizer.step()


def _scores(model: Decoder, ids: Tensor, state: State) -> tuple[Tensor, State]:
    logits, after, _ = model(ids[:, :-1], state)
    cost = functional.cross_entropy(logits[0], ids[0, 1:], reduction="none")
    return -cost, after
