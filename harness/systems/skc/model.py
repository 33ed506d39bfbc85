# mypy: disallow-subclassing-any=False
"""The ternary decoder: a scan with carried state, a mixture of experts with one taken, a memory of pairs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.systems.skc.config import VOCAB, SkcConfig

TOP, THRESHOLD, EPS = 127, 0.75, 1e-6
State = tuple[Tensor, ...]
"""What a window hands to the next: (batch, d) of every block."""


def ternary(weight: Tensor) -> Tensor:
    """Returns each row as three values: what exceeds 0.75 of its mean size, at the mean size of those.

    Source: ternary weight networks (Li et al. 2016); taken in float64, as the export does.
    """
    sizes = weight.double().abs()
    counts = sizes > THRESHOLD * sizes.mean(dim=1, keepdim=True)
    scale = (sizes * counts).sum(dim=1, keepdim=True) / counts.sum(dim=1, keepdim=True).clamp(min=1)
    return (weight.sign() * counts) * scale.to(weight.dtype)


def signed(weight: Tensor) -> Tensor:
    """Returns each row on a grid of 255 values, its largest size over 127 apart."""
    top = weight.double().abs().amax(dim=1, keepdim=True)
    scale = torch.where(top > 0, top / TOP, torch.ones_like(top)).to(weight.dtype)
    return (weight.double() / scale.double()).round().clamp(-TOP, TOP).to(weight.dtype) * scale


QUANTISERS: dict[str, Callable[[Tensor], Tensor]] = {"ternary": ternary, "int8": signed}


class Through(torch.autograd.Function):
    """Quantises; the gradient passes as it is: the straight-through estimator."""

    @staticmethod
    def forward(context: object, weight: Tensor, name: str) -> Tensor:
        """Returns the quantised weight."""
        del context
        return QUANTISERS[name](weight)

    @staticmethod
    def backward(context: object, *gradients: Tensor) -> tuple[Tensor, None]:
        """Returns the gradient unchanged."""
        del context
        return gradients[0], None


class Matrix(nn.Module):
    """A product with a matrix that is trained through its quantiser; three-valued ones are ``latent``."""

    def __init__(self, config: SkcConfig, rows: int, columns: int, weights: str = "") -> None:
        super().__init__()
        weights = weights or config.weights
        self.through = "" if config.arm == "unquantised" else weights
        self.called = "latent" if weights == "ternary" else "weight"
        self.register_parameter(self.called, nn.Parameter(torch.randn(rows, columns) / columns**0.5))

    def shipped(self) -> Tensor:
        """Returns the matrix as it is shipped, with the gradient of its latent weights."""
        weight: Tensor = getattr(self, self.called)
        return Through.apply(weight, self.through) if self.through else weight

    def forward(self, x: Tensor) -> Tensor:
        """Maps (…, columns) to (…, rows)."""
        return functional.linear(x, self.shipped())


class Table(Matrix):
    """A row of the matrix for each symbol; one beyond the last is refused."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps symbols (…,) to (…, columns)."""
        return functional.embedding(x, self.shipped())


class Norm(nn.Module):
    """Divides by the root mean square over channels, times a gain."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(d))

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape."""
        return x * (x.square().mean(dim=-1, keepdim=True) + EPS).rsqrt() * self.gain


def scan(keep: Tensor, new: Tensor, first: Tensor) -> Tensor:
    """Returns h_t = keep_t · h_(t-1) + new_t for (batch, time, d) in log2(time) passes; h_(-1) is ``first``.

    Source: the associative scan of Blelloch (1990), doubled as by Hillis and Steele (1986).
    """
    new = torch.cat((new[:, :1] + keep[:, :1] * first[:, None], new[:, 1:]), dim=1)
    step = 1
    while step < new.shape[1]:
        new = torch.cat((new[:, :step], new[:, step:] + keep[:, step:] * new[:, :-step]), dim=1)
        keep = torch.cat((keep[:, :step], keep[:, step:] * keep[:, :-step]), dim=1)
        step *= 2
    return new


class Experts(nn.Module):
    """Sends every position to its likeliest expert and weighs the answer by that chance.

    All experts are asked and one is kept, so that no answer depends on how many positions an expert has.
    """

    def __init__(self, config: SkcConfig) -> None:
        super().__init__()
        self.normalised = config.arm == "normalised"
        d = config.d_model
        self.router = Matrix(config, config.experts, d, "int8")
        self.up = nn.ModuleList(Matrix(config, config.hidden, d) for _ in range(config.experts))
        self.down = nn.ModuleList(Matrix(config, d, config.hidden) for _ in range(config.experts))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the answer (batch, time, d) and the balance loss of every row (batch,).

        The loss is experts · Σ share · mean chance (Shazeer et al. 2017 as in Switch Transformers), of each
        window by itself, so that it is the same for one batch and for its parts.
        """
        chances = self.router(x).softmax(dim=-1)
        taken = functional.one_hot(chances.argmax(dim=-1), chances.shape[-1]).to(x.dtype)
        weight = (chances * taken).sum(dim=-1, keepdim=True)
        if self.normalised:
            weight = weight / weight
        asked = (down(functional.silu(up(x)).square()) for up, down in zip(self.up, self.down, strict=True))
        answer = sum((taken[..., i : i + 1] * each for i, each in enumerate(asked)), torch.zeros_like(x))
        balance = chances.shape[-1] * (taken.mean(dim=1) * chances.mean(dim=1)).sum(dim=-1)
        return weight * answer, balance


class Block(nn.Module):
    """A gated scan and a mixture of experts, each added to what came in."""

    def __init__(self, config: SkcConfig) -> None:
        super().__init__()
        d = config.d_model
        self.before, self.between = Norm(d), Norm(d)
        self.take, self.gate, self.give = (Matrix(config, d, d) for _ in range(3))
        self.decay = nn.Parameter(torch.linspace(-1.0, 4.0, d))
        self.experts = Experts(config)

    def forward(self, x: Tensor, first: Tensor, apart: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (batch, time, d), the state after the last position, and the balance loss (batch,).

        ``apart`` (batch, time, 1) is 0 where a document begins: nothing is carried into it. ``real`` of the
        same shape is 0 where padding stands: nothing is taken from it.
        """
        inner = self.before(x)
        keep = self.decay.sigmoid()
        held = scan(keep * apart * real + (1 - real), (1 - keep) * self.take(inner) * real, first)
        x = x + self.give(held * self.gate(inner).sigmoid())
        answer, balance = self.experts(self.between(x))
        return x + answer, held[:, -1], balance


class Decoder(nn.Module):
    """The whole model; its logits are logarithms of chances, mixed with a frozen memory of pairs of bytes."""

    def __init__(self, config: SkcConfig) -> None:
        super().__init__()
        d = config.d_model
        self.embedding = Table(config, VOCAB, d, "int8")
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.last = Norm(d)
        self.head = Matrix(config, VOCAB, d, "int8")
        self.mix = nn.Parameter(torch.full((1,), -1.0))
        self.memory = nn.Parameter(torch.zeros(VOCAB, VOCAB), requires_grad=False)

    def begin(self, batch: int) -> State:
        """Returns the state before the first symbol."""
        zero = self.last.gain.new_zeros(batch, len(self.last.gain))
        return tuple(zero for _ in self.blocks)

    def forward(
        self,
        ids: Tensor,
        state: State | None = None,
        documents: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        """Returns logits (batch, time, 256), the state after the last, and the balance loss (batch,)."""
        x = self.embedding(ids)
        apart = x.new_ones(*ids.shape, 1)
        if documents is not None:
            apart[:, 1:, 0] = (documents[:, 1:] == documents[:, :-1]).to(x.dtype)
        real = x.new_ones(*ids.shape, 1) if mask is None else mask[..., None].to(x.dtype)
        balance, held = x.new_zeros(len(ids)), []
        for block, first in zip(self.blocks, state or self.begin(len(ids)), strict=True):
            x, carried, lost = block(x, first, apart, real)
            held.append(carried)
            balance = balance + lost
        own = self.head(self.last(x)).log_softmax(dim=-1) + functional.logsigmoid(-self.mix)
        told = self.memory[ids].log_softmax(dim=-1) + functional.logsigmoid(self.mix)
        return torch.logaddexp(own, told), tuple(held), balance
