"""Cases that ship with kind ``implementation``: a schedule and an average of ours, and torch's own."""

from __future__ import annotations

from harness.model.kind import Example
from harness.model.outcome import Outcome

_CODE = '''\
"""A schedule and an average, right and wrong."""

import math


def cosine(t, warmup, steps, lr_max):
    if t < warmup:
        return lr_max * t / warmup
    return lr_max * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup))) / 2


def cosine_late(t, warmup, steps, lr_max):
    return cosine(t - 1 if t > warmup else t, warmup, steps, lr_max)


def average(b, e, t):
    return b * e + (1 - b) * t


def nowhere(b, e, t):
    return math.nan if e == t else average(b, e, t)


def silent(b, e, t):
    return None


def same(x):
    return x
'''


def _example(title: str, outcome: Outcome, fields: str) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  ours: {{files: "*.py"}}
  torch: {{library: torch}}
criteria:
  - id: EXAMPLE
    claim: The code computes its formula.
    obligations:
      - {{kind: implementation, {fields}}}
""",
        files=lambda: {"schedules.py": _CODE.encode()},
    )


_SCHEDULE = (
    "code: ours, arguments: {warmup: 40, steps: 400, lr_max: 3.0e-4}, examples: 1000, "
    'domain: {t: "integers 0..400"}, formula: "warmup_cosine(t, lr_max, warmup, steps)"'
)
_AVERAGE = (
    'code: ours, callable: "schedules:average", dtype: float32, domain: {b: 0..1, e: -10..10, t: -10..10}'
)
_STEP = "code: torch, domain: {p: -10..10, g: -100..100}, examples: 25, arguments: {lr: 0.1, momentum: 0.9}"

EXAMPLES: tuple[Example, ...] = (
    _example("a schedule, at every step", Outcome.DISCHARGED, f'callable: "schedules:cosine", {_SCHEDULE}'),
    _example("one step late", Outcome.FALSIFIED, f'callable: "schedules:cosine_late", {_SCHEDULE}'),
    _example(
        "an average, as near as float32 allows",
        Outcome.DISCHARGED,
        f'{_AVERAGE}, formula: "b*e + (1 - b)*t"',
    ),
    _example(
        "in float32 an average may leave the hull of its two numbers",
        Outcome.FALSIFIED,
        f'{_AVERAGE}, property: "min(e, t) <= out and out <= max(e, t)"',
    ),
    _example(
        "but by no more than its rounding",
        Outcome.DISCHARGED,
        f'{_AVERAGE}, formula: "b*e + (1 - b)*t", '
        'property: "min(e, t) - slack <= out and out <= max(e, t) + slack"',
    ),
    _example(
        "a property that no answer could break",
        Outcome.INCONCLUSIVE,
        f'{_AVERAGE}, property: "out > 4 or out <= 4"',
    ),
    _example(
        "a formula that rounding leaves nothing of for every x above 0.6",
        Outcome.INCONCLUSIVE,
        'code: ours, callable: "schedules:same", domain: {x: 0..1}, '
        'formula: "(x*1e20 + 5) - x*1e20 if x > 0.6 else x"',
    ),
    _example(
        "nan where the two are equal",
        Outcome.FALSIFIED,
        _AVERAGE.replace("average", "nowhere") + ', formula: "b*e + (1 - b)*t"',
    ),
    _example(
        "no number at all",
        Outcome.FALSIFIED,
        _AVERAGE.replace("average", "silent") + ', formula: "b*e + (1 - b)*t"',
    ),
    _example(
        "code that is not there",
        Outcome.ERROR,
        _AVERAGE.replace("average", "absent") + ', formula: "b*e + (1 - b)*t"',
    ),
    _example(
        "code that no input names",
        Outcome.ERROR,
        _AVERAGE.replace("code: ours", "code: torch") + ', formula: "b*e + (1 - b)*t"',
    ),
    _example(
        "a domain that assume empties",
        Outcome.INCONCLUSIVE,
        f'{_AVERAGE}, formula: "b*e + (1 - b)*t", assume: "b > 2"',
    ),
    _example(
        "a formula without a value at 0",
        Outcome.INCONCLUSIVE,
        f'{_AVERAGE}, formula: "b*e + (1 - b)*t*t/t"',
    ),
    _example(
        "torch's SGD with momentum",
        Outcome.DISCHARGED,
        f'optimizer: "torch.optim:SGD", {_STEP}, state: {{m: "g if t == 1 else momentum*m + g"}}, '
        'formula: "p - lr*m"',
    ),
    _example(
        "torch's SGD damps no gradient unless told to",
        Outcome.FALSIFIED,
        f'optimizer: "torch.optim:SGD", {_STEP}, state: {{m: "momentum*m + (1 - momentum)*g"}}, '
        'formula: "p - lr*m"',
    ),
)
