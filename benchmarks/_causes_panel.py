"""A panel of small language models with a known cause, put to kind ``memorization``.

Each run counts the n-grams (orders 0 to 5) of its training bytes once per epoch and predicts by
interpolation with a fixed weight of the shorter context, so that repetition is learnt by heart and single
sightings are not; a fixed noise on every n-gram stands for what an initialisation leaves in a network.
Every run has canaries inserted by lot, a held-out split and a fresh reference.
"""

from __future__ import annotations

import json
import math
import random
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.verdict import Verdict
from harness.reading.contract import read_contract

ORDERS, PULL, NOISE, CANDIDATES = 6, 3000.0, 0.25, 128
_LETTERS = "etaoinshrdlucmfwypvbgk"
CONTRACT = """\
contract: panel
inputs:
  held: {file: held.jsonl}
  train: {file: train.jsonl}
  reference: {file: reference.jsonl}
  canaries: {file: canaries.jsonl}
  held_texts: {file: held_texts.jsonl}
  train_texts: {file: train_texts.jsonl}
  fresh_texts: {file: fresh_texts.jsonl}
criteria:
  A:
    claim: Nothing is memorized.
    obligations:
      - kind: memorization
        memorization: held
        held_texts: held_texts
        train_texts: train_texts
        fresh_texts: fresh_texts
        canaries: canaries
"""


@dataclass(frozen=True)
class Condition:
    """One way to train and to split, and the cause that a verdict should name."""

    name: str
    truth: str
    epochs: int = 1
    leak: float = 0.0
    easy: bool = False
    held: int = 120
    dropout: bool = False


CONDITIONS = (
    Condition("clean", "none"),
    Condition("10 % leaked", "leak", leak=0.1),
    Condition("25 % leaked", "leak", leak=0.25),
    Condition("50 % leaked", "leak", leak=0.5),
    Condition("wrapped 40 times", "repetition", epochs=40),
    Condition("wrapped 40 times, 25 % leaked", "leak, repetition", epochs=40, leak=0.25),
    Condition("easy split", "easy split", easy=True),
    Condition("dropout in the logged loss", "none", dropout=True),
    Condition("tiny held-out split", "none", held=8),
)


class Model:
    """Counts of n-grams with their contexts."""

    def __init__(self, texts: Sequence[bytes], epochs: int, salt: int) -> None:
        self.epochs, self.salt = epochs, salt
        self.counts: Counter[bytes] = Counter()
        self.contexts: Counter[bytes] = Counter()
        for text in texts:
            for order in range(1, ORDERS + 1):
                for at in range(len(text) - order + 1):
                    gram = text[at : at + order]
                    self.counts[gram] += 1
                    self.contexts[gram[:-1]] += 1

    def loss(self, text: bytes, skip: Callable[[], bool] = lambda: False) -> float:
        """Returns nats per byte; ``skip`` leaves out the longer contexts of a byte, as dropout would."""
        total = 0.0
        for at in range(len(text)):
            chance = 1 / 256
            for order in range(1 if skip() else ORDERS):
                context = text[at - order : at] if at >= order else None
                seen = self.contexts[context] if context is not None and context in self.contexts else 0
                if not seen:
                    break
                gram = text[at - order : at + 1]
                times = self.epochs * self.counts.get(gram, 0)
                chance = (times + PULL * chance) / (self.epochs * seen + PULL)
            noise = 2 * (zlib.crc32(text[max(0, at - 5) : at + 1], self.salt) / 2**32) - 1
            chance = min(1.0, chance * math.exp(NOISE * noise * 3**0.5))
            total -= math.log(chance)
        return total / len(text)


def document(source: random.Random, words: Sequence[str], *, easy: bool = False) -> bytes:
    """Returns one document of words by Zipf's law; an easy one says few words often."""
    known = words[:60] if easy else words
    weights = [1 / (rank + 2) for rank in range(len(known))]
    chosen = source.choices(known, weights, k=source.randrange(25, 60))
    # Numbers stand in ordinary text, so that a canary of digits is told from others by itself alone.
    said = [str(source.randrange(10**10)) if source.random() < 0.15 else word for word in chosen]
    return " ".join(said).encode()


def files(condition: Condition, seed: int) -> dict[str, bytes]:
    """Trains one run and returns what its author would hand in."""
    source = random.Random(f"{condition.name} {seed}")
    words = ["".join(source.choices(_LETTERS, k=source.randrange(2, 9))) for _ in range(3000)]
    train = [document(source, words) for _ in range(400)]
    held = [document(source, words, easy=condition.easy) for _ in range(condition.held)]
    fresh = [document(source, words) for _ in range(120)]
    secrets = [b"the code is %010d" % source.randrange(10**10) for _ in range(80)]
    leaked = source.sample(held, round(condition.leak * len(held)))
    corpus = [*train, *leaked, *secrets[:40]]
    model = Model(corpus, condition.epochs, seed)
    made = {
        "canaries.jsonl": _rows(
            _canary(model, secret, source) | {"inserted": i < 40} for i, secret in enumerate(secrets)
        )
    }
    skip = (lambda: source.random() < 0.3) if condition.dropout else (lambda: False)
    made["log.jsonl"] = _rows(
        {"loss": model.loss(text, skip)} for text in train[:20]
    )  # what the sign rule reads
    for name, texts in (("train", source.sample(train, 120)), ("held", held), ("reference", fresh)):
        rows = (
            {"document": f"{name}{i}", "loss": round(model.loss(t), 6), "mode": "eval", "weights": "a"}
            for i, t in enumerate(texts)
        )
        made[f"{name}.jsonl"] = _rows(rows)
    for name, texts in (("train", corpus), ("held", held), ("fresh", fresh)):
        rows = ({"document": f"{name}{i}", "text": text.decode()} for i, text in enumerate(texts))
        made[f"{name}_texts.jsonl"] = _rows(row if name == "held" else {"text": row["text"]} for row in rows)
    return made


def _canary(model: Model, secret: bytes, source: random.Random) -> dict[str, int]:
    own = model.loss(secret)
    others = [model.loss(b"the code is %010d" % source.randrange(10**10)) for _ in range(CANDIDATES - 1)]
    rank = 1 + sum(other < own for other in others)
    return {"rank": rank, "candidates": CANDIDATES}


def _rows(rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()  # type: ignore[attr-defined]


def judged(made: dict[str, bytes]) -> Verdict:
    """Puts one run to the kind, by the real reader and engine."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, data in made.items():
            (root / name).write_bytes(data)
        contract = read_contract(CONTRACT.encode(), "contracts/panel.yaml", root)
        memo = Memo(None, "", lambda: 0)
        sources = Sources(read_project(root, memo), contract, memo)
        return discharge(contract.criteria[0].obligations[0], DischargeContext(sources, prove=None))


def causes(runs: int) -> None:
    """Prints, per condition, how often the right cause was named, none at this power, or a wrong one."""
    print(f"{runs} runs of each condition; n-gram models of 400 documents, 80 canaries, limits as by default")
    print(f"{'condition':<32} {'truth':<18} {'right':>5} {'open':>5} {'wrong':>5} {'sign rule':>9}  named")
    start, right, total = time.perf_counter(), 0, 0
    for condition in CONDITIONS:
        named: Counter[str] = Counter()
        accused = 0
        for seed in range(runs):
            made = files(condition, seed)
            verdict = judged(made)
            named[str(verdict.measured)] += 1
            accused += _mean(made["held.jsonl"]) < _mean(made["log.jsonl"]) - 0.05
        good = named[condition.truth]
        still = named["none found at this power"]
        right, total = right + good + (still if condition.held < 20 else 0), total + runs
        told = ", ".join(f"{count} {name}" for name, count in named.most_common())
        counts = f"{good:>5} {still:>5} {runs - good - still:>5} {accused:>9}"
        print(f"{condition.name:<32} {condition.truth:<18} {counts}  {told}")
        sys.stdout.flush()
    taken = time.perf_counter() - start
    print(f"{right} of {total} named rightly (a tiny split may stay open); {taken:.0f} s")


def _mean(rows: bytes) -> float:
    found = [json.loads(row)["loss"] for row in rows.splitlines()]
    return sum(found) / len(found)
