"""Gains window by window, stopped early or never enough, as the examples of ``anytime``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  log: {{file: windows.jsonl}}
criteria:
  - id: A
    claim: The model costs less than its baseline.
    obligations:
      - {{kind: anytime, anytime: log, low: -2, high: 2{fields}}}
"""


def windows(gain: float, count: int, noise: float = 0.35) -> bytes:
    """Returns the loss of a model and of its baseline on so many windows, in the order they were drawn."""
    import numpy as np

    source = np.random.default_rng(count)
    rows = []
    for window in range(count):
        base = 3.2 + 0.1 * source.random()
        own = base - min(1.9, max(-1.9, gain + noise * source.normal()))
        rows.append({"window": window, "loss": round(own, 5), "baseline": round(base, 5)})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _sorted() -> bytes:
    """Returns the same windows, those first on which the model is best."""
    rows = [json.loads(line) for line in windows(0.3, 200).splitlines()]
    rows.sort(key=lambda row: float(row["loss"]) - float(row["baseline"]))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(
    title: str, outcome: Outcome, data: Callable[[], bytes], fields: str = ", gain: loss, over: baseline"
) -> Example:
    def files() -> Mapping[str, bytes]:
        return {"windows.jsonl": data()}

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


EXAMPLES: tuple[Example, ...] = (
    _example("a gain that is seen", Outcome.DISCHARGED, lambda: windows(0.3, 200)),
    _example("a gain that is seen, and stopped there", Outcome.DISCHARGED, lambda: windows(0.3, 120)),
    _example("a loss where a gain is claimed", Outcome.FALSIFIED, lambda: windows(-0.3, 200)),
    _example(
        "a gain below its margin",
        Outcome.FALSIFIED,
        lambda: windows(0.3, 400),
        ", gain: loss, over: baseline, margin: 0.6",
    ),
    _example("too few windows yet", Outcome.INCONCLUSIVE, lambda: windows(0.3, 8)),
    _example("no gain", Outcome.INCONCLUSIVE, lambda: windows(0.0, 100)),
    _example(
        "a gain beyond the stated bounds", Outcome.INCONCLUSIVE, lambda: b'{"loss": 1, "baseline": 9}\n'
    ),
    _example(
        "a loss of nan",
        Outcome.INCONCLUSIVE,
        lambda: windows(0.3, 200) + b'{"window": 200, "loss": NaN, "baseline": 3}\n',
    ),
    _example("windows sorted by their gain", Outcome.INCONCLUSIVE, _sorted),
    _example("windows said again after a restart", Outcome.INCONCLUSIVE, lambda: windows(0.3, 200) * 2),
    _example("no windows", Outcome.INCONCLUSIVE, lambda: b""),
)
