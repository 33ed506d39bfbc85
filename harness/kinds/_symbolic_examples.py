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
  bpb(L, k, y):  L / log(2) * (k / y)
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


def _form(title: str, outcome: Outcome, given: str, *lines: str) -> Example:
    contract = (
        f"{_LET}criteria:\n  - id: A\n    claim: The formula does what the example says.\n"
        f"    obligations:\n      - kind: symbolic\n        given: {given}\n"
    )
    return Example(title=title, outcome=outcome, contract=contract + "".join(f"        {x}\n" for x in lines))


def _steps(start: str) -> tuple[str, ...]:
    states = f'{{E: {{start: {start}, next: "ema(B, E, t)"}}}}'
    return (
        "induction:",
        f'  - {{over: n, states: {states}, holds: "E == B**n*e + (1 - B**n)*t"}}',
    )


_FORMS = (
    _form(
        "bits per byte from nats per token, with the logarithm of two",
        Outcome.DISCHARGED,
        '{L: ">= 0", k: "> 0", y: "> 0", q: real}',
        "units: {L: nats/token, k: tokens, y: bytes, q: bits/byte}",
        'assume: ["q == bpb(L, k, y)"]',
        'prove: ["q*y*log(2) == L*k"]',
    ),
    _form(
        "more tension never lowers the rate, nor moves it faster than b / E",
        Outcome.DISCHARGED,
        _RATE,
        'monotone: [{of: "rate(b, t, E)", along: t}]',
        'lipschitz: [{of: "rate(b, t, E)", along: t, factor: b/E}]',
        'invariant: [{of: "rate(b, t, E)", scaling: [t, E]}]',
    ),
    _form(
        "it does not move half as fast",
        Outcome.FALSIFIED,
        _RATE,
        'lipschitz: [{of: "rate(b, t, E)", along: t, factor: "b/(2*E)"}]',
    ),
    _form(
        "the average contracts to the input, and has a closed form at every step",
        Outcome.DISCHARGED,
        '{B: "> 0 and < 1", n: ">= 0", e: real, t: real, E: real}',
        'contraction: [{of: "ema(B, e, t)", along: e, factor: B}]',
        'fixed: [{of: "ema(B, e, t)", along: e, at: t, only: true}]',
        *_steps("e"),
    ),
    _form(
        "it does not start at the input",
        Outcome.FALSIFIED,
        '{B: "> 0 and < 1", n: ">= 0", e: real, t: real, E: real}',
        *_steps("t"),
    ),
    _form(
        "the warm-up meets the cosine without a jump, and the inverse square root fades",
        Outcome.DISCHARGED,
        '{s: "> 0", b: "> 0", W: ">= 1"}',
        'continuous: [{of: "inverse_sqrt(s, b, W)", along: s, at: W, factor: "b/W", within: W/2}]',
        'limit: [{of: "inverse_sqrt(s, b, W)", along: s, to: infinity, equals: 0, factor: "b*sqrt(W)", '
        "power: 0.5, beyond: W}]",
    ),
    _form(
        "it does not fade as fast as one over the step",
        Outcome.FALSIFIED,
        '{s: "> 0", b: "> 0", W: ">= 1"}',
        'limit: [{of: "inverse_sqrt(s, b, W)", along: s, to: infinity, equals: 0, factor: "b*W", beyond: W}]',
    ),
    _form(
        "two links prove what is said of two steps",
        Outcome.DISCHARGED,
        '{B: ">= 0 and <= 1", e: ">= 0 and <= 3", t: ">= 0 and <= 3"}',
        'prove: ["ema(B, ema(B, e, t), t) <= 3"]',
        'chain: [{name: y, stands_for: "ema(B, e, t)", hence: "0 <= y and y <= 3"}]',
    ),
    _form(
        "a link that does not hold settles nothing",
        Outcome.INCONCLUSIVE,
        '{B: ">= 0 and <= 1", e: ">= 0 and <= 3", t: ">= 0 and <= 3"}',
        'prove: ["ema(B, ema(B, e, t), t) <= 3"]',
        'chain: [{name: y, stands_for: "ema(B, e, t)", hence: "y <= 2"}]',
    ),
)
EXAMPLES = (
    *_FORMS,
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
