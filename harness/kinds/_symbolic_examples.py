"""The examples of kind ``symbolic``: what it must prove, refute and refuse to judge."""

from __future__ import annotations

from harness.model.kind import Example
from harness.model.verdict import Outcome

_LET = """\
let:
  factor(t, E):  clip(t / E, 0.5, 2)
  rate(b, t, E): b * factor(t, E)
  wide(b, t, E): b * clip(t / E, 0.5, 2.5)
  ema(B, e, t):  B*e + (1 - B)*t
  one(m):        m + 1
  self(m):       m
  still(m):      m + 1 - m
"""
_RATE = '{b: "> 0", t: ">= 0", E: "> 0"}'
_EMA = "{{B: {}, e: real, f: real, t: real}}"
_GAP = "abs(ema(B, e, t) - ema(B, f, t))"


def _example(title: str, outcome: Outcome, given: str, *prove: str, assume: str = "") -> Example:
    claims = "".join(f'          - "{text}"\n' for text in prove)
    relations = f'        assume: ["{assume}"]\n' if assume else ""
    contract = (
        f"{_LET}criteria:\n  - id: A\n    claim: The formula does what the example says.\n"
        f"    obligations:\n      - kind: symbolic\n        given: {given}\n{relations}"
        f"        prove:\n{claims}"
    )
    return Example(title=title, outcome=outcome, contract=contract)


EXAMPLES = (
    _example(
        "the hybrid learning rate stays in its bounds",
        Outcome.DISCHARGED,
        _RATE,
        "b/2 <= rate(b, t, E) and rate(b, t, E) <= 2*b",
        "rate(b, E, E) == b",
        "implies(E/2 < t and t < 2*E, diff(rate(b, t, E), t) == b/E)",
    ),
    _example(
        "the average contracts by B",
        Outcome.DISCHARGED,
        _EMA.format('">= 0 and < 1"'),
        f"{_GAP} == B * abs(e - f)",
    ),
    _example(
        "a ceiling of 2.5 leaves the bounds",
        Outcome.FALSIFIED,
        _RATE,
        "b/2 <= wide(b, t, E) and wide(b, t, E) <= 2*b",
    ),
    _example(
        "without a range for B the contraction is false",
        Outcome.FALSIFIED,
        _EMA.format("real"),
        f"{_GAP} == B * abs(e - f)",
    ),
    _example(
        "B > 0 alone does not contract",
        Outcome.FALSIFIED,
        _EMA.format('"> 0"'),
        f"{_GAP} < abs(e - f)",
        assume="e != f",
    ),
    _example("numbers alone claim nothing", Outcome.INCONCLUSIVE, "{}", "0.5 <= 1 and 1 <= 2"),
    _example(
        "a formula against itself claims nothing", Outcome.INCONCLUSIVE, "{m: real}", "one(m) == one(m)"
    ),
    _example("either way claims nothing", Outcome.INCONCLUSIVE, "{x: real}", "x > 5 or x <= 5"),
    _example("what cancels claims nothing", Outcome.INCONCLUSIVE, "{m: real}", "still(m) == 1"),
    _example("a name for itself claims nothing", Outcome.INCONCLUSIVE, "{m: real}", "self(m) == m"),
    _example(
        "an assumption behind a formula claims nothing",
        Outcome.INCONCLUSIVE,
        "{m: real}",
        "m == 3",
        assume="self(m) == 3",
    ),
    _example(
        "from a contradiction nothing follows",
        Outcome.INCONCLUSIVE,
        '{b: "> 0 and < 0", t: ">= 0", E: "> 0"}',
        "rate(b, t, E) <= 2*b",
    ),
    _example(
        "a quotient that may be 0 / 0 is no claim",
        Outcome.INCONCLUSIVE,
        "{x: real}",
        "x * one(x) / x == one(x)",
    ),
    _example(
        "at the corner there is no slope",
        Outcome.INCONCLUSIVE,
        _RATE,
        "implies(E/2 <= t and t <= 2*E, diff(rate(b, t, E), t) == b/E)",
    ),
)
