"""Small models of the usual architectures, each sound: what laws of training may not blame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

VOCAB, PAD = 40, 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a model is made of; what an architecture has no use for is not read."""

    width: int = 16
    layers: int = 1
    heads: int = 4
    length: int = 10
    rotary: bool = True
    tied: bool = False
    grouped: bool = False
    rms: bool = True
    gated: bool = False
    dropout: float = 0.0
    experts: str = ""
    checkpointing: bool = False
    cell: str = "LSTM"
    post: bool = False


def norm_of(shape: Shape) -> nn.Module:
    """Returns the norm of the model."""
    return nn.RMSNorm(shape.width, eps=1e-6) if shape.rms else nn.LayerNorm(shape.width)


class Attention(nn.Module):
    """Heads over what is allowed; keys and values may be fewer than queries; positions may be rotated."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, self.size = shape, shape.width // shape.heads
        self.few = shape.heads // 2 if shape.grouped else shape.heads
        self.q = nn.Linear(shape.width, shape.width, bias=not shape.rms)
        self.kv = nn.Linear(shape.width, 2 * self.few * self.size, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=not shape.rms)

    def forward(self, x: Any, allowed: Any, at: Any) -> Any:
        """Maps (batch, time, width) to the same."""
        batch, time, _ = x.shape
        q = self.q(x).view(batch, time, -1, self.size).transpose(1, 2)
        k, v = self.kv(x).view(batch, time, 2 * self.few, self.size).transpose(1, 2).chunk(2, dim=1)
        if self.shape.rotary:
            q, k = rotated(q, at), rotated(k, at)
        if self.shape.grouped:
            k, v = k.repeat_interleave(2, dim=1), v.repeat_interleave(2, dim=1)
        drop = self.shape.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed[:, None], dropout_p=drop)
        return self.out(mixed.transpose(1, 2).reshape(batch, time, -1))


def rotated(x: Any, at: Any) -> Any:
    """Rotates pairs of a head's values by an angle that grows with the position."""
    half = x.shape[-1] // 2
    pace = 100.0 ** (-torch.arange(half, dtype=x.dtype) / half)
    angle = at[:, None, :, None].to(x.dtype) * pace
    one, two = x[..., :half], x[..., half:]
    return torch.cat([one * angle.cos() - two * angle.sin(), one * angle.sin() + two * angle.cos()], dim=-1)


class Hidden(nn.Module):
    """The part of a block between its two linear maps, gated or not."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gated = shape.gated
        self.up = nn.Linear(shape.width, (2 if shape.gated else 1) * 2 * shape.width, bias=not shape.gated)
        self.down = nn.Linear(2 * shape.width, shape.width, bias=not shape.gated)

    def forward(self, x: Any) -> Any:
        """Maps (..., width) to the same."""
        found = self.up(x)
        if self.gated:
            gate, found = found.chunk(2, dim=-1)
            return self.down(functional.silu(gate) * found)
        return self.down(functional.gelu(found))


class Experts(nn.Module):
    """Hidden parts of which a token is given to one (``top``) or to all (``soft``), with a balance loss."""

    count = 3

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.top = shape.experts == "top"
        self.router = nn.Linear(shape.width, self.count, bias=False)
        self.experts = nn.ModuleList(Hidden(shape) for _ in range(self.count))

    def forward(self, x: Any, told: list[Any]) -> Any:
        """Maps (batch, time, width) to the same and tells the balance loss."""
        flat = x.reshape(-1, x.shape[-1])
        shares = self.router(flat).softmax(dim=-1)
        best = shares.argmax(dim=-1)
        used = functional.one_hot(best, self.count).to(shares.dtype) if self.top else shares
        told.append(self.count * (used.mean(0) * shares.mean(0)).sum())
        if not self.top:
            mixed = sum(shares[:, i : i + 1] * expert(flat) for i, expert in enumerate(self.experts))
            return mixed.view_as(x)
        out = torch.zeros_like(flat)
        for i, expert in enumerate(self.experts):
            mine = (best == i).nonzero()[:, 0]
            if len(mine):
                out = out.index_add(0, mine, (expert(flat[mine]) * shares[mine, i : i + 1]).to(out.dtype))
        return out.view_as(x)


class Block(nn.Module):
    """Attention and a hidden part, each added to what came in; normed before, or after where ``post``."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.norm1, self.norm2 = norm_of(shape), norm_of(shape)
        self.attention = Attention(shape)
        self.hidden = Experts(shape) if shape.experts else Hidden(shape)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Any, allowed: Any, at: Any, told: list[Any]) -> Any:
        """Maps (batch, time, width) to the same."""
        ask = (lambda y: self.hidden(y, told)) if self.shape.experts else self.hidden
        if self.shape.post:
            x = self.norm1(x + self.drop(self.attention(x, allowed, at)))
            return self.norm2(x + self.drop(ask(x)))
        x = x + self.drop(self.attention(self.norm1(x), allowed, at))
        return x + self.drop(ask(self.norm2(x)))


class Decoder(nn.Module):
    """A language model: logits of the next symbol at every place."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(VOCAB, shape.width)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.places = None if shape.rotary else nn.Embedding(shape.length, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm, self.head = norm_of(shape), nn.Linear(shape.width, VOCAB, bias=False)
        if shape.tied:
            self.head.weight = self.embedding.weight

    def forward(self, ids: Any, mask: Any = None, documents: Any = None, told: Any = None) -> Any:
        """Maps symbols (batch, time) to logits (batch, time, vocab)."""
        batch, time = ids.shape
        told = [] if told is None else told
        allowed = torch.ones(time, time, dtype=torch.bool).tril().expand(batch, time, time)
        at = torch.arange(time).expand(batch, time)
        if mask is not None:
            allowed = allowed & mask.bool()[:, None, :]
            at = (mask.long().cumsum(dim=1) - 1).clamp_min(0)
        if documents is not None:
            allowed = allowed & (documents[:, :, None] == documents[:, None, :])
            began = (documents[:, 1:] != documents[:, :-1]).long() * torch.arange(1, time)
            at = at - functional.pad(began, (1, 0)).cummax(dim=1).values
        allowed = allowed | torch.eye(time, dtype=torch.bool)
        x = self.embedding(ids)
        x = x if self.places is None else x + self.places(at)
        for block in self.blocks:
            if self.shape.checkpointing and self.training:
                own: list[Any] = []
                x = checkpoint(_kept(block), x, allowed, at, own, use_reentrant=False)
                told.extend(own[:1])
            else:
                x = block(x, allowed, at, told)
        return self.head(self.norm(x))


def _kept(block: nn.Module) -> Any:
    return lambda x, allowed, at, told: block(x, allowed, at, told)


class Recurrent(nn.Module):
    """A language model that reads symbol by symbol."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, shape.width)
        self.cell = getattr(nn, shape.cell)(shape.width, shape.width, shape.layers, batch_first=True)
        self.drop, self.head = nn.Dropout(shape.dropout), nn.Linear(shape.width, VOCAB, bias=not shape.tied)
        if shape.tied:
            self.head.weight = self.embedding.weight

    def forward(self, ids: Any) -> Any:
        """Maps symbols (batch, time) to logits (batch, time, vocab)."""
        return self.head(self.drop(self.cell(self.embedding(ids))[0]))


class LowRank(nn.Module):
    """A frozen linear map and a trained one of low rank beside it, which begins at zero."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base.requires_grad_(requires_grad=False)
        self.a = nn.Linear(base.in_features, 2, bias=False)
        self.b = nn.Linear(2, base.out_features, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x: Any) -> Any:
        """Maps (..., in) to (..., out)."""
        return self.base(x) + 2.0 * self.b(self.a(x))


def adapted(shape: Shape) -> nn.Module:
    """Returns a decoder whose base is frozen, with low-rank maps beside its queries and outputs."""
    model = Decoder(shape).requires_grad_(requires_grad=False)
    for block in model.blocks:
        block.attention.q, block.attention.out = LowRank(block.attention.q), LowRank(block.attention.out)
    return model


class Encoder(nn.Module):
    """Classifies padded windows by the mean over their real places."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, shape.width, padding_idx=PAD)
        self.places = nn.Embedding(shape.length, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm, self.head = norm_of(shape), nn.Linear(shape.width, 3)

    def forward(self, batch: Any) -> Any:
        """Maps a batch with ``ids`` and ``mask`` to logits of three classes."""
        ids, mask = batch["ids"], batch["mask"]
        count, time = ids.shape
        at = torch.arange(time).expand(count, time)
        allowed = mask.bool()[:, None, :].expand(count, time, time) | torch.eye(time, dtype=torch.bool)
        x = self.embedding(ids) + self.places(at)
        for block in self.blocks:
            x = block(x, allowed, at, [])
        x, real = self.norm(x), mask[..., None].to(x.dtype)
        return self.head((x * real).sum(1) / real.sum(1).clamp_min(1))


def perceptron(shape: Shape) -> nn.Module:
    """Returns a perceptron from 6 numbers to one."""
    parts: list[nn.Module] = [nn.Linear(6, shape.width)]
    for _ in range(shape.layers):
        parts += [nn.Tanh(), nn.Dropout(shape.dropout), nn.Linear(shape.width, shape.width)]
    return nn.Sequential(*parts, norm_of(shape), nn.ReLU(), nn.Linear(shape.width, 1))


class Convolution(nn.Module):
    """Classifies small pictures, with batch statistics and a part that is added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        wide = shape.width // 2
        self.begin = nn.Sequential(nn.Conv2d(1, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide))
        self.inner = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide))
            for _ in range(shape.layers)
        )
        self.drop, self.head = nn.Dropout(shape.dropout), nn.Linear(wide, 3)

    def forward(self, x: Any) -> Any:
        """Maps (batch, 1, 6, 6) to logits of three classes."""
        x = functional.relu(self.begin(x))
        for part in self.inner:
            x = functional.relu(x + part(x))
        return self.head(self.drop(x.mean(dim=(2, 3))))


class AutoEncoder(nn.Module):
    """Gives back what it was given, through two numbers; with a learned noise where it is variational."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.variational = shape.gated
        self.narrow = nn.Sequential(nn.Linear(6, shape.width), nn.SiLU(), nn.Linear(shape.width, 4))
        self.widen = nn.Sequential(nn.Linear(2, shape.width), nn.SiLU(), nn.Linear(shape.width, 6))
        if not self.variational:
            self.narrow[2] = nn.Linear(shape.width, 2)

    def forward(self, x: Any, told: Any = None) -> Any:
        """Maps (batch, 6) to the same."""
        found = self.narrow(x)
        if self.variational:
            found, spread = found.chunk(2, dim=-1)
            if told is not None:
                told.append(0.5 * (found**2 + spread.exp() - 1 - spread).sum(-1).mean())
            if self.training:
                found = found + torch.randn_like(found) * (0.5 * spread).exp()
        return self.widen(found)


MODELS = {
    "perceptron": perceptron,
    "convolution": Convolution,
    "decoder": Decoder,
    "experts": Decoder,
    "recurrent": Recurrent,
    "adapted": adapted,
    "encoder": Encoder,
    "autoencoder": AutoEncoder,
}
LANGUAGE = ("decoder", "experts", "recurrent", "adapted")
