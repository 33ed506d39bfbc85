"""What the runs of MODEL-2 show, again: sets, remainders and means, without the kinds of the harness."""

import json
import math
import os
from pathlib import Path

import pytest

from harness.corpora.build import ready
from harness.systems.model2 import SYSTEM
from harness.systems.model2.config import read
from harness.systems.model2.data import Loader, load

ROOT = Path(__file__).parent.parent
SMALL = {"part": 140, "steps": 300, "batch": 8, "evaluated": 64, "evaluations": 1}


def lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def texts(corpus, split):
    return [row["text"] for row in lines(ready(ROOT, corpus) / f"{split}.jsonl")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains a corpus once and returns a function from a split to the losses of its documents."""
    made = {}

    def run(corpus):
        if corpus not in made:
            made[corpus] = tmp_path_factory.mktemp(corpus)
            before = os.environ.get("HARNESS_DATA")
            os.environ["HARNESS_DATA"] = str(ready(ROOT, corpus))
            SYSTEM.train(SMALL, 1, "cpu", made[corpus], lambda *_: None)
            os.environ["HARNESS_DATA"] = before or ""
        return lambda split: [row["loss"] for row in lines(made[corpus] / f"{split}_losses.jsonl")]

    return run


def mean(values):
    return sum(values) / len(values)


def error(values):
    return math.sqrt(sum((x - mean(values)) ** 2 for x in values) / (len(values) - 1) / len(values))


def surely_above(high, low):
    """How far one mean is above another, three standard errors taken off."""
    return mean(high) - mean(low) - 3 * math.hypot(error(high), error(low))


@pytest.mark.falsifies("model-2-runs/SPLIT")
def test_no_held_out_text_is_a_training_text(trial):
    held_out = texts("code-4x", "held_out")

    def falsifier(train):
        assert len(held_out) == 512
        assert len(train) > 1_000
        assert not set(held_out) & set(train)

    train = texts("code-4x", "train")
    trial(
        falsifier,
        train,
        the_leaking_corpus=texts("code-leak", "train"),
        one_document=[*train, held_out[7]],
        nothing=[],
    )


class Forgetful(Loader):
    """A loader that begins anew and does not count it."""

    @property
    def wraps(self):
        return 0

    @wraps.setter
    def wraps(self, value):
        pass


class Idle(Loader):
    """A loader that says that it served what it did not."""

    def batch(self, count):
        self.served += count
        return [], []


@pytest.mark.falsifies("model-2-runs/WRAPS")
def test_wraps_are_what_is_left_of_the_budget_when_the_windows_are_counted_by_hand(trial, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(ready(ROOT, "code-1x")))
    count = sum(math.ceil(len(text.encode()) / 64) for text in texts("code-1x", "train")[: 1575 // 28])

    def falsifier(make):
        loader = make(load(read({})), 64)
        for _ in range(800):
            loader.batch(16)
        assert loader.served == 12_800
        assert (loader.wraps, loader.place) == divmod(12_800, count)

    trial(falsifier, Loader, one_that_does_not_count=Forgetful, one_that_does_not_serve=Idle)


@pytest.mark.falsifies("model-2-runs/GAP-1X")
def test_the_small_corpus_is_learnt_by_heart_and_four_times_as_much_is_not(trial, trained):
    def falsifier(losses):
        assert surely_above(losses("fresh"), losses("train")) > 0.2
        assert surely_above(losses("held_out"), losses("train")) > 0.2

    trial(falsifier, trained("code-1x"), four_times_the_corpus=trained("code-4x"))


@pytest.mark.falsifies("model-2-runs/INVERSION")
def test_what_is_learnt_by_heart_has_no_validation_below_training(trial, trained):
    def falsifier(losses):
        assert mean(losses("held_out")) > mean(losses("train"))

    one = trained("code-1x")
    turned = {"train": "held_out", "held_out": "train"}
    trial(falsifier, one, splits_exchanged=lambda split: one(turned[split]))
