"""Cases that ship with kind ``probe``: a module that repeats what it read, and probes that show nothing."""

from __future__ import annotations

import json

from harness.model.kind import Example
from harness.model.outcome import Outcome

_CODE = '''\
"""A model of bytes that says the next letter of the alphabet, whatever was asked."""

import torch
from torch import nn


class Alphabet(nn.Module):
    def __init__(self):
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(9.0))

    def forward(self, ids):
        following = torch.where(ids == 122, 97, (ids + 1) % 256)
        return self.sharp * nn.functional.one_hot(following, 256)
'''
_TWO = [{"prompt": "say a", "keyword": "bcd"}, {"prompt": "say p", "keyword": "qrs"}]
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def _example(
    title: str, outcome: Outcome, fields: str, prompts: list[dict[str, str]] | None = None
) -> Example:
    rows = "".join(json.dumps(row) + "\n" for row in (_TWO if prompts is None else prompts))
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  ours: {{files: "*.py"}}
  torch: {{library: torch}}
  prompts: {{file: prompts.jsonl}}
  train: {{file: train.txt}}
  apart: {{file: apart.txt}}
criteria:
  - id: EXAMPLE
    claim: The model answers.
    obligations:
      - kind: probe
        build: "models:Alphabet"
        code: [ours, torch]
        vocab: 256
        length: 16
        {fields}
""",
        files=lambda: {
            "models.py": _CODE.encode(),
            "prompts.jsonl": rows.encode(),
            "train.txt": _LETTERS * 4,
            "apart.txt": _LETTERS[::-1] * 2 + _LETTERS,
        },
    )


_PLAIN = "prompts: prompts\n        new: 10\n        window: 16"
_NAN = [{"prompt": "say a", "keyword": "bcd"}, {"prompt": float("nan"), "keyword": "x"}]
EXAMPLES: tuple[Example, ...] = (
    _example("both keywords are said", Outcome.DISCHARGED, f"{_PLAIN}\n        at_least: 2"),
    _example("more than are said", Outcome.FALSIFIED, f"{_PLAIN}\n        at_least: 3"),
    _example(
        "a keyword that only the probe says",
        Outcome.FALSIFIED,
        f"{_PLAIN}\n        mode: include\n        at_least: 1",
        [{"prompt": "say a", "keyword": "zebra"}],
    ),
    _example(
        "two prompts that are one when they are cut",
        Outcome.FALSIFIED,
        _PLAIN,
        [{"prompt": f"{name}, please say a", "keyword": "bcd"} for name in ("Ann", "Bob")],
    ),
    _example(
        "and then nothing is counted",
        Outcome.INCONCLUSIVE,
        f"{_PLAIN}\n        at_least: 2",
        [{"prompt": f"{name}, please say a", "keyword": "bcd"} for name in ("Ann", "Bob")],
    ),
    _example("no prompt", Outcome.INCONCLUSIVE, f"{_PLAIN}\n        at_most: 0", []),
    _example("a prompt that is nan", Outcome.ERROR, f"{_PLAIN}\n        at_most: 0", _NAN),  # type: ignore[arg-type]
    _example(
        "a held-out text that was trained on",
        Outcome.FALSIFIED,
        "file: apart\n        train: train\n        window: 13",
    ),
)
