"""Curves that fall, have come to rest, or only seem to, as the examples of ``trend``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping

from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  log: {{file: log.jsonl}}
criteria:
  - id: A
    claim: The curve does what is said of it.
    obligations:
      - {{kind: trend, trend: log{fields}}}
"""


def curve(slope: float, count: int = 200, memory: float = 0.3, noise: float = 0.02, seed: int = 1) -> bytes:
    """Returns a loss that changes by ``slope`` a step; its noise is an AR(1) with this memory."""
    import numpy as np

    source = np.random.default_rng(seed)
    state, rows = 0.0, []
    for step in range(count):
        state = memory * state + noise * math.sqrt(1 - memory**2) * float(source.normal())
        rows.append({"step": step, "loss": round(3 + slope * step + state, 6)})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(title: str, outcome: Outcome, fields: str, data: Callable[[], bytes]) -> Example:
    def files() -> Mapping[str, bytes]:
        return {"log.jsonl": data()}

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


_NAN = b'{"step": 200, "loss": NaN}\n'
_FLAT = ", shape: flat, margin: 0.05"
EXAMPLES: tuple[Example, ...] = (
    _example("a loss that falls", Outcome.DISCHARGED, "", lambda: curve(-0.001)),
    _example("a loss that rises is said to fall", Outcome.FALSIFIED, "", lambda: curve(0.001)),
    _example("a fall by less than the margin", Outcome.FALSIFIED, ", margin: 0.5", lambda: curve(-0.001)),
    _example("a plateau", Outcome.DISCHARGED, _FLAT, lambda: curve(0)),
    _example("no plateau: it still falls", Outcome.FALSIFIED, _FLAT, lambda: curve(-0.001)),
    _example("noise shows neither", Outcome.INCONCLUSIVE, _FLAT, lambda: curve(0, 60, noise=0.2)),
    _example(
        "a long memory leaves too few blocks", Outcome.INCONCLUSIVE, "", lambda: curve(-0.0005, 60, 0.97, 0.2)
    ),
    _example(
        "evaluations at declared steps",
        Outcome.DISCHARGED,
        ", steps: [0, 25, 50, 75, 100, 125, 150, 175]",
        lambda: curve(-0.002, noise=0.005),
    ),
    _example("a declared step is missing", Outcome.INCONCLUSIVE, ", steps: [0, 500]", lambda: curve(-0.002)),
    _example(
        "a loss of nan", Outcome.INCONCLUSIVE, "", lambda: curve(-0.001) + b'{"step": 200, "loss": NaN}\n'
    ),
    _example("no log", Outcome.INCONCLUSIVE, "", lambda: b""),
)
