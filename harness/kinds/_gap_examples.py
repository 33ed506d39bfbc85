"""Losses of a model on documents that it knows and on others, as the examples of ``gap``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise

from harness.kinds._descent_examples import model, text
from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  train: {{file: train.jsonl}}
  held_out: {{file: held_out.jsonl}}
  fresh: {{file: fresh.jsonl}}
criteria:
  - id: A
    claim: The model is hardly better on what it was trained on.
    obligations:
      - {{kind: gap, gap: held_out{fields}}}
"""
_FRESH = ", reference: fresh"


_ASKED = """\
inputs:
  subject: {file: m.clm}
  train: {file: train.txt}
  held_out: {file: held_out.txt}
  fresh: {file: fresh.txt}
criteria:
  A: {gap: held_out, reference: fresh, model: subject, system: clm, length: 24, documents: lines, AT_MOST}
"""


def _asked(title: str, outcome: Outcome, limit: str, *, known: bool) -> Example:
    """A model that knows the alphabet is asked: texts that follow it are like those it was trained on."""

    def files() -> Mapping[str, bytes]:
        splits = {"held_out": 100, "fresh": 200, "train": 300}
        made = {f"{name}.txt": b"\n".join(_texts(at)) for name, at in splits.items()}
        straight = b"\n".join(bytes((i + j) % 6 for j in range(50 + i % 2)) for i in range(12))
        by_heart = b"\n".join([straight, *_texts(300)[:8]])
        return {**made, **({"train.txt": by_heart} if known else {}), "m.clm": model()}

    return Example(
        title=title, outcome=outcome, contract=_ASKED.replace("AT_MOST", f"at_most: {limit}"), files=files
    )


def _texts(seed: int) -> list[bytes]:
    """Returns forty texts that stray from the alphabet where they are scored; others are alike."""
    every = (text(50, seed + i) for i in range(100))
    return [one for one in every if any((b - a) % 6 != 1 for a, b in pairwise(one[:24]))][:40]


def losses(
    split: str,
    mean: float,
    count: int = 120,
    *,
    mode: str | None = "eval",
    weights: str | None = "5f3c",
    base: float | None = None,
    step: int | None = None,
) -> bytes:
    """Returns one row per document; the losses of every split have the same shape around its mean."""
    rows = []
    for index in range(count):
        # A lattice with the shape of a skewed law: its order has nothing to do with the split.
        place = ((index * 0.6180339887 + 0.5 / count + len(split) * 0.13) % 1) * 0.98 + 0.01
        own = 0.35 * (-math.log(1 - place) - 1)
        row: dict[str, object] = {"document": f"{split}-{index}", "tokens": 80 + index * 37 % 211}
        row |= {"loss": round(mean + own, 5)}
        row |= {} if mode is None else {"mode": mode}
        row |= {} if weights is None else {"weights": weights}
        # Another model finds much the same documents hard.
        off = 0.0 if base is None else base + 0.7 * own + 0.1 * math.sin(41 * index)
        row |= {} if base is None else {"other": round(off, 5), "flat": base, "own": row["loss"]}
        row |= {} if step is None else {"step": step}
        rows.append(row)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    train: bytes,
    held: bytes,
    fresh: bytes = b"",
) -> Example:
    def files() -> Mapping[str, bytes]:
        named = {"train": train, "held_out": held, "fresh": fresh or losses("fresh", 3.1)}
        return {f"{name}.jsonl": data for name, data in named.items()}

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


_KNOWN = losses("train", 3.07)
_LEARNT = losses("train", 2.2)
_NEW = losses("held", 3.1)
_FEW = losses("held", 3.1, 10)
EXAMPLES: tuple[Example, ...] = (
    _example("hardly better", Outcome.DISCHARGED, f"{_FRESH}, at_most: 0.2", _KNOWN, _NEW),
    _example("much better on what it knows", Outcome.FALSIFIED, f"{_FRESH}, at_most: 0.2", _LEARNT, _NEW),
    _example("a gap that is claimed", Outcome.DISCHARGED, f"{_FRESH}, at_least: 0.5", _LEARNT, _NEW),
    _example("a gap that is not there", Outcome.FALSIFIED, f"{_FRESH}, at_least: 0.5", _KNOWN, _NEW),
    _example(
        "weighted by tokens", Outcome.DISCHARGED, f"{_FRESH}, at_most: 0.2, weight: tokens", _KNOWN, _NEW
    ),
    _example("too few documents", Outcome.INCONCLUSIVE, f"{_FRESH}, at_most: 0.1", _KNOWN, _FEW),
    _example("nothing to calibrate by", Outcome.INCONCLUSIVE, ", at_most: 0.2", _LEARNT, _NEW),
    _example(
        "an easier split that hides the gap",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        _LEARNT,
        losses("held", 2.3),
    ),
    _example(
        "an easier split, calibrated by another model",
        Outcome.FALSIFIED,
        ", at_most: 0.2, calibrate: other",
        losses("train", 2.2, base=3.1),
        losses("held", 2.3, base=2.3),
    ),
    _example(
        "a harder split, calibrated by another model",
        Outcome.DISCHARGED,
        ", at_most: 0.2, calibrate: other",
        losses("train", 3.07, base=3.1),
        losses("held", 3.9, base=3.9),
    ),
    _example(
        "calibrated by a column that says nothing",
        Outcome.INCONCLUSIVE,
        ", at_most: 0.2, calibrate: flat",
        losses("train", 3.07, base=0.0),
        losses("held", 3.1, base=0.0),
    ),
    _example(
        "calibrated by the loss itself",
        Outcome.INCONCLUSIVE,
        ", at_most: 0.2, calibrate: own",
        losses("train", 1.6, base=0.0),
        losses("held", 3.1, base=0.0),
    ),
    _example(
        "a reference that is the held-out split renamed",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        _KNOWN,
        _NEW,
        _NEW.replace(b"held-", b"fresh-"),
    ),
    _example(
        "a limit that no training could break",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 4",
        _KNOWN,
        _NEW,
    ),
    _example(
        "under dropout",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        losses("train", 3.1, mode="train"),
        _NEW,
    ),
    _example(
        "in an unknown mode",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        losses("train", 3.1, mode=None),
        _NEW,
    ),
    _example(
        "averaged over an epoch, of other weights",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        losses("train", 3.1, weights="e9a0"),
        _NEW,
    ),
    _example(
        "of weights that nobody names",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        losses("train", 3.1, weights=None),
        _NEW,
    ),
    _example(
        "a document on both sides",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        _KNOWN + losses("held", 3.1, 1),
        _NEW,
    ),
    _example(
        "a document that counts twice",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        _KNOWN,
        _NEW + losses("held", 3.1, 1),
    ),
    _example(
        "a document of nan",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2",
        _KNOWN,
        _NEW + losses("lost", float("nan"), 1),
    ),
    _example(
        "still warming up",
        Outcome.INCONCLUSIVE,
        f"{_FRESH}, at_most: 0.2, warmup: 100",
        losses("train", 3.07, step=100),
        losses("held", 3.1, step=100),
        losses("fresh", 3.1, step=100),
    ),
    _example("no losses", Outcome.INCONCLUSIVE, f"{_FRESH}, at_most: 0.2", b"", b""),
    _example(
        "documents that nobody evaluated",
        Outcome.ERROR,
        f"{_FRESH}, at_most: 0.2",
        b'{"text": "a"}\n',
        b'{"text": "b"}\n',
    ),
    _asked("a model that is asked here", Outcome.DISCHARGED, "0.3", known=False),
    _asked("a model that knows its training text by heart", Outcome.FALSIFIED, "0.03", known=True),
)
