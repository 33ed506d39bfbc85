"""Runs of two recipes, by seed, as the examples of ``improvement``: sound comparisons, and all but."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  new: {{file: new.jsonl}}
  old: {{file: old.jsonl}}
criteria:
  - id: A
    claim: The new recipe is better.
    obligations:
      - {{kind: improvement, improvement: new, over: old, {fields}}}
"""
_OLD = (3.2104, 3.2231, 3.1987, 3.2065, 3.2140)
_NEW = (3.1723, 3.1830, 3.1618, 3.1671, 3.1755)
"""Better by 0.0386 on average; the differences of pairs spread by 0.0015."""
_LUCK = (3.2061, 3.2102, 3.2055, 3.1953, 3.2118)
"""Another five runs of the old recipe: better by 0.0047 on average, by chance."""
_SEEDS = "seeds: [1, 2, 3, 4, 5]"
_LONG = (3.172318, 3.183042, 3.161894, 3.167127, 3.172318)
"""So many digits do not come out alike by chance."""


def runs(losses: Sequence[float | None], seeds: Sequence[int] = (1, 2, 3, 4, 5)) -> bytes:
    """Returns one line per run; a loss may be nan."""
    pairs = zip(seeds, losses, strict=False)
    return "".join(json.dumps({"seed": seed, "loss": loss}) + "\n" for seed, loss in pairs).encode()


def documents(shift: float, count: int = 80) -> bytes:
    """Returns the losses of one checkpoint on each of some documents, spread by far more than the shift."""
    rows = [
        {
            "document": f"d{i}",
            "loss": round(3 + (i * 37 % 101) / 100 + shift + 0.01 * ((i * 53 + (9 if shift else 0)) % 17), 4),
        }
        for i in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(
    title: str, outcome: Outcome, fields: str, new: bytes | None = None, old: bytes | None = None
) -> Example:
    def files() -> Mapping[str, bytes]:
        return {
            "new.jsonl": runs(_NEW) if new is None else new,
            "old.jsonl": runs(_OLD) if old is None else old,
        }

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


_DOCUMENTS = "pair: document, about: checkpoints, margin: 0.05"
EXAMPLES: tuple[Example, ...] = (
    _example("better by more than a margin, by seed", Outcome.DISCHARGED, f"margin: 0.03, {_SEEDS}"),
    _example("not better by so much", Outcome.FALSIFIED, f"margin: 0.05, {_SEEDS}"),
    _example("two arms, unpaired", Outcome.DISCHARGED, f"margin: 0.02, pair: none, {_SEEDS}"),
    _example("a lead that chance made", Outcome.INCONCLUSIVE, f"margin: 0.004, {_SEEDS}", runs(_LUCK)),
    _example(
        "a small p without the power for the claimed effect",
        Outcome.INCONCLUSIVE,
        f"margin: 0.01, pair: none, sd: 0.02, {_SEEDS}",
    ),
    _example("an effect above a margin of nothing", Outcome.DISCHARGED, f"margin: 0, effect: 0.01, {_SEEDS}"),
    _example(
        "a gain, but nothing of the effect that is claimed",
        Outcome.FALSIFIED,
        f"margin: 0, effect: 5, {_SEEDS}",
    ),
    _example("five pairs by permutation", Outcome.DISCHARGED, f"margin: 0.03, test: permutation, {_SEEDS}"),
    _example(
        "a permutation that cannot reach its level",
        Outcome.INCONCLUSIVE,
        f"margin: 0.03, test: permutation, confidence: 0.99, {_SEEDS}",
    ),
    _example("a bootstrap of five", Outcome.INCONCLUSIVE, f"margin: 0.03, test: bootstrap, {_SEEDS}"),
    _example("not worse", Outcome.DISCHARGED, f"form: not_worse, margin: 0.02, {_SEEDS}", runs(_LUCK)),
    _example("worse", Outcome.FALSIFIED, f"form: not_worse, margin: 0.02, better: higher, {_SEEDS}"),
    _example("equal within a band", Outcome.DISCHARGED, f"form: equivalent, margin: 0.05, {_SEEDS}"),
    _example("beyond the band", Outcome.FALSIFIED, f"form: equivalent, margin: 0.02, {_SEEDS}"),
    _example(
        "a band that so few runs cannot fill",
        Outcome.INCONCLUSIVE,
        f"form: equivalent, margin: 0.005, {_SEEDS}",
        runs(_LUCK),
    ),
    _example(
        "a declared seed that is missing", Outcome.INCONCLUSIVE, f"margin: 0.03, {_SEEDS}", runs(_NEW[:4])
    ),
    _example("a seed that was never declared", Outcome.INCONCLUSIVE, "margin: 0.03, seeds: [1, 2, 3, 4]"),
    _example(
        "a seed that counts twice",
        Outcome.INCONCLUSIVE,
        f"margin: 0.03, {_SEEDS}",
        runs(_NEW) + runs((3.1702,), (3,)),
    ),
    _example("one run under two seeds", Outcome.INCONCLUSIVE, f"margin: 0.03, {_SEEDS}", runs(_LONG)),
    _example("identical samples", Outcome.INCONCLUSIVE, f"margin: 0.03, {_SEEDS}", runs(_OLD)),
    _example(
        "a run that diverged",
        Outcome.INCONCLUSIVE,
        f"margin: 0.03, {_SEEDS}",
        runs((*_NEW[:4], float("nan"))),
    ),
    _example("two empty logs", Outcome.INCONCLUSIVE, f"margin: 0.03, {_SEEDS}", b"", b""),
    _example("no such metric", Outcome.ERROR, f"margin: 0.03, metric: bpb, {_SEEDS}"),
    _example(
        "two checkpoints, by document", Outcome.DISCHARGED, _DOCUMENTS, documents(-0.0837), documents(0.0)
    ),
    _example(
        "two checkpoints closer than claimed",
        Outcome.FALSIFIED,
        _DOCUMENTS,
        documents(-0.0237),
        documents(0.0),
    ),
    _example(
        "documents that only one was judged on",
        Outcome.INCONCLUSIVE,
        _DOCUMENTS,
        documents(-0.0837, 70),
        documents(0.0),
    ),
)
