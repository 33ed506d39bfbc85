"""Small logs of interventions that ship as the examples of ``steering``."""

from __future__ import annotations

import json
from collections.abc import Callable

from harness.kinds._representation_examples import normal
from harness.model.kind import Example
from harness.model.verdict import Outcome

_DOSES = (-0.5, 0.25, 0.5)
_CONCEPTS = ("joy", "fear")


def _log(
    strength: float,
    randoms: int = 120,
    course: Callable[[float], float] = lambda dose: dose,
    louder: float = 1,
) -> bytes:
    """Own directions act by so much a dose, others by noise; ``louder`` is the norm of the own ones."""
    draw, rows = normal(3), []
    names = [*_CONCEPTS, *(f"random-{at}" for at in range(randoms))]
    for concept in _CONCEPTS:
        for name in names:
            for dose in _DOSES:
                effect = strength * course(dose) if name == concept else 0.3 * dose * next(draw)
                norm = abs(dose) * 4 * (louder if name == concept else 1)
                row = {"concept": concept, "direction": name, "dose": dose, "norm": norm, "effect": effect}
                rows.append(json.dumps(row))
    return "\n".join(rows).encode() + b"\n"


def _example(title: str, outcome: Outcome, log: bytes, more: str = "") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  log: {{file: steering.jsonl}}
criteria:
  - id: EXAMPLE
    claim: Each direction steers to its own concept.
    obligations:
      - {{steering: log{more}}}
""",
        files=lambda: {"steering.jsonl": log},
    )


EXAMPLES = (
    _example(
        "more than any random direction, with the dose", Outcome.DISCHARGED, _log(3), ", specific: true"
    ),
    _example("the other way", Outcome.FALSIFIED, _log(-3)),
    _example("no more at twice the dose", Outcome.FALSIFIED, _log(3, course=lambda dose: min(dose, 0.2))),
    _example("louder than the random ones", Outcome.FALSIFIED, _log(3, louder=4)),
    _example("less than asked", Outcome.FALSIFIED, _log(3), ", above: 2"),
    _example("as random directions do", Outcome.INCONCLUSIVE, _log(0.1)),
    _example("too few random directions", Outcome.INCONCLUSIVE, _log(3, randoms=20)),
    _example("an effect that is no number", Outcome.ERROR, _log(float("nan"))),
    _example("an empty log", Outcome.ERROR, b""),
)
