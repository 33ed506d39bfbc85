# mypy: disallow-subclassing-any=False
"""The hexad decoder. This module needs torch and is imported only when a training starts."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.systems.hexad.config import HexadConfig

RULES = 8
STATE_WIDTH = 128  # of the states that cross-attention reads; training gives none
GAIN, GAIN_DECAY, GAIN_FLOOR = 1e-3, 0.99999, 1e-4
WHISPER = 1e-3  # share of a layer's tension that the next layer hears
STD = 0.02
EPS = 1e-6


def rotate(x: Tensor) -> Tensor:
    """Turns (batch, head, time, width) by rotary position angles of base 1e4, halves paired."""
    time, width = x.shape[-2:]
    rates = 10_000.0 ** (-torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angles = torch.arange(time, device=x.device, dtype=torch.float32)[:, None] * rates
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def heads(x: Tensor, count: int) -> Tensor:
    """Splits (batch, time, count·width) into (batch, count, time, width)."""
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


class Attention(nn.Module):
    """Causal self-attention with rotary positions and grouped keys and values."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        d, kv = config.d_model, config.d_model // config.n_head * config.n_kv_head
        self.n_head, self.n_kv_head = config.n_head, config.n_kv_head
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(d, kv, bias=False)
        self.v = nn.Linear(d, kv, bias=False)
        self.out = nn.Linear(d, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (batch, time, d) to the same shape; a position sees itself and what precedes it."""
        group = self.n_head // self.n_kv_head
        q = rotate(heads(self.q(x), self.n_head))
        k = rotate(heads(self.k(x), self.n_kv_head)).repeat_interleave(group, dim=1)
        v = heads(self.v(x), self.n_kv_head).repeat_interleave(group, dim=1)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Attention to outside states (batch, states, 128); without states it is not called."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        d = config.d_model
        self.n_head = config.n_head
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(STATE_WIDTH, d, bias=False)
        self.v = nn.Linear(STATE_WIDTH, d, bias=False)
        self.out = nn.Linear(d, d, bias=False)

    def forward(self, x: Tensor, states: Tensor) -> Tensor:
        """Maps (batch, time, d) to the same shape; no gradient goes into the states."""
        states = states.detach()
        q, k, v = (heads(part, self.n_head) for part in (self.q(x), self.k(states), self.v(states)))
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).flatten(2))


class CellularStep(nn.Module):
    """A mixture of eight linear rules over each position and its two neighbours.

    The right neighbour is the *next* byte's state: the decoder is not causal, as published. With
    ``causal`` the position itself stands in its place. The gain decays with every training forward
    and is a plain number that is not in the state dict, so a run resumed from that alone starts it anew.
    """

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        d = config.d_model
        self.causal = config.causal
        self.gain = GAIN
        self.mix = nn.Linear(3 * d, d, bias=False)
        self.rule_weights = nn.Linear(d, RULES)
        self.rules = nn.ModuleList(nn.Linear(d, d, bias=False) for _ in range(RULES))
        self.norm = nn.RMSNorm(d, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (batch, time, d) to the same shape; a missing neighbour is the position itself."""
        left = torch.cat((x[:, :1], x[:, :-1]), dim=1)
        right = x if self.causal else torch.cat((x[:, 1:], x[:, -1:]), dim=1)
        mixed = self.mix(torch.cat((left, x, right), dim=-1))
        weights = self.rule_weights(x).softmax(dim=-1)
        ruled = sum(weights[..., i : i + 1] * rule(mixed) for i, rule in enumerate(self.rules))
        y = self.norm(x + self.gain * ruled)
        if self.training:
            self.gain = max(self.gain * GAIN_DECAY, GAIN_FLOOR)
        return y


class PureField(nn.Module):
    """Two feed-forward branches; their difference is the output, its mean square the tension."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        d = config.d_model
        self.a_in, self.g_in = nn.Linear(d, 4 * d), nn.Linear(d, 4 * d)
        self.a_out, self.g_out = nn.Linear(4 * d, d), nn.Linear(4 * d, d)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns A(x) − G(x), (batch, time, d), and the tension, (batch, time, 1)."""
        a = self.a_out(functional.gelu(self.a_in(x)))
        g = self.g_out(functional.gelu(self.g_in(x)))
        difference = a - g
        return difference, difference.square().mean(dim=-1, keepdim=True)


class SwiGLU(nn.Module):
    """The gated feed-forward; its width is 8d/3, rounded up to a multiple of 64."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        d = config.d_model
        width = 64 * math.ceil(int(8 * d / 3) / 64)
        self.gate, self.up = nn.Linear(d, width, bias=False), nn.Linear(d, width, bias=False)
        self.out = nn.Linear(width, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (batch, time, d) to the same shape."""
        return self.out(functional.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    """One layer; the order of its parts is that of SYSTEMS section 1."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        self.attention, self.cellular = Attention(config), CellularStep(config)
        self.field, self.swiglu = PureField(config), SwiGLU(config)
        self.cross = CrossAttention(config) if config.dormant else None
        norms = (nn.RMSNorm(config.d_model, eps=EPS) for _ in range(3))
        self.norm_attention, self.norm_field, self.norm_swiglu = norms
        self.norm_cross = nn.RMSNorm(config.d_model, eps=EPS) if config.dormant else None

    def forward(self, x: Tensor, whisper: Tensor | None, states: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns the new (batch, time, d) and this layer's tension, (batch, time, 1)."""
        x = x + self.attention(self.norm_attention(x))
        x = self.cellular(x)
        difference, tension = self.field(self.norm_field(x))
        x = x + difference
        if whisper is not None:
            x = x + WHISPER * whisper
        if states is not None and self.cross is not None and self.norm_cross is not None:
            x = x + self.cross(self.norm_cross(x), states)
        return x + self.swiglu(self.norm_swiglu(x)), tension


class Decoder(nn.Module):
    """The byte decoder: head A shares its weight with the embedding, head G is in no loss."""

    def __init__(self, config: HexadConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocab, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = nn.RMSNorm(config.d_model, eps=EPS)
        self.head_g = nn.Linear(config.d_model, config.vocab, bias=False) if config.dormant else None
        self.tension_proj = nn.Linear(1, config.d_model, bias=False)
        self._initialise(STD / math.sqrt(2 * config.n_layer))

    def _initialise(self, output_std: float) -> None:
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                last = name.split(".")[-2]
                nn.init.normal_(parameter, std=output_std if last in ("out", "a_out", "g_out") else STD)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids: Tensor, states: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Returns the logits of head A and of head G, (batch, time, 256) each, for bytes (batch, time)."""
        x, whisper = self.embedding(ids), None
        for block in self.blocks:
            x, tension = block(x, whisper, states)
            whisper = self.tension_proj(tension)
        x = self.norm(x)
        return functional.linear(x, self.embedding.weight), self.head_g(
            x
        ) if self.head_g is not None else None
