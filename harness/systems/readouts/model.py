# mypy: disallow-subclassing-any=False
"""The decoder whose inside is read: pre-norm blocks of causal attention and a GELU MLP over words."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.systems.readouts.config import VOCAB, ReadoutsConfig


class Block(nn.Module):
    """Causal attention and an MLP, each behind a norm, each added to what came in."""

    def __init__(self, config: ReadoutsConfig) -> None:
        super().__init__()
        d = config.d_model
        self.heads = config.n_head
        self.before, self.between = nn.RMSNorm(d), nn.RMSNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
        self.up, self.down = nn.Linear(d, 4 * d, bias=False), nn.Linear(4 * d, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (batch, time, d) to the same shape."""
        batch, time, d = x.shape
        q, k, v = (
            part.view(batch, time, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.before(x)).split(d, dim=2)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time, d))
        return x + self.down(functional.gelu(self.up(self.between(x))))


class Decoder(nn.Module):
    """Words (batch, time) to logits (batch, time, vocabulary)."""

    def __init__(self, config: ReadoutsConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, config.d_model)
        self.positions = nn.Embedding(config.block_size, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = nn.RMSNorm(config.d_model)
        for weight in (self.embedding.weight, self.positions.weight):
            nn.init.normal_(weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Returns the logits of each next word."""
        x = self.embedding(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.norm(x), self.embedding.weight)
