"""The claims of MODEL-2 again, from its epoch records with nothing but ``math``."""

import json
import math

import pytest
from conftest import DATA

FOUR = "model-2/model-2-corpus-4x-2026-04-27/training-summary.json"
SINGLE = 3e-6  # the records were printed from single precision: a loss near 10 is good to 1e-6


@pytest.fixture
def epochs(records):
    return records(FOUR)["epochs"]


@pytest.fixture
def other_run():
    folder = DATA / "model-2/model-2-first-training-2026-04-26"
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("epoch-*.metadata.json"))]


def edited(epochs, place, **changes):
    return [row | changes if index == place else row for index, row in enumerate(epochs)]


@pytest.mark.falsifies("model-2/PPL")
def test_every_perplexity_is_the_exponential_of_its_loss(trial, epochs):
    def falsifier(rows):
        assert len(rows) == 10
        for row in rows:
            for part in ("train", "val"):
                assert math.isclose(row[f"{part}_ppl"], math.exp(row[f"{part}_loss"]), rel_tol=SINGLE), row

    trial(
        falsifier,
        epochs,
        one_perplexity_off=edited(epochs, 7, val_ppl=epochs[7]["val_ppl"] * 1.00001),
        train_for_val=[row | {"val_ppl": row["train_ppl"]} for row in epochs],
        base_two=[row | {"val_ppl": 2 ** row["val_loss"]} for row in epochs],
        a_nan=edited(epochs, 0, train_ppl=math.nan),
        an_epoch_lost=epochs[:-1],
    )


@pytest.mark.falsifies("model-2/NEVER-INVERTS")
def test_the_run_inverts_at_epochs_0_4_and_9(trial, epochs):
    def falsifier(rows):
        assert [row["epoch"] for row in rows if row["val_loss"] < row["train_loss"]] == [0, 4, 9]

    healed = [row | {"val_loss": max(row["val_loss"], row["train_loss"])} for row in epochs]
    trial(falsifier, epochs, healed=healed, one_healed=edited(epochs, 4, val_loss=9.8), none=[])


@pytest.mark.falsifies("model-2/BAND")
def test_the_best_loss_lies_outside_the_band_that_was_declared_confirmed(trial, epochs):
    def falsifier(rows):
        best = min(row["val_loss"] for row in rows)
        assert not 9.5 <= best <= 9.7

    trial(falsifier, epochs, a_run_inside=edited(epochs, 4, val_loss=9.69))


@pytest.mark.falsifies("model-2/STATE-HASH")
def test_one_hash_stands_for_different_states(trial, epochs, other_run):
    def falsifier(rows):
        there = {row["epoch"]: row for row in other_run}
        shared = [row for row in rows if row["epoch"] in there]
        assert shared
        for row in shared:
            twin = there[row["epoch"]]
            assert row["optimizer_state_sha"] == twin["optimizer_state_sha"]
            assert row["train_loss"] != twin["train_loss"]

    bound = [row | {"optimizer_state_sha": f"{row['train_loss']}"} for row in epochs]
    same = [row | {"train_loss": other["train_loss"]} for row, other in zip(epochs, other_run, strict=False)]
    trial(falsifier, epochs, hash_bound_to_the_loss=bound, one_run_twice=same, no_epoch_in_common=[])
