"""A small submission for the examples of the kinds that try entries: a document, and a log per seed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.model.kind import Example
from harness.model.outcome import Outcome

_CONTRACT = """\
inputs:
  entry: {{file: entry.json}}
  logs: {{files: "logs/*.log"}}
criteria:
  - id: EXAMPLE
    claim: {claim}
    obligations:
      - {{{obligation}}}
"""
LOG = """\
seed:{seed} train_seq_len:1024
step:10/20 val_loss:2.3000 val_bpb:1.3621 train_time:1000ms
step:20/20 val_loss:2.1000 val_bpb:1.2437 train_time:2000ms
Total submission size int8+zlib: {size} bytes
final_exact val_loss:{loss} val_bpb:{bpb}
"""


def log(seed: int = 42, size: int = 900, loss: str = "2.05000000", bpb: str = "1.21406000") -> str:
    """Returns the log of one seed."""
    return LOG.format(seed=seed, size=size, loss=loss, bpb=bpb)


def example(
    title: str,
    outcome: Outcome,
    claim: str,
    obligation: str,
    entry: Mapping[str, object],
    logs: Mapping[str, str] | None = None,
) -> Example:
    """Returns one case; without ``logs`` there is one of seed 42."""
    written = {"seed42.log": log()} if logs is None else logs

    def files() -> Mapping[str, bytes]:
        made = {f"logs/{name}": text.encode() for name, text in written.items()}
        return made | {"entry.json": json.dumps(entry, indent=1).encode()}

    return Example(
        title=title,
        outcome=outcome,
        contract=_CONTRACT.format(claim=claim, obligation=obligation),
        files=files,
    )
