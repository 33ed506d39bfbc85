"""Cases that ship with kind ``invariant``: small modules, sound ones and one of each fault."""

from __future__ import annotations

from harness.model.kind import Example
from harness.model.outcome import Outcome

_CODE = '''\
"""A small causal decoder of 16 symbols, and what may be wrong with one."""

import torch
from torch import nn


class Decoder(nn.Module):
    def __init__(self, weights=None):
        super().__init__()
        self.table = nn.Embedding(16, 8)
        self.head = nn.Linear(8, 16)
        if weights is not None:
            self.head.bias.data[0] = float(open(weights).read())

    def read(self, ids):
        x = self.table(ids)
        return x.cumsum(dim=1) / torch.arange(1, x.shape[1] + 1)[:, None].to(x.dtype)

    def forward(self, ids):
        return self.head(self.read(ids).tanh())


class Normed(Decoder):
    """Its norm goes over the whole window."""

    def forward(self, ids):
        x = self.read(ids)
        return self.head(x / x.std(dim=(1, 2), keepdim=True))


class Peeks(Decoder):
    """It was built with the answers in sight."""

    def forward(self, ids):
        told = nn.functional.one_hot(ids[:, 1:], 16)
        return super().forward(ids) + 3 * nn.functional.pad(told, (0, 0, 0, 1))


class Idle(Decoder):
    """One of its layers is never called."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(8, 8)


class Deaf(Decoder):
    """It hears nothing."""

    def forward(self, ids):
        return super().forward(ids * 0)


class Broken(Decoder):
    def forward(self, ids):
        return super().forward(ids) / 0
'''


def _example(title: str, outcome: Outcome, law: str, built: str, more: str = "") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  ours: {{files: "*.py"}}
  torch: {{library: torch}}
  weights: {{file: weights.txt}}
criteria:
  - id: EXAMPLE
    claim: The model is sound.
    obligations:
      - kind: invariant
        invariant: {law}
        build: "models:{built}"
        code: [ours, torch]
        vocab: 16
        length: 8
        {more}
""",
        files=lambda: {"models.py": _CODE.encode(), "weights.txt": b"0.5\n"},
    )


_HOLDS, _FAILS, _OPEN, _BROKEN = Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE, Outcome.ERROR
EXAMPLES: tuple[Example, ...] = (
    _example("a causal decoder with weights of a file", _HOLDS, "causality", "Decoder", "model: weights"),
    _example("a norm over time", _FAILS, "causality", "Normed"),
    _example("a model that hears nothing is no causal one", _OPEN, "causality", "Deaf"),
    _example("logits that are infinite", _BROKEN, "causality", "Broken"),
    _example("every parameter is reached", _HOLDS, "reached", "Decoder"),
    _example("a layer that is never called", _FAILS, "reached", "Idle"),
    _example("nothing is foretold", _HOLDS, "entropy_floor", "Decoder"),
    _example("noise is foretold", _FAILS, "entropy_floor", "Peeks"),
    _example("one by one as at once", _HOLDS, "incremental", "Decoder"),
    _example("one by one is another model", _FAILS, "incremental", "Normed"),
)
