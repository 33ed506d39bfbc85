from __future__ import annotations

import pytest
from samples import CONSOLE, NANOGPT, frame, texts, written

from harness.model.problem import InputError


def rows(folder, *lines: str) -> list[dict[str, str]]:
    found = frame(written(folder, "".join(f"{line}\n" for line in lines), "run.log"), format="text_log")
    return [
        {name: str(cells[row]) for name, cells in found.columns.items() if cells[row] is not None}
        for row in range(len(found))
    ]


def test_nanogpt_lines():
    found = frame(NANOGPT)
    assert len(found) == 29
    assert texts(found, "step")[:3] == ["0", "0", "10"]
    assert texts(found, "val_loss")[:2] == ["3.5688", None]
    assert texts(found, "lr")[1] == "2.8571e-05"
    assert found.columns.keys() == {"step", "train_loss", "val_loss", "loss", "lr", "time_ms", "mfu_percent"}
    assert found.places[:2] == ("nanogpt.log:3", "nanogpt.log:4")
    assert found.notes == ()
    assert found.remarks == ("nanogpt.log: 5 lines are no step lines",)


def test_console_of_a_trainer_with_progress_bars():
    found = frame(CONSOLE)
    assert sum(cell is not None for cell in found.columns["loss"]) == 60
    assert sum(cell is not None for cell in found.columns["eval_loss"]) == 3
    assert "step" not in found.columns


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("step 10: train loss 4.20, val loss 4.31", {"step": "10", "train_loss": "4.20", "val_loss": "4.31"}),
        (
            "step    12 | loss: 3.1 | lr 1.20e-04 | dt: 38.1ms",
            {"step": "12", "loss": "3.1", "lr": "1.20e-04", "dt_ms": "38.1"},
        ),
        (
            "\x1b[32m[12:00:00,123][INFO] - \x1b[0mstep=5 loss=2.5, lr=3e-4",
            {"step": "5", "loss": "2.5", "lr": "3e-4"},
        ),
        ("Epoch [1/10], Step [100/600], Loss: 2.3417", {"step": "100", "epoch": "1", "Loss": "2.3417"}),
        (
            "step:5/100 val_loss:3.28 train_time:1234ms",
            {"step": "5", "val_loss": "3.28", "train_time_ms": "1234"},
        ),
        (
            " iteration  100/ 5000 | elapsed time per iteration (ms): 234.1 | lm loss: 7.1E+00 |",
            {"step": "100", "elapsed_time_per_iteration_ms": "234.1", "lm_loss": "7.1E+00"},
        ),
        ("iter 5: loss:tensor(2.31, device='cuda:0')", {"step": "5", "loss": "2.31"}),
        ("global step 7: loss=nan, tokens=1,000,000", {"step": "7", "loss": "nan", "tokens": "1000000"}),
        ("epoch 3: train_loss=1.5 val_loss=1.7", {"epoch": "3", "train_loss": "1.5", "val_loss": "1.7"}),
        (
            "{'loss': '3.22', 'learning_rate': '3.943e-06', 'epoch': '0.1'}",
            {"epoch": "0.1", "loss": "3.22", "learning_rate": "3.943e-06"},
        ),
        ("[12/120] loss: 2.3 lr: 1e-3", {"step": "12", "loss": "2.3", "lr": "1e-3"}),
        ("step 3 | acc: 33.1% | loss: 1.2 (1.4)", {"step": "3", "acc_percent": "33.1", "loss": "1.2"}),
    ],
)
def test_step_lines(tmp_path, line, row):
    assert rows(tmp_path, line) == [row]


@pytest.mark.parametrize(
    "line",
    [
        "saving checkpoint at step 100",
        "step 100: saved 3 files",
        "100 steps: loss 3",
        "loss 2.3",
        "GPT-2 124M",
    ],
)
def test_other_lines_are_counted_and_are_no_rows(tmp_path, line):
    found = frame(written(tmp_path, f"{line}\nstep 1: loss 2\n", "run.log"))
    assert len(found) == 1
    assert found.remarks == ("run.log: 1 lines are no step lines",)


def test_a_number_with_a_unit_that_is_not_known_is_no_number(tmp_path):
    found = frame(written(tmp_path, "step 1: loss 2, tokens 1.2M\nstep 2: loss 1\n", "run.log"))
    assert found.columns.keys() == {"step", "loss"}
    assert found.remarks == ("run.log: 1 parts of step lines were not understood",)


def test_units_never_share_a_column(tmp_path):
    assert rows(tmp_path, "step 1: time 900ms", "step 2: time 1.2s") == [
        {"step": "1", "time_ms": "900"},
        {"step": "2", "time_s": "1.2"},
    ]


def test_a_progress_bar_that_is_drawn_again_counts_once(tmp_path):
    bar = "\r".join(
        ["step 1 loss 2.5", "step 1 loss 2.5", " 50%|#  | 5/10 [00:01<00:01, 3.2it/s]", "step 2 loss 2.4"]
    )
    assert rows(tmp_path, bar + "\r") == [{"step": "1", "loss": "2.5"}, {"step": "2", "loss": "2.4"}]


def test_a_last_line_without_its_end_may_have_lost_digits(tmp_path):
    found = frame(written(tmp_path, "step 1: loss 2.51\nstep 2: loss 2.4", "run.log"))
    assert texts(found, "step") == ["1"]
    assert found.notes == ("run.log:2: last line without its end left out",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("step 1: loss 2.5, loss 2.6", "run.log:1: key 'loss' is given twice"),
        ("step 1: loss 1e9999", "run.log:1: number too"),
    ],
)
def test_what_must_not_be_guessed_at_is_refused_by_line(tmp_path, line, said):
    with pytest.raises(InputError, match=said):
        rows(tmp_path, line)


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.logs.text_log.MAX_LINE", 50)
    with pytest.raises(InputError, match="more than 50 bytes"):
        rows(tmp_path, "step 1: loss 2 " + "x" * 100)


NANO = "iter {}: loss {}, time 18.44ms, mfu -100.00%"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("nan(ind)", "nan"),
        ("-nan(ind)", "nan"),
        ("1.#QNAN", "nan"),
        ("1.#IND00", "nan"),
        ("None", "nan"),
        ("N/A", "nan"),
        ("Infinity", "Infinity"),
        ("-1.#INF", "-inf"),
        ("nan !!!", "nan"),
        ("is nan", "nan"),
        ("--", "--"),
        ("*****", "*****"),
        ("0x1p3", "0x1p3"),
        ("", "(empty)"),
        ("2,6827", "2,6827"),
        ("0,682", "0,682"),
        ("2.6 / 9", "2.6 / 9"),
        ("2.6 spike", "2.6"),
        ("2.6", "2.6"),
        ("2.6 (2.7)", "2.6"),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_value_that_is_no_number_is_never_the_same_as_none(tmp_path, value, cell, at):
    lines = [NANO.format(step, value if step == at else f"3.{step}") for step in range(4)]
    assert [row["loss"] for row in rows(tmp_path, *lines)][at] == cell


@pytest.mark.parametrize("value", ["nan(ind)", "None", "--", "0x1p3", "2,6827", "nan !!!"])
def test_a_line_of_nothing_but_such_a_value_is_a_row(tmp_path, value):
    found = rows(tmp_path, "iter 0: loss 3.1", f"iter 1: loss {value}", "iter 2: loss 2.9")
    assert [row["step"] for row in found] == ["0", "1", "2"]
    assert "loss" in found[1]


@pytest.mark.parametrize(
    "line",
    [
        "step 3: val_loss improved",
        "step 3: new best val_loss 3.2!",
        "step 3: val_loss 3.2 is the best",
        "step 3: the loss scale was reduced",
        "saving checkpoint at step 3",
    ],
)
def test_a_sentence_about_a_key_is_no_row(tmp_path, line):
    found = rows(tmp_path, "step 1: val_loss 3.4, loss 2", line, "step 5: val_loss 3.2, loss 2")
    assert [row["step"] for row in found] == ["1", "5"]


def test_a_word_after_a_key_does_not_join_the_next_key(tmp_path):
    found = rows(tmp_path, "step:1 loss:2.5 time:3ms", "step:2 loss: None time: 3ms")
    assert found[1] == {"step": "2", "loss": "nan", "time_ms": "3"}


def test_another_key_that_ends_alike_is_not_the_one_that_broke(tmp_path):
    found = rows(tmp_path, "step 1: loss 2.5, lr 0.1", "step 2: loss 2.4, val loss --, lr 0.1")
    assert found[1]["loss"] == "2.4"


def test_what_was_no_number_is_said(tmp_path):
    text = "".join(NANO.format(step, "None" if step else "3.1") + "\n" for step in range(3))
    found = frame(written(tmp_path, text, "run.log"))
    assert "run.log: 2 values are no finite numbers, the first loss nan at run.log:2" in found.remarks


def test_commas_that_are_read_as_marks_of_thousands_are_said(tmp_path):
    found = frame(written(tmp_path, "step 1,000: tokens 2,682\nstep 1,001: tokens 2,683\n", "run.log"))
    assert texts(found, "tokens") == ["2682", "2683"]
    assert texts(found, "step") == ["1000", "1001"]
    assert "run.log: commas in tokens were read as marks of thousands: 2,682" in found.remarks
