from __future__ import annotations

import json
import time

import pytest
from samples import CANARY, HEXAD, HF, LIGHTNING, NANOGPT, frame, written

from harness.logs._restarts import returns


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


def measured(step: int, seen: int) -> float:
    return round(3 - 0.01 * step + 0.001 * ((step * 7919 + seen * 31) % 13), 4)


def in_streams(
    column: str, values: tuple[object, ...], *, blocks: bool, steps: range = range(8)
) -> list[dict]:
    made = [
        {"step": step, column: value, "loss": measured(step, at)}
        for step in steps
        for at, value in enumerate(values)
    ]
    return sorted(made, key=lambda row: values.index(row[column])) if blocks else made


STREAMS = {
    "splits": ("split", ("train", "val"), False),
    "seeds, one after the other": ("seed", (1, 2), True),
    "ranks": ("rank", (0, 1), False),
    "parts of a step": ("micro_step", (0, 1, 2, 3), False),
    "layers": ("layer", (0, 1, 2), False),
    "layers by a name that says nothing": ("where", ("h.0", "h.1"), False),
    "one measure a row": ("metric", ("loss", "acc"), False),
}


@pytest.mark.parametrize("made", STREAMS.values(), ids=STREAMS)
def test_streams_of_one_file_repeat_nothing(tmp_path, made):
    column, values, blocks = made
    rows = in_streams(column, values, blocks=blocks)
    found = log(tmp_path, *rows)
    assert found.superseded == ()
    assert returns(found) == []


@pytest.mark.parametrize("made", STREAMS.values(), ids=STREAMS)
def test_a_restart_within_streams_is_seen(tmp_path, made):
    column, values, blocks = made
    rows = in_streams(column, values, blocks=blocks)
    rows += in_streams(column, values, blocks=blocks, steps=range(5, 12))
    found = log(tmp_path, *rows)
    assert len(found.superseded) == 3 * len(values)
    assert len(returns(found)) == len(values)


def test_rows_that_are_all_written_twice_are_no_streams(tmp_path):
    rows = [{"step": step, "loss": measured(step, at)} for step in range(8) for at in (0, 1)]
    assert len(log(tmp_path, *rows).superseded) == 8


@pytest.mark.parametrize("name", ["_step", "update", "iteration", "num_updates"])
def test_steps_by_other_names(tmp_path, name):
    rows = [{name: step, "loss": measured(step, 0)} for step in (*range(8), *range(5, 10))]
    assert returns(log(tmp_path, *rows)) == [(7, 8)]


def test_a_counter_that_stands_still_is_gone_through_once(tmp_path):
    rows = [{"step": 1, "val_loss": measured(at, 0)} for at in range(20_000)]
    begun = time.process_time()
    assert len(log(tmp_path, *rows).superseded) == len(rows) - 1
    assert time.process_time() - begun < 10  # every row against every other one took minutes


def test_an_evaluation_that_comes_again_at_its_step_takes_nothing_back(tmp_path):
    same = {"step": 5, "val_loss": 2.5}
    rows = [{"step": 4, "val_loss": 2.7}, same | {"time": 1}, same | {"time": 2}]
    assert log(tmp_path, *rows).superseded == ()
    assert len(log(tmp_path, *rows, {"step": 4, "val_loss": 2.6}).superseded) == 3
