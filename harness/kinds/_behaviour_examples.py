"""Small logs of scenarios that ship as the examples of ``behaviour``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.model.kind import Example
from harness.model.verdict import Outcome


def log(count: int, failed: Sequence[int] = (), control: Sequence[int] | None = None) -> bytes:
    """Returns a log of so many scenarios; those at the given places failed, for its control at others."""
    rows = []
    for at in range(count):
        row: dict[str, object] = {"scenario": f"s{at}", "passed": at not in failed}
        rows.append(row if control is None else row | {"control": at not in control})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(title: str, outcome: Outcome, data: bytes, more: str = "") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  tried: {{file: tried.jsonl}}
criteria:
  - id: EXAMPLE
    claim: The answer keeps its form in at least 98 of 100 scenarios.
    obligations:
      - {{kind: behaviour, behaviour: tried, at_most: 0.02{more}}}
""",
        files=lambda: {"tried.jsonl": data},
    )


_CONTROL = ", control: control"
EXAMPLES = (
    _example("no failure in 300", Outcome.DISCHARGED, log(300)),
    _example("two failures in 1,000", Outcome.DISCHARGED, log(1000, (3, 700))),
    _example("more seldom than its control", Outcome.DISCHARGED, log(300, (), range(0, 300, 10)), _CONTROL),
    _example("thirty failures in 300", Outcome.FALSIFIED, log(300, range(30))),
    _example("one failure of what never fails", Outcome.FALSIFIED, log(300, (5,)), ", never: true"),
    _example("more often than its control", Outcome.FALSIFIED, log(2000, range(20), ()), _CONTROL),
    _example("no failure in 100 excludes too little", Outcome.INCONCLUSIVE, log(100)),
    _example("a control that fails as seldom", Outcome.INCONCLUSIVE, log(300, (), ()), _CONTROL),
    _example("a scenario twice", Outcome.INCONCLUSIVE, log(300) + log(1)),
    _example("fewer than were to be tried", Outcome.INCONCLUSIVE, log(300), ", scenarios: 400"),
    _example(
        "an outcome that is no number",
        Outcome.INCONCLUSIVE,
        log(300) + b'{"scenario": "s300", "passed": NaN}\n',
    ),
    _example("nothing was tried", Outcome.ERROR, b""),
)
