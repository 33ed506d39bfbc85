"""Small synthetic logs for the examples of the kinds that read logs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

Row = Mapping[str, object]
_CONTRACT = """\
inputs:
  log: {{file: log.jsonl}}
criteria:
  - id: EXAMPLE
    claim: {claim}
    obligations:
      - {{{obligation}}}
"""


def contract(claim: str, obligation: str) -> str:
    """Returns the body of a contract with one obligation, given as the inside of a YAML flow mapping."""
    return _CONTRACT.format(claim=claim, obligation=obligation)


def lines(rows: Sequence[Row]) -> Callable[[], Mapping[str, bytes]]:
    """Returns what makes ``log.jsonl`` of rows; nan and inf are written as Python writes them."""

    def files() -> Mapping[str, bytes]:
        return {"log.jsonl": "".join(json.dumps(dict(row)) + "\n" for row in rows).encode()}

    return files


def schedule(steps: int = 40, warmup: int = 8, peak: float = 3e-4) -> list[dict[str, object]]:
    """Returns an honest log: cosine with warm-up from step 0, an EMA of the loss, a decaying loss."""
    rows: list[dict[str, object]] = []
    average = 0.0
    for step in range(steps):
        wave = (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
        lr = peak * (step / warmup if step < warmup else max(0.0, wave))
        loss = 2 + 2 * math.exp(-step / 12) + 0.2 * math.sin(step)
        average = loss if step == 0 else 0.9 * average + 0.1 * loss
        rows.append({"step": step, "loss": round(loss, 6), "lr": round(lr, 9), "ema": round(average, 6)})
    return rows
