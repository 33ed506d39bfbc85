"""Curves that fall, have come to rest, or only seem to, as the examples of ``trend``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping

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


def _decay() -> bytes:
    """Returns a loss that falls from 4 to 2 as training losses do, from step 1 to a last step 2499."""
    return _rows([*(1, *range(10, 2500, 10)), 2499], lambda step: 2 + 2 * math.exp(-step / 600))


def _back() -> bytes:
    """Returns a loss that falls slowly and jumps back at its end: a line through it falls."""
    return _rows(range(250), lambda step: 4 - step / 125 if step < 200 else 4.1)


def _rows(steps: Iterable[int], loss: Callable[[int], float]) -> bytes:
    import numpy as np

    source = np.random.default_rng(3)
    rows = [{"step": step, "loss": round(loss(step) + 0.05 * float(source.normal()), 5)} for step in steps]
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
        f", steps: {[*range(20)]}",
        lambda: curve(-0.02, 20),
    ),
    _example(
        "steps picked out of a curve",
        Outcome.INCONCLUSIVE,
        f", steps: {[*range(0, 200, 25)]}",
        lambda: curve(-0.002),
    ),
    _example(
        "declared steps without a trend that remember",
        Outcome.INCONCLUSIVE,
        f", steps: {[*range(60)]}",
        lambda: curve(0, 60, 0.9, 0.2, 17),
    ),
    _example("a loss as it falls, steeply and then slowly", Outcome.DISCHARGED, ", margin: 0.5", _decay),
    _example("a loss that falls and comes back", Outcome.INCONCLUSIVE, "", _back),
    _example("a declared step is missing", Outcome.INCONCLUSIVE, ", steps: [0, 500]", lambda: curve(-0.002)),
    _example(
        "a loss of nan", Outcome.INCONCLUSIVE, "", lambda: curve(-0.001) + b'{"step": 200, "loss": NaN}\n'
    ),
    _example("no log", Outcome.INCONCLUSIVE, "", lambda: b""),
)
