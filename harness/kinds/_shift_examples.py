"""Small activations before and after a change that ship as the examples of ``shift``."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.kinds._representation_examples import normal
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.kind import Example
from harness.model.verdict import Outcome

_WIDTH, _SCENES = 8, 8
_SAID = json.dumps(
    {"concepts": ["joy", "fear"], "layers": [3], "hidden_size": _WIDTH, "dtype": "float16"}
).encode()


def _rows(seed: int, count: int, spread: float) -> tuple[str, list[int], bytes]:
    draw = normal(seed)
    rows = [next(draw) * (1 + spread * (place == 0)) for _ in range(count) for place in range(_WIDTH)]
    return "F32", [count, _WIDTH], f32(*rows)


def _side(seed: int, spread: float) -> bytes:
    """Activations of two concepts, whose samples one direction spreads by so much."""
    return safetensors(
        {f"{name}.positive": _rows(seed + at, _SCENES, spread) for at, name in enumerate(("joy", "fear"))}
        | {f"{name}.negative": _rows(seed + 5 + at, _SCENES, 0) for at, name in enumerate(("joy", "fear"))}
    )


def _example(title: str, outcome: Outcome, before: bytes, after: bytes, said: bytes = _SAID) -> Example:
    files: Mapping[str, bytes] = {"a.safetensors": before, "b.safetensors": after, "readout.json": said}
    return Example(
        title=title,
        outcome=outcome,
        contract="""\
inputs:
  a: {file: a.safetensors}
  b: {file: b.safetensors}
  said: {file: readout.json}
criteria:
  - id: EXAMPLE
    claim: Cleaner after the change.
    obligations:
      - shift: first_pc
        change: rises
        concepts: [joy, fear]
        before: a
        after: b
        manifest: said
        confidence: 0.95
""",
        files=lambda: files,
    )


EXAMPLES = (
    _example("foretold, and far more than by chance", Outcome.DISCHARGED, _side(2, 0), _side(22, 30)),
    _example("moved the other way", Outcome.FALSIFIED, _side(1, 30), _side(21, 0)),
    _example("nothing changed", Outcome.FALSIFIED, _side(1, 0), _side(1, 0)),
    _example("moved no further than by chance", Outcome.INCONCLUSIVE, _side(2, 0), _side(52, 0.2)),
    _example("no activations", Outcome.ERROR, _side(1, 0), b""),
    _example(
        "a width that is no number", Outcome.ERROR, _side(1, 0), _side(2, 0), _SAID.replace(b"8", b"NaN")
    ),
)
