import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.runs.environment import resolve_device, scrubbed
from harness.runs.launch import launch, launch_all
from harness.runs.plan import plan
from harness.runs.store import RunStore

PROGRAM = """
import os, sys, time, json, pathlib

def good(config, seed, device, out):
    print("hello")
    (out / "trace.jsonl").write_text(json.dumps({"seed": seed, "x": config["x"], "device": device}))
    return {"steps": 3, "parameters": 7}

def crash(config, seed, device, out):
    (out / "trace.jsonl").write_text("{}")
    raise ValueError("the loss exploded")

def leave(config, seed, device, out):
    sys.exit(0)

def quit(config, seed, device, out):
    sys.exit("no space left")

def library(config, seed, device, out):
    json.loads("{")

def killed(config, seed, device, out):
    os.kill(os.getpid(), 9)

def die(config, seed, device, out):
    os._exit(137)

def silent(config, seed, device, out):
    return {"steps": 1, "parameters": 1}

def wrong(config, seed, device, out):
    return "done"

def secret(config, seed, device, out):
    (out / "env.json").write_text(json.dumps(dict(os.environ)))
    return {"steps": 1, "parameters": 1}

def sleepy(config, seed, device, out):
    import subprocess
    child = subprocess.Popen(["sleep", "60"])
    pathlib.Path(config["pids"]).write_text(f"{os.getpid()} {child.pid}")
    child.wait()
"""
TINY = {
    "d_model": 32, "n_layer": 1, "n_head": 2, "n_kv_head": 1,
    "steps": 6, "warmup": 2, "batch": 2, "block_size": 8,
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    (tmp_path / "prog.py").write_text(PROGRAM)
    return tmp_path


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / ".harness" / "runs")


def function(name, **changes):
    values = {"config": {"x": Printed("1")}, "device": "cpu"} | changes
    return Run(python=f"prog:{name}", code=("prog.py",), **values)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_a_system_trains_is_kept_and_is_not_trained_twice(tmp_path, store):
    config = {key: Printed(str(value)) for key, value in TINY.items()}
    (one,) = plan("tiny", Run(system="hexad", config=config, seeds=(5,), device="cpu"), tmp_path)
    seen = []
    record = launch(one, store, lambda each: seen.append((each.state, each.done)))
    assert (record.run, record.seed, record.steps, record.device) == ("tiny", 5, 6, "cpu")
    left = {output.name for output in record.outputs}
    assert left == {"trace", "eval", "checkpoint", "text", "held_out"}
    assert record.parameters > 0
    assert record.wall > 0
    assert record.peak_memory > 1_000_000
    assert record.settings["threads"] == "1"
    assert record.libraries["torch"]
    assert seen[0] == ("started", 0)
    assert ("training", 6) in seen
    assert seen[-1] == ("finished", 6)
    assert store.verify(record) == ()
    started = time.monotonic()
    assert launch(one, store) == record
    assert time.monotonic() - started < 0.5
    again = launch(one, RunStore(tmp_path / "again"))
    assert again.outputs == record.outputs


def test_seeds_of_a_function_run_at_once_and_come_back_in_order(project, store):
    plans = plan("f", function("good", seeds=(1, 2, 3)), project)
    records = launch_all([*plans, plans[0]], store, workers=2)
    assert [record.seed for record in records] == [1, 2, 3, 1]
    assert (records[0].steps, records[0].parameters) == (3, 7)
    rows = [json.loads(store.path(record.identity, "trace").read_text()) for record in records]
    assert rows[1] == {"seed": 2, "x": 1, "device": "cpu"}
    assert "hello" in (store.folder(records[0].identity) / "log.txt").read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("crash", r"run f seed 0: ValueError: the loss exploded \(prog.py:11\); see .harness/runs/failed-"),
        ("library", r"JSONDecodeError: Expecting .* \(prog.py:20\); see "),
        ("die", "the worker ended with exit status 137; see "),
        ("killed", "the worker ended by signal 9; see "),
        ("leave", "ended with exit status 0 and left no result; see "),
        ("quit", r"SystemExit: no space left \(prog.py:17\); see "),
        ("silent", "left no output"),
        ("wrong", "wanted counts"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_a_failed_run_is_an_error_with_the_end_of_its_log_and_never_counts(project, store, name, message):
    (one,) = plan("f", function(name), project)
    with pytest.raises(InputError, match=message) as caught:
        launch(one, store)
    assert caught.value.reason == "RUN_FAILED"
    assert "\n" not in str(caught.value)
    log = (project / str(caught.value).rpartition("; see ")[2]).read_text()
    assert ("Traceback" in log) == (name in ("crash", "library", "leave", "quit", "absent"))
    assert store.finished(one.identity) is None
    assert store.list() == ()


def test_one_failure_leaves_the_others_running(project, store):
    plans = plan("a", function("crash"), project) + plan("b", function("good"), project)
    failed, finished = launch_all(plans, store)
    assert isinstance(failed, InputError)
    assert finished.run == "b"


def test_a_run_over_its_limit_is_killed_with_its_children(project, store):
    pids = project / "pids"
    (one,) = plan("f", function("sleepy", config={"pids": str(pids)}, limit=1), project)
    with pytest.raises(InputError, match=r"not finished after 1 s; see \.harness/runs/failed-") as caught:
        launch(one, store)
    assert caught.value.reason == "TIMED_OUT"
    if pids.is_file():
        wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_an_interrupted_or_killed_launcher(project, store, number):
    pids = project / "pids"
    code = (
        "from pathlib import Path\n"
        "from harness.model.contract import Run\nfrom harness.runs.launch import launch\n"
        "from harness.runs.plan import plan\n"
        "from harness.runs.store import RunStore\n"
        f"config = {{'pids': {str(pids)!r}}}\n"
        "run = Run(python='prog:sleepy', code=('prog.py',), config=config, device='cpu')\n"
        f"launch(plan('f', run, Path({str(project)!r}))[0], RunStore(Path({str(store.root)!r})))\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_for(lambda: pids.is_file() and len(pids.read_text().split()) == 2)
    os.kill(launcher.pid, number)
    assert launcher.wait(timeout=20) != 0
    wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))
    assert store.list() == ()
    if number == signal.SIGINT:
        assert not list(store.root.iterdir())


def test_a_command_gets_its_configuration_and_folder(project, store):
    (project / "run.py").write_text(
        "import json, os, pathlib\n"
        "told = json.load(open(os.environ['HARNESS_CONFIG']))\n"
        "out = pathlib.Path(os.environ['HARNESS_OUTPUT'])\n"
        "(out / 'seen.json').write_text(json.dumps(told))\n"
        "(out / 'summary.json').write_text('{\"steps\": 9, \"parameters\": 2}')\n"
    )
    run = Run(
        command=(sys.executable, "run.py"), code=("run.py",), config={"x": Printed("1.5")}, device="cpu"
    )
    record = launch(plan("c", run, project)[0], store)
    assert (record.steps, record.parameters) == (9, 2)
    told = json.loads(store.path(record.identity, "seen").read_text())
    assert told == {"config": {"x": 1.5}, "seed": 0, "device": "cpu"}


@pytest.mark.parametrize(
    ("command", "message"),
    [(("false",), "exit status 1"), (("no-such-program-here",), "does not start"), (("true",), "no output")],
)
def test_a_command_that_fails_is_a_failed_run(project, store, command, message):
    (one,) = plan("c", Run(command=command, code=("prog.py",), device="cpu"), project)
    with pytest.raises(InputError, match=message) as caught:
        launch(one, store)
    assert caught.value.reason == "RUN_FAILED"


def test_the_last_words_of_a_command_say_why_it_failed(project, store):
    (project / "run.py").write_text("print('warming up')\nraise ValueError('boom')\n")
    run = Run(command=(sys.executable, "run.py"), code=("run.py",), device="cpu")
    with pytest.raises(InputError, match=r"ended with exit status 1: ValueError: boom \(after: "):
        launch(plan("c", run, project)[0], store)


def test_secrets_do_not_reach_a_program(project, store, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", "x")
    monkeypatch.setenv("HF_TOKEN", "x")
    monkeypatch.setenv("SOMETHING_ELSE", "x")
    monkeypatch.setenv("HARNESS_NOTE", "kept")
    record = launch(plan("f", function("secret"), project)[0], store)
    seen = json.loads(store.path(record.identity, "env").read_text())
    assert not {"HARNESS_API_KEY", "HF_TOKEN", "SOMETHING_ELSE"} & set(seen)
    assert (seen["HARNESS_NOTE"], seen["OMP_NUM_THREADS"]) == ("kept", "1")


def test_scrubbing_keeps_the_path_and_drops_what_is_named_like_a_secret():
    kept = scrubbed(
        {"PATH": "/bin", "LC_ALL": "C", "CUDA_SECRET": "x", "AWS_ACCESS_KEY_ID": "x", "EDITOR": "vi"}
    )
    assert {
        name for name in kept if name in ("PATH", "LC_ALL", "CUDA_SECRET", "AWS_ACCESS_KEY_ID", "EDITOR")
    } == {
        "PATH",
        "LC_ALL",
    }


def test_devices():
    import torch

    here = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto") == here
    with pytest.raises(InputError, match="auto, cpu or cuda"):
        resolve_device("tpu")


def test_cuda_that_is_not_here_says_so(project, store, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(InputError, match="no such device") as caught:
        launch(plan("f", function("good", device="cuda"), project)[0], store)
    assert caught.value.reason == "NO_DEVICE"


TWICE = """
import pathlib, time

def slow(config, seed, device, out):
    with open(config["seen"], "a") as seen:
        seen.write(f"{seed} ")
    time.sleep(1.5 if seed == 1 else 0)
    (out / "when.txt").write_text(str(time.time()))
    return {"steps": 1}
"""


def test_two_launchers_at_once_train_a_run_once_and_the_second_goes_on_with_others(project, store):
    (project / "twice.py").write_text(TWICE)
    seen = project / "seen"

    def planned(*seeds):
        config = {"seen": str(seen)}
        run = Run(python="twice:slow", code=("twice.py",), config=config, device="cpu", seeds=seeds)
        return plan("t", run, project)

    told = []
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(launch_all, planned(1), store)
        wait_for(seen.is_file)
        second = launch_all(planned(1, 2), store, show=lambda each: told.append((each.plan.seed, each.state)))
        (alone,) = first.result()
    assert second[0] == alone
    assert store.verify(alone) == ()
    assert sorted(seen.read_text().split()) == ["1", "2"]
    assert told[0] == (1, "waiting")
    assert told.count((1, "waiting")) == 1
    assert (2, "finished") in told
    assert [path for path in store.root.iterdir() if path.name.startswith(".")] == []


AWAY = """
import os, subprocess, sys, time
start = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(600)"
for clean in (None, {}):
    subprocess.Popen([sys.executable, "-c", start, sys.argv[1]], start_new_session=True, env=clean)
daemon = f"import os, sys\\nif os.fork():\\n    os._exit(0)\\nos.setsid()\\n{start}"
for clean in (None, {}):
    subprocess.run([sys.executable, "-c", daemon, sys.argv[1]], env=clean)
while len(open(sys.argv[1]).read().split()) < 4:
    time.sleep(0.02)
open(os.environ["HARNESS_OUTPUT"] + "/x.txt", "w").write("x")
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("rest", ["600", "0"], ids=["late", "done"])
def test_no_process_in_a_session_of_its_own_outlives_a_run(project, store, rest):
    (project / "away.py").write_text(AWAY)
    pids = project / "pids"
    pids.touch()
    command = (sys.executable, "away.py", str(pids), rest)
    run = Run(command=command, code=("away.py",), device="cpu", limit=8 if rest == "600" else 60)
    (found,) = launch_all(plan("c", run, project), store)
    assert isinstance(found, InputError) == (rest == "600")
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 4
    wait_for(lambda: not any(map(alive, started)), 5)


def test_a_function_may_leave_its_counts_in_summary_json_and_return_nothing(project, store):
    (project / "told.py").write_text(
        "def told(config, seed, device, out):\n"
        "    (out / 'summary.json').write_text('{\"steps\": 9, \"parameters\": 2}')\n"
        "def silent(config, seed, device, out):\n"
        "    (out / 'x.txt').write_text('x')\n"
    )
    told, silent = (
        Run(python=f"told:{name}", code=("told.py",), device="cpu") for name in ("told", "silent")
    )
    record, refused = launch_all(plan("t", told, project) + plan("s", silent, project), store)
    assert (record.steps, record.parameters) == (9, 2)
    assert "returned None, wanted counts of steps and parameters, or summary.json" in str(refused)
