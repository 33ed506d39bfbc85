"""A log of several runs is read as several; one that was cut off and taken up again is one."""

from __future__ import annotations

import pytest

from harness.logs._runs import runs
from harness.logs._said import statements

END = "step:900/900 loss:{0}00\nTotal size: 1500{1} bytes\nfinal val_loss:{0}123 val_bpb:1.2{1}345\n"


def run(seed, *, head="", loss="2.0"):
    return f"{head}lr:0.1 width:64\nseed:{seed}\nstep:0/900 loss:7.1\n" + END.format(loss, seed % 10)


def found(text):
    return [(one.line, one.title) for one in runs(text, statements(text))]


@pytest.mark.parametrize("rule", ["===", "-----", "##########", "* * *"])
def test_a_banner_begins_a_run(rule):
    text = f"{rule} Seed 1 {rule}\n" + run(1) + f"\n{rule} Seed 2 {rule}\n" + run(2, loss="2.1")
    if rule == "* * *":
        assert len(found(text)) == 2  # by its seed
    else:
        assert found(text) == [(1, "Seed 1"), (9, "seed 2")]


def test_another_seed_begins_a_run_with_its_settings():
    text = run(1) + run(2, loss="2.1") + run(3, loss="2.2")
    assert found(text) == [(1, "seed 1"), (7, "seed 2"), (13, "seed 3")]


def test_a_run_that_says_no_end_but_counts_from_the_start_is_one_too():
    text = run(1) + "=== the long one ===\nstep:0/900 loss:7\nstep:100/900 loss:5\n"
    assert found(text) == [(1, "seed 1"), (7, "the long one")]


@pytest.mark.parametrize(
    "text",
    [
        run(1),
        "",
        "=== seed 1 ===\n" + run(1),
        "seed:1\nstep:0/9 loss:7\nstep:5/9 loss:6\n=== resumed ===\nstep:5/9 loss:6\n" + END.format("2.0", 1),
        "seed:1\nstep:0/9 loss:7\nseed:1\nstep:0/9 loss:7\n" + END.format("2.0", 1),
        run(1) + "=== evaluation ===\nval_loss:1.9 val_bpb:1.2\n",
        run(1) + "=== results ===\n" + END.format("2.0", 1),
        "data seed:3\n" + run(1) + "seed:7 of the sampler\n",
    ],
)
def test_what_is_one_run_stays_one(text):
    assert len(found(text)) == 1
