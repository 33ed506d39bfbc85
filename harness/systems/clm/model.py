# mypy: disallow-subclassing-any=False
"""The conv-MoE byte model with its straight-through quantiser, in float64."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.systems.clm.config import ClmConfig, shapes
from harness.systems.clm.lcg import uniform

TOP, EPS = 7, 1e-5
_DRAWS = {
    "embed": (1, 0.3), "ec.weight": (2, 0.2), "ec.bias": (3, 0.1), "tc.weight": (4, 0.2), "tc.bias": (5, 0.1),
    "tc.norm.gain": (6, 0.5), "tc.norm.shift": (7, 0.1), "router.weight": (12, 0.2), "router.bias": (13, 0.1),
    "norm.gain": (18, 0.5), "norm.shift": (19, 0.1), "readout.weight": (20, 0.2), "readout.bias": (21, 0.1),
}  # fmt: skip
"""The generator's seed and the scale of every parameter; those of the experts count on from 14."""
EXPERT_SEED, SEEDS_A_RUN = 14, 1000


class Quantise(torch.autograd.Function):
    """Rounds every row of (out, in, kernel) weights to its four-bit grid; the gradient passes as it is."""

    @staticmethod
    def forward(context: object, weight: Tensor) -> Tensor:
        """Returns q · scale, with scale = max|w| / 7 a row and q rounded half away from zero."""
        del context
        top = weight.abs().amax(dim=(1, 2), keepdim=True)
        scale = torch.where(top > 0, top / TOP, torch.ones_like(top))
        ratio = weight / scale
        return (ratio.sign() * (ratio.abs() + 0.5).floor()).clamp(-TOP, TOP) * scale

    @staticmethod
    def backward(context: object, *gradients: Tensor) -> Tensor:
        """Returns the gradient unchanged: the straight-through estimator."""
        del context
        return gradients[0]


class ConvMoE(nn.Module):
    """Embedding, convolution, a temporal residual layer, a soft mixture of experts, norm and readout."""

    def __init__(self, config: ClmConfig, seed: int, *, drawn: bool = True) -> None:
        """Without ``drawn`` all weights are zero, to be filled from a checkpoint."""
        super().__init__()
        self.config = config
        made = {
            name: _drawn(name, shape, seed) if drawn else _zero(shape)
            for name, shape in shapes(config).items()
        }
        self.weights = nn.ParameterDict({name.replace(".", "_"): value for name, value in made.items()})

    def named(self, name: str) -> Tensor:
        """Returns a parameter by the name it has in the file."""
        return self.weights[name.replace(".", "_")]

    def forward(self, ids: Tensor) -> Tensor:
        """Returns logits (batch, time, 256) for bytes (batch, time)."""
        x = self._conv("ec", self.named("embed")[ids].transpose(1, 2))
        x = x + functional.gelu(self._norm("tc.norm", self._conv("tc", x)))
        shares = self._conv("router", x).softmax(dim=1)
        experts = (functional.gelu(self._conv(f"e{i}", x)) for i in range(self.config.experts))
        y = torch.stack([shares[:, i : i + 1] * part for i, part in enumerate(experts)]).sum(dim=0)
        return self._conv("readout", self._norm("norm", y)).transpose(1, 2)

    def _conv(self, name: str, x: Tensor) -> Tensor:
        weight = Quantise.apply(self.named(f"{name}.weight"))
        padded = functional.pad(x, (weight.shape[2] - 1, 0))
        return functional.conv1d(padded, weight, self.named(f"{name}.bias"))

    def _norm(self, name: str, x: Tensor) -> Tensor:
        """Normalises over channels and, unless causal, over all time steps: one group of a GroupNorm."""
        axes = (1,) if self.config.causal else (1, 2)
        mean = x.mean(dim=axes, keepdim=True)
        variance = x.var(dim=axes, correction=0, keepdim=True)
        gain, shift = (self.named(f"{name}.{part}")[:, None] for part in ("gain", "shift"))
        return (x - mean) / (variance + EPS).sqrt() * gain + shift


def _drawn(name: str, shape: tuple[int, ...], seed: int) -> nn.Parameter:
    number, scale = _DRAWS.get(name) or _expert_draw(name)
    values = torch.tensor(
        uniform(seed * SEEDS_A_RUN + number, torch.Size(shape).numel()), dtype=torch.float64
    )
    return nn.Parameter((values * scale).reshape(shape))


def _zero(shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape, dtype=torch.float64))


def _expert_draw(name: str) -> tuple[int, float]:
    """Returns the draw of ``e0.weight``, ``e0.bias`` and so on; from the third expert on, seeds above 21."""
    index, weight = int(name[1 : name.index(".")]), name.endswith("weight")
    first = EXPERT_SEED + 2 * index if index < 2 else 100 + 2 * index
    return (first, 0.2) if weight else (first + 1, 0.1)
