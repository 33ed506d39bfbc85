"""Small corpora with and without what leaked, as the examples of ``overlap``."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence

from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  train: {{file: train.jsonl}}
  held_out: {{file: held_out.jsonl}}
  fresh: {{file: fresh.jsonl}}
criteria:
  - id: A
    claim: No held-out document was trained on.
    obligations:
      - {{kind: overlap, overlap: held_out{fields}}}
"""
_WORDS = "loss step model batch token layer epoch shard noise seed rate decay norm query value head".split()


def prose(seed: int, words: int = 60) -> str:
    """Returns words in an order that no other seed has."""
    source = random.Random(seed)  # noqa: S311
    return " ".join(f"{source.choice(_WORDS)}{source.randrange(100)}" for _ in range(words))


def lines(texts: Sequence[str | Sequence[int]], key: str = "text") -> bytes:
    """Returns one document per line."""
    return "".join(json.dumps({key: text}) + "\n" for text in texts).encode()


_TRAIN = [prose(seed) for seed in range(40)]
_HELD = [prose(seed) for seed in range(100, 110)]
_FRESH = [prose(seed) for seed in range(200, 240)]
_NOTICE = "This file is part of a work whose licence everybody repeats at the head of each file. "
_Data = Sequence[str | Sequence[int]]


def _example(
    title: str,
    outcome: Outcome,
    fields: str = "",
    *,
    train: _Data = _TRAIN,
    held: _Data = _HELD,
    fresh: _Data = _FRESH,
    key: str = "text",
) -> Example:
    def files() -> Mapping[str, bytes]:
        named = {"train": train, "held_out": held, "fresh": fresh}
        return {f"{name}.jsonl": lines(texts, key) for name, texts in named.items()}

    return Example(title=title, outcome=outcome, contract=_BODY.format(fields=fields), files=files)


def _logged(title: str, outcome: Outcome, fields: str, *served: float | str | None) -> Example:
    def files() -> Mapping[str, bytes]:
        rows = [{"step": step, "index": index} for step, index in enumerate(served)]
        return {
            "train.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
            "held_out.jsonl": b'{"index": 90}\n{"index": 91}\n',
            "fresh.jsonl": b'{"index": 0}\n',
        }

    body = _BODY.format(fields=f", by: served{fields}")
    return Example(title=title, outcome=outcome, contract=body, files=files)


def _with(texts: Sequence[str], number: int, change: Callable[[str], str]) -> list[str]:
    return [change(text) if index == number else text for index, text in enumerate(texts)]


_QUOTED = _with(_TRAIN, 7, lambda text: f"{text} {_HELD[3][100:180]}")
_CAPITALS = _with(_HELD, 4, lambda _: _TRAIN[4].upper().replace(" ", "  "))
_EDITED = _with(_TRAIN, 7, lambda _: _HELD[3].replace(" seed", " sown", 2))
_HEADED_TRAIN = [_NOTICE + text for text in _TRAIN]
_HEADED_HELD = [_NOTICE + text for text in (*_HELD, *map(prose, range(300, 330)))]
_HEADED_FRESH = [_NOTICE + text for text in _FRESH]
_IDS = [[(seed * 7919 + i * i * 31) % 5000 for i in range(80)] for seed in range(20)]
_OTHER_IDS = [[(seed * 104729 + i * i * 37 + 11) % 5000 for i in range(80)] for seed in range(5)]
EXAMPLES: tuple[Example, ...] = (
    _example("two sets of their own", Outcome.DISCHARGED),
    _example("a document in both", Outcome.FALSIFIED, train=[*_TRAIN, _HELD[3]]),
    _example("eighty bytes in both", Outcome.FALSIFIED, train=_QUOTED),
    _example("a longer window than they share", Outcome.DISCHARGED, ", window: 120", train=_QUOTED),
    _example("a small part allowed", Outcome.DISCHARGED, ", containment: 0.5", train=_QUOTED),
    _example("a share of documents allowed", Outcome.DISCHARGED, ", at_most: 0.1", train=_QUOTED),
    _example("no whole document in both", Outcome.DISCHARGED, ", by: document", train=_QUOTED),
    _example("a whole document in both", Outcome.FALSIFIED, ", by: document", train=[*_TRAIN, _HELD[3]]),
    _example("a document edited in two words", Outcome.FALSIFIED, ", by: near", train=_EDITED),
    _example("no near duplicate", Outcome.DISCHARGED, ", by: near", train=_QUOTED),
    _example(
        "a notice that fresh data has too",
        Outcome.DISCHARGED,
        ", reference: fresh, at_most: 0.3",
        train=_HEADED_TRAIN,
        held=_HEADED_HELD,
        fresh=_HEADED_FRESH,
    ),
    _example("a notice without a reference", Outcome.FALSIFIED, train=_HEADED_TRAIN, held=_HEADED_HELD),
    _example(
        "half of it trained on, beyond the notice",
        Outcome.FALSIFIED,
        ", reference: fresh, containment: 0.5",
        train=[*_HEADED_TRAIN, *_HEADED_HELD[:20]],
        held=_HEADED_HELD,
        fresh=_HEADED_FRESH,
    ),
    _example(
        "too few documents to tell an excess",
        Outcome.INCONCLUSIVE,
        ", reference: fresh, containment: 0.5, at_most: 0.05",
        fresh=_FRESH[:8],
    ),
    _example("tokens of their own", Outcome.DISCHARGED, train=_IDS, held=_OTHER_IDS, key="tokens"),
    _example(
        "thirteen tokens in both",
        Outcome.FALSIFIED,
        train=[*_IDS, [*_IDS[0][:9], *_OTHER_IDS[2][20:33], 7, 7]],
        held=_OTHER_IDS,
        key="tokens",
    ),
    _example("tokens against text", Outcome.ERROR, train=_IDS),
    _example("documents shorter than a window", Outcome.INCONCLUSIVE, held=["a b", "c d"]),
    _example("an empty document in both", Outcome.DISCHARGED, train=[*_TRAIN, ""], held=[*_HELD, ""]),
    _example(
        "a short document in both", Outcome.INCONCLUSIVE, train=[*_TRAIN, "Fine."], held=[*_HELD, "Fine."]
    ),
    _example("capitals, byte for byte", Outcome.DISCHARGED, held=_CAPITALS),
    _example("capitals, folded", Outcome.FALSIFIED, ", fold: true", held=_CAPITALS),
    _example("no held-out data", Outcome.INCONCLUSIVE, held=[]),
    _example("no training data", Outcome.INCONCLUSIVE, train=[]),
    _example("lines without a text", Outcome.ERROR, key="body"),
    _logged("a loader that kept off", Outcome.DISCHARGED, "", 3, 1, 2, 0),
    _logged("a held-out item that was served", Outcome.FALSIFIED, "", 3, 91, 2, 0),
    _logged("as many rows as said", Outcome.DISCHARGED, ", rows: 4", 3, 1, 2, 0),
    _logged("a log that was cut short", Outcome.INCONCLUSIVE, ", rows: 5", 3, 1, 2, 0),
    _logged("ids of another form", Outcome.INCONCLUSIVE, "", "0003", "0091", "0002"),
    _logged("as many wraps as said", Outcome.DISCHARGED, ", items: 4, wraps: 2", *[0, 1, 2, 3] * 2),
    _logged("more wraps than said", Outcome.FALSIFIED, ", items: 4, wraps: 1", *[0, 1, 2, 3] * 2),
    _logged("a row that names no item", Outcome.INCONCLUSIVE, "", 3, float("nan"), 2, 0),
)
