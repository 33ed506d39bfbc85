"""What ``harness.watch`` costs: the same training with and without it, in turns, in one process.

python benchmarks/watch.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import torch
from torch import nn

import harness

ROUNDS = 9


class Decoder(nn.Module):
    """A decoder of ``layers`` layers of ``width``, 256 symbols, windows of 64."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(256, width), nn.Linear(width, 256)
        block = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(64))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Returns logits (batch, 64, 256)."""
        return self.head(self.blocks(self.embedding(ids), mask=self.mask, is_causal=True))


def seconds(width: int, layers: int, batch: int, steps: int, *, watched: bool) -> float:
    """Returns the time of a step in processor seconds, the watch's own beginning not counted."""
    torch.manual_seed(0)
    model = Decoder(width, layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step / 100))
    ids = torch.randint(256, (batch, 65))
    watch = harness.watch(model, optimizer, scheduler, clip=1.0) if watched else None
    started = time.process_time()
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if watch is not None:
            watch.loss(loss)
    spent = time.process_time() - started
    if watch is not None:
        watch.close()
        if watch.findings:
            raise SystemExit(f"a sound loop is accused: {watch.findings[0]}")
    return spent / steps


def compare(name: str, once: Callable[..., float]) -> None:
    """Prints the median of the ratios of neighbouring rounds."""
    bare_step, watched_step = partial(once, watched=False), partial(once, watched=True)
    watched_step()
    pairs = [(bare_step(), watched_step()) for _ in range(ROUNDS)]
    ratios = sorted(watched / bare for bare, watched in pairs)
    bare = median(bare for bare, _ in pairs)
    print(
        f"{name}: bare step {bare * 1e3:.2f} ms, watched over bare {median(ratios):.3f} "
        f"({ratios[0]:.3f} to {ratios[-1]:.3f}, {ROUNDS} rounds)"
    )


def main() -> None:
    """Measures a small decoder and a tiny one."""
    torch.set_num_threads(1)
    compare("small decoder, 3.3 M parameters", partial(seconds, 256, 4, 4, 50))
    compare("tiny decoder, 0.1 M parameters", partial(seconds, 32, 2, 4, 200))


if __name__ == "__main__":
    main()
