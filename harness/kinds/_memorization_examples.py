"""Five models, told apart by their losses, canaries and data, as the examples of ``memorization``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.kinds._gap_examples import losses
from harness.kinds._overlap_examples import lines, prose
from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  held_out: {{file: held_out.jsonl}}
  train: {{file: train.jsonl}}
  reference: {{file: reference.jsonl}}
  canaries: {{file: canaries.jsonl}}
  texts: {{file: texts.jsonl}}
  held_texts: {{file: held_texts.jsonl}}
  prefixes: {{file: prefixes.jsonl}}
criteria:
  - id: A
    claim: What the model does well on has this cause.
    obligations:
      - kind: memorization
        memorization: held_out
        held_texts: held_texts
        train_texts: texts
        canaries: canaries
        {fields}
"""
_CLEAN = {"train": 3.07, "held_out": 3.1, "reference": 3.1}
_TRAIN = [prose(seed) for seed in range(30)]
_HELD = [prose(seed) for seed in range(400, 520)]
"""As many as were scored: a leak is absent only where all of them were looked for."""


def texts(split: str, documents: Sequence[str]) -> bytes:
    """Returns one text a line, under the names of the losses of that split."""
    rows = ({"document": f"{split}-{index}", "text": one} for index, one in enumerate(documents))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def canaries(bits: float, count: int = 20, candidates: int = 1024) -> bytes:
    """Returns so many canaries of each kind; the inserted ones are exposed by more bits than by chance."""
    rows = []
    for index in range(2 * count):
        place = ((index // 2) + 0.5) / count
        bits_here = bits if index % 2 else 0.0
        rank = max(1, round(candidates * place / 2**bits_here))
        rows.append({"canary": index, "inserted": index % 2, "rank": rank, "candidates": candidates})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def prefixes(extracted: int, count: int = 60) -> bytes:
    """Returns so many attempts at training prefixes, some of which worked, and as many at fresh ones."""
    rows = [
        {"member": member, "extracted": member and i < extracted}
        for i in range(count)
        for member in (True, False)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    *,
    means: Mapping[str, float] = _CLEAN,
    bits: float = 0.1,
    trained: Sequence[str] = _TRAIN,
    count: int = 120,
    plant: Mapping[str, bytes] = {},
) -> Example:
    def files() -> Mapping[str, bytes]:
        made = {f"{name}.jsonl": losses(name, mean, count) for name, mean in means.items()}
        made |= {"canaries.jsonl": canaries(bits), "prefixes.jsonl": prefixes(30)}
        made |= {"texts.jsonl": lines(trained), "held_texts.jsonl": texts("held_out", _HELD)}
        return {**made, **plant}

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


_LEARNT = {"train": 2.1, "held_out": 3.1, "reference": 3.1}
_EASY = {"train": 3.07, "held_out": 2.7, "reference": 3.1}
_LEAKED = {"train": 3.07, "held_out": 3.05, "reference": 3.1}
_LOOKED = {count: {"held_texts.jsonl": texts("held_out", _HELD[:count])} for count in (1, 9)}
EXAMPLES: tuple[Example, ...] = (
    _example("a clean run", Outcome.DISCHARGED, "cause: none"),
    _example("a run that repeated its data", Outcome.FALSIFIED, "cause: none", means=_LEARNT, bits=7.0),
    _example("repetition by its name", Outcome.DISCHARGED, "cause: repetition", means=_LEARNT, bits=7.0),
    _example("repetition where there is none", Outcome.FALSIFIED, "cause: repetition"),
    _example("an easy split by its name", Outcome.DISCHARGED, "cause: easy split", means=_EASY),
    _example("an easy split is no memorization", Outcome.FALSIFIED, "cause: repetition", means=_EASY),
    _example(
        "a leak by its name", Outcome.DISCHARGED, "cause: leak", means=_LEAKED, trained=[*_TRAIN, *_HELD[:3]]
    ),
    _example(
        "an easy split of which some leaked",
        Outcome.INCONCLUSIVE,
        "cause: easy split",
        means=_EASY,
        trained=[*_TRAIN, *_HELD[:3]],
    ),
    _example("an easy split is no leak", Outcome.FALSIFIED, "cause: leak", means=_EASY),
    _example(
        "a leak where none is claimed",
        Outcome.FALSIFIED,
        "cause: none",
        means=_LEAKED,
        trained=[*_TRAIN, _HELD[3]],
    ),
    _example(
        "prefixes that are known by heart",
        Outcome.DISCHARGED,
        "cause: repetition\n        extraction: prefixes",
    ),
    _example("too few documents to exclude anything", Outcome.INCONCLUSIVE, "cause: none", count=9),
    _example(
        "a leak looked for in one document of 120", Outcome.INCONCLUSIVE, "cause: none", plant=_LOOKED[1]
    ),
    _example(
        "an easy split where a leak is open",
        Outcome.INCONCLUSIVE,
        "cause: leak",
        means=_EASY,
        plant=_LOOKED[9],
    ),
    _example(
        "a leak looked for in texts of other documents",
        Outcome.INCONCLUSIVE,
        "cause: none",
        plant={"held_texts.jsonl": texts("other", _HELD)},
    ),
    _example(
        "a leak looked for in texts of nobody knows which documents",
        Outcome.INCONCLUSIVE,
        "cause: none",
        plant={"held_texts.jsonl": lines(_HELD)},
    ),
    _example(
        "canaries of three candidates",
        Outcome.INCONCLUSIVE,
        "cause: none",
        plant={"canaries.jsonl": canaries(9.0, candidates=3)},
    ),
    _example(
        "fresh data that is the held-out split renamed",
        Outcome.INCONCLUSIVE,
        "cause: none",
        plant={"reference.jsonl": losses("held_out", 3.1).replace(b"held_out-", b"fresh-")},
    ),
    _example(
        "a loss of nan",
        Outcome.INCONCLUSIVE,
        "cause: none",
        plant={"held_out.jsonl": losses("held_out", float("nan"), 5)},
    ),
    _example("no losses", Outcome.INCONCLUSIVE, "cause: none", plant={"held_out.jsonl": b""}),
    _example(
        "documents without a loss", Outcome.ERROR, "cause: none", plant={"held_out.jsonl": b'{"text": "a"}\n'}
    ),
)
