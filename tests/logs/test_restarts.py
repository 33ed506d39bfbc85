from __future__ import annotations

import json

import pytest
from samples import CANARY, HEXAD, HF, LIGHTNING, NANOGPT, frame, written


def log(folder, *rows):
    return frame(written(folder, "".join(json.dumps(row) + "\n" for row in rows), "log.jsonl"))


def train(*steps, **more):
    return [{"step": step, "loss": 2.0, **more} for step in steps]


@pytest.mark.parametrize("path", [CANARY, HEXAD, HF, LIGHTNING, NANOGPT], ids=lambda path: path.name)
def test_sound_logs_repeat_nothing(path):
    assert frame(path).superseded == ()


def test_rows_that_a_restarted_run_says_again_are_named(tmp_path):
    found = log(tmp_path, *train(0, 10, 20, 30), *train(20, 30, 40))
    assert found.superseded == (2, 3)
    assert found.remarks == (
        "step goes back: 2 rows are said again further down (log.jsonl:3 to log.jsonl:4)",
    )
    assert found.notes == ()


def test_rows_beyond_the_restart_are_superseded_even_if_never_said_again(tmp_path):
    assert log(tmp_path, *train(0, 10, 20, 25, 30), *train(20)).superseded == (2, 3, 4)


def test_a_step_that_is_logged_twice(tmp_path):
    assert log(tmp_path, *train(0, 10, 10, 20)).superseded == (1,)


def test_training_and_evaluation_rows_of_one_step_are_two_streams(tmp_path):
    both = [row for step in (0, 10, 20) for row in ({"step": step, "loss": 1}, {"step": step, "val_loss": 1})]
    assert log(tmp_path, *both).superseded == ()
    split = [{"step": step, "loss": 1, "split": name} for step in (0, 10) for name in ("train", "val")]
    assert log(tmp_path, *split).superseded == ()
    assert log(tmp_path, *train(0, 10), *({"step": s, "val_loss": 1} for s in (0, 10))).superseded == ()


def test_a_restart_that_logs_more_columns_is_seen(tmp_path):
    assert log(tmp_path, *train(0, 10, 20), *train(10, 20, 30, memory=3)).superseded == (1, 2)


def test_seeds_of_one_file_are_streams(tmp_path):
    assert log(tmp_path, *train(0, 10, seed=1), *train(0, 10, seed=2)).superseded == ()


def test_steps_that_begin_anew_in_every_epoch_repeat_nothing(tmp_path):
    assert log(tmp_path, *train(0, 1, epoch=0), *train(0, 1, epoch=1)).superseded == ()
    assert log(tmp_path, *train(0, 1, epoch=0), *train(0, 1, epoch=0)).superseded == (0, 1)


def test_epochs_count_where_there_are_no_steps(tmp_path):
    rows = [{"epoch": epoch, "loss": 1} for epoch in (0, 1, 2, 1, 2)]
    assert log(tmp_path, *rows).superseded == (1, 2)
