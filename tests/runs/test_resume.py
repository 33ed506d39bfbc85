"""An interrupted run goes on from its last checkpoint, to the bytes that it would have left anyway."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.runs.launch import launch
from harness.runs.plan import plan
from harness.runs.store import RESUME, RunStore

SIZES = {"d_model": 32, "n_layer": 2, "n_head": 2, "n_kv_head": 1, "steps": 150, "warmup": 5, "batch": 2,
         "block_size": 16}  # fmt: skip
LAUNCH = """
import json, sys
from pathlib import Path
from harness.model.contract import Run
from harness.model.values import Printed
from harness.runs.launch import launch
from harness.runs.plan import plan
from harness.runs.store import RunStore
root, store, sizes = json.loads(sys.argv[1])
config = {key: Printed(str(value)) for key, value in sizes.items()}
(one,) = plan("tiny", Run(system="hexad", config=config, seeds=(5,), device="cpu"), Path(root))
launch(one, RunStore(Path(store)))
"""
COUNTER = """
import os, pathlib, time

def count(config, seed, device, out):
    kept = pathlib.Path(os.environ["HARNESS_RESUME"])
    kept.mkdir(exist_ok=True)
    state = kept / "n"
    n = int(state.read_text()) if state.exists() else 0
    with (out / "n.txt").open("a") as log:
        while n < 20:
            log.write(f"{n}\\n"); log.flush()
            n += 1
            state.write_text(str(n))
            if n == config["dies_at"] and not os.path.exists(config["mark"]):
                open(config["mark"], "w").close()
                END
    return {"steps": n, "parameters": 1}
"""


@pytest.fixture
def hexad(tmp_path):
    config = {key: Printed(str(value)) for key, value in SIZES.items()}
    (one,) = plan("tiny", Run(system="hexad", config=config, seeds=(5,), device="cpu"), tmp_path)
    return one


def state_of(store):
    return next(iter(store.root.glob(f".partial-*/{RESUME}/state.safetensors")), None)


def step_kept(path):
    """Returns the step of a kept state, read from the header of its file."""
    data = path.read_bytes()
    told = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["state"]
    return json.loads(told)["values"]["step"]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="kill -9"),
        pytest.param(signal.SIGINT, id="Ctrl-C", marks=pytest.mark.full),
    ],
)
def test_a_training_that_was_cut_off_ends_with_the_bytes_of_one_that_was_not(tmp_path, hexad, number):
    whole = launch(hexad, RunStore(tmp_path / "whole"))
    store = RunStore(tmp_path / "cut")
    told = json.dumps([str(tmp_path), str(store.root), SIZES])
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, told],
        env={**os.environ, "HARNESS_CHECKPOINT_EVERY": "0"},
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while launcher.poll() is None and time.monotonic() < end:
        kept = state_of(store)
        if kept is not None and step_kept(kept) > 20:
            break
        time.sleep(0.005)
    launcher.send_signal(number)
    assert launcher.wait(timeout=20) != 0, "it was to be cut off and had finished"
    assert store.list() == ()
    time.sleep(0.3)  # the worker ends itself a moment after its launcher
    at = step_kept(state_of(store))
    assert 20 < at < SIZES["steps"]
    steps = []
    record = launch(hexad, store, lambda each: steps.append(each.done) if each.state == "training" else None)
    assert min(steps) > at, "it began anew"
    assert record.outputs == whole.outputs
    assert (record.settings["attempts"], "attempts" in whole.settings) == ("2", False)
    assert record.wall > 0
    assert not (store.folder(record.identity) / RESUME).exists()
    assert [path.name for path in store.root.iterdir()] == [record.identity]


def test_a_state_of_other_bytes_or_another_torch_is_not_gone_on_from(tmp_path, monkeypatch):
    import torch

    from harness.systems._resume import Keeper

    keeper = Keeper(tmp_path / "kept", "cpu", every=0)
    assert keeper.due()
    with (tmp_path / "log").open("w") as log:
        log.write("abc")
        keeper.save({"x": torch.arange(3)}, {"step": 1}, log)
        log.write("def")
    found = keeper.load(tmp_path)
    assert found is not None
    assert (found.values, found.tensors["x"].tolist()) == ({"step": 1}, [0, 1, 2])
    assert (tmp_path / "log").read_text() == "abc", "what came after the state is cut off"
    (tmp_path / "log").write_text("a")
    assert keeper.load(tmp_path) is None, "a log that is shorter than it was"
    (tmp_path / "log").write_text("abc")
    monkeypatch.setattr(torch, "__version__", "1.0")
    assert keeper.load(tmp_path) is None
    monkeypatch.undo()
    state = tmp_path / "kept" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-4])
    assert keeper.load(tmp_path) is None, "a file that was cut off"


def test_saving_is_rare_where_it_is_slow(tmp_path):
    from harness.systems._resume import SHARE, Keeper

    times = iter([0.0, 0.5, 1.0, 1.0, 3.0, 41.9, 43.1])
    keeper = Keeper(tmp_path, "cpu", every=1.0, clock=lambda: next(times))
    assert [keeper.due(), keeper.due()] == [False, True]
    keeper.save({}, {})  # takes 2 s
    assert SHARE == 20
    assert [keeper.due(), keeper.due()] == [False, True]


def counting(tmp_path, end, limit=30):
    (tmp_path / "prog.py").write_text(COUNTER.replace("END", end))
    config = {"dies_at": Printed("7"), "mark": str(tmp_path / "mark")}
    run = Run(python="prog:count", code=("prog.py",), config=config, device="cpu", limit=limit)
    return plan("c", run, tmp_path)[0]


@pytest.mark.parametrize(
    ("end", "limit", "message"),
    [("os.kill(os.getpid(), 9)", 30, "by signal 9"), ("time.sleep(60)", 2, "not finished after 2 s")],
    ids=["killed", "hangs"],
)
def test_a_worker_that_was_lost_is_gone_on_with_next_time(tmp_path, end, limit, message):
    store, one = RunStore(tmp_path / "runs"), counting(tmp_path, end, limit)
    with pytest.raises(InputError, match=message):
        launch(one, store)
    record = launch(one, store)
    lines = store.path(record.identity, "n").read_text().split()
    assert lines == [str(n) for n in range(20)]
    assert record.settings["attempts"] == "2"
    assert (record.wall > 0.5) == (limit == 2), "the wall time is that of both attempts"
    assert not list(store.root.glob("failed-*"))


def test_a_program_that_raised_is_begun_anew(tmp_path):
    store, one = RunStore(tmp_path / "runs"), counting(tmp_path, "raise ValueError('poisoned')")
    with pytest.raises(InputError, match="poisoned"):
        launch(one, store)
    record = launch(one, store)
    assert len(store.path(record.identity, "n").read_text().split()) == 20
    assert "attempts" not in record.settings
