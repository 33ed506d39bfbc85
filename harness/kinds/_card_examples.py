"""A small card with the log, the checkpoint and the evaluation that it speaks of, for ``card``."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.kinds._evaluation_examples import results
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  readme: {{file: README.md}}
  log: {{file: log.jsonl}}
  model: {{file: m.safetensors}}
  results: {{file: results.json}}
criteria:
  - id: A
    claim: The card is true.
    obligations:
      - {{kind: card, card: readme{fields}}}
"""
CARD = """\
---
license: mit
model-index:
  - name: small
    results:
      - task: {type: text-generation}
        dataset: {name: quiz, type: quiz}
        metrics:
          - {type: acc, value: 75.0}
---
# Small

| | |
|---|---|
| **Parameters** | 4 |
| Final loss | 2.41 |
| Tensor type | F32 |
"""
_LOG = ", log: log, claims: {Final loss: {metric: loss}}"
_MODEL = ", checkpoint: model, claims: {Parameters: {of: parameters}, Tensor type: {of: dtype}}"
_LOSSES = (4.0, 3.1, 2.4137)


_BARE = """\
subject: m.safetensors
log: log.jsonl
criteria:
  card: {card: README.md}
"""


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    card: str = CARD,
    *,
    losses: tuple[float, ...] = _LOSSES,
    body: str = _BODY,
) -> Example:
    def files() -> Mapping[str, bytes]:
        rows = [json.dumps({"step": step, "loss": loss}) + "\n" for step, loss in enumerate(losses)]
        return {
            "README.md": card.encode(),
            "log.jsonl": "".join(rows).encode(),
            "m.safetensors": safetensors({"w": ("F32", [2, 2], f32(1, 2, 3, 4))}),
            "results.json": results(0.75, 40),
        }

    return Example(
        title=title,
        outcome=outcome,
        contract=body.format(fields=fields) if fields or body is _BODY else body,
        files=files,
    )


def _bare(title: str, outcome: Outcome, card: str = CARD) -> Example:
    return _example(title, outcome, "", card, body=_BARE)


EXAMPLES: tuple[Example, ...] = (
    _example("a loss to its digits", Outcome.DISCHARGED, _LOG),
    _example("a loss of another run", Outcome.FALSIFIED, _LOG, CARD.replace("2.41", "2.31")),
    _example("a checkpoint as described", Outcome.DISCHARGED, _MODEL),
    _example("another parameter count", Outcome.FALSIFIED, _MODEL, CARD.replace("| 4 |", "| 1.2B |")),
    _example("another dtype", Outcome.FALSIFIED, _MODEL, CARD.replace("F32", "bfloat16")),
    _example("a model-index as evaluated", Outcome.DISCHARGED, ", evaluation: results"),
    _example(
        "a model-index that says more",
        Outcome.FALSIFIED,
        ", evaluation: results",
        CARD.replace("75.0", "77.5"),
    ),
    _example("a card to which nothing is bound", Outcome.INCONCLUSIVE, ""),
    _example("a number that is not on the card", Outcome.INCONCLUSIVE, _LOG, "# Small\n"),
    _example("two numbers under one label", Outcome.INCONCLUSIVE, _LOG, f"{CARD}\nFinal loss: 2.9\n"),
    _example("a loss that is nan", Outcome.INCONCLUSIVE, _LOG, losses=(4.0, float("nan"))),
    _example("an empty log", Outcome.INCONCLUSIVE, _LOG, losses=()),
    _bare("a card that says what log and checkpoint do", Outcome.DISCHARGED),
    _bare("a final loss of no row", Outcome.FALSIFIED, CARD.replace("2.41", "2.31")),
    _bare("parameters of another model", Outcome.FALSIFIED, CARD.replace("| 4 |", "| 4,200 |")),
    _bare("a dtype of another file", Outcome.FALSIFIED, CARD.replace("F32", "bfloat16")),
    _bare("two final losses", Outcome.INCONCLUSIVE, f"{CARD}\nFinal loss: 2.9\n"),
    _bare("a card without figures", Outcome.INCONCLUSIVE, "# Small\n\nIt is small.\n"),
    _bare("figures that are not said", Outcome.INCONCLUSIVE, "<!-- Final loss: 2.41 -->\n"),
    _example("front matter that is refused", Outcome.ERROR, ", evaluation: results", "---\na: &b 1\n---\n"),
)
