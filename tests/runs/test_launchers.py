"""The launchers, each with the real thing behind it: this machine, torchrun, Ray, submitit."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from harness import registry
from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.runs import machine
from harness.runs.identity import run_identity
from harness.runs.launch import launch_all
from harness.runs.launchers._launcher import Needs
from harness.runs.launchers.local import Local
from harness.runs.plan import plan
from harness.runs.store import RunStore

DDP = """
import json, os, sys

def train(config, seed, device, out):
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    assert sys.flags.safe_path, "a rank was started with its folder among what is imported"
    rank = dist.get_rank()
    torch.manual_seed(seed)
    model = DistributedDataParallel(torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    data = torch.Generator().manual_seed(seed * 100 + rank)  # every rank its own share
    with (out / "trace.jsonl").open("w") as trace:
        for step in range(12):
            x = torch.randn(16, 8, generator=data)
            loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
            optimizer.zero_grad(); loss.backward(); optimizer.step()
            shared = loss.detach().clone()
            dist.all_reduce(shared)
            trace.write(json.dumps({"step": step, "loss": shared.item() / 2, "rank": rank}) + "\\n")
    state = {name: value.detach() for name, value in model.module.state_dict().items()}
    if config.get("drifts"):
        state = {name: value + rank for name, value in state.items()}
    if config.get("falls") and rank == 1:
        raise ValueError("rank one fell over")
    return {"steps": 12, "parameters": 9, "state": state}
"""
SLOW = """
import json, os, pathlib, time

def work(config, seed, device, out):
    here = pathlib.Path(config["seen"])
    with (here / f"{seed}.started").open("a") as file:
        file.write(f"{os.getpid()} {os.getppid()}\\n")
    with (out / "trace.jsonl").open("w") as trace:
        for step in range(10):
            trace.write(json.dumps({"step": step, "loss": 5 - step / 10}) + "\\n")
            time.sleep(config["pause"])
    if seed == 666:
        raise ValueError("the loss exploded")
    return {"steps": 10, "parameters": 1}
"""


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / ".harness" / "runs")


def ddp(tmp_path, **changes):
    (tmp_path / "prog.py").write_text(DDP)
    values = {"device": "cpu", "processes": 2, "limit": 120, "seeds": (3,)} | changes
    return plan("ddp", Run(python="prog:train", code=("prog.py",), **values), tmp_path)


def slow(tmp_path, seeds, pause="0.1", **changes):
    (tmp_path / "prog.py").write_text(SLOW)
    (tmp_path / "seen").mkdir(exist_ok=True)
    config = {"seen": str(tmp_path / "seen"), "pause": Printed(pause)}
    run = Run(python="prog:work", code=("prog.py",), config=config, device="cpu", seeds=seeds, **changes)
    return plan("slow", run, tmp_path)


def started(tmp_path, seed):
    return (tmp_path / "seen" / f"{seed}.started").read_text().splitlines()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_every_launcher_has_a_module_and_a_docstring():
    found = registry.modules("runs.launchers")
    assert {"local", "ray", "submitit", "torchrun"} <= found.keys()
    for name in found:
        assert callable(registry.load("runs.launchers", name).make)


def test_the_launcher_is_no_part_of_what_a_run_is_but_the_number_of_processes_is():
    def identity(**changes):
        return run_identity(Run(system="hexad", **changes), 1, "code", "data")

    plain = identity()
    assert plain == identity(launch="ray", limit=5, memory=4096) == identity(processes=1, cpus=1)
    assert len({plain, identity(processes=2), identity(processes=3), identity(cpus=2)}) == 4


def needs(**changes):
    return Needs(**({"device": "cpu", "processes": 1, "cpus": 1, "memory": 0} | changes))


class Busy:
    closed = False


@pytest.mark.parametrize(
    ("running", "asked", "fits"),
    [
        ([], needs(cpus=99, memory=10**15), True),  # alone it is tried whatever it asks
        ([needs()], needs(), True),
        ([needs(), needs(cpus=3)], needs(), False),
        ([needs(processes=2)], needs(cpus=3), False),
        ([needs(memory=600)], needs(memory=400), True),
        ([needs(memory=600)], needs(memory=401), False),
        ([needs(device="cuda")], needs(device="auto"), True),
        ([needs(device="cuda"), needs(device="auto")], needs(device="cuda"), False),
        ([needs(device="cuda"), needs(device="auto")], needs(), True),
    ],
)
def test_this_machine_takes_what_its_cores_gpus_and_memory_hold(monkeypatch, running, asked, fits):
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setattr(machine, "memory", lambda: 1000)
    monkeypatch.setattr(machine, "gpus", lambda: ("0", "GPU-7"))
    local = Local()
    for each in running:
        local._children.append((Busy(), each, local._free()[: local._wanted(each)]))
    assert local.fits(asked) is fits


def test_a_run_sees_the_threads_and_the_gpu_that_it_was_given_and_no_more_memory(
    tmp_path, store, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    (tmp_path / "prog.py").write_text(
        "import json, os\n"
        "def see(config, seed, device, out):\n"
        "    try:\n        bytearray(3 << 30)\n        said = 'plenty'\n"
        "    except MemoryError:\n        said = 'none left'\n"
        "    names = ('CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS', 'HARNESS_THREADS')\n"
        "    (out / 'seen.json').write_text(json.dumps([said, *(os.environ[name] for name in names)]))\n"
        "    return {}\n"
    )
    run = Run(python="prog:see", code=("prog.py",), device="cpu", cpus=2, memory=2048)
    (record,) = launch_all(plan("s", run, tmp_path), store)
    assert json.loads(store.path(record.identity, "seen").read_text()) == ["none left", "", "2", "2"]


@pytest.mark.parametrize(("cpu", "cores"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1)])
def test_cores_are_those_that_are_paid_for(tmp_path, monkeypatch, cpu, cores):
    (tmp_path / "cpu.max").write_text(cpu)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.cores() == cores


@pytest.mark.parametrize(
    ("told", "found"), [("", ()), ("-1", ()), ("0, 2", ("0", "2")), ("GPU-a", ("GPU-a",))]
)
def test_gpus_are_those_that_are_visible(monkeypatch, told, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)
    assert machine.gpus() == found
    assert machine.memory() is None or machine.memory() > 1 << 20


def test_an_unknown_launcher_is_the_failure_of_the_run(tmp_path, store):
    (failed,) = launch_all(slow(tmp_path, (1,)), store, launcher="cloud")
    assert isinstance(failed, InputError)
    assert "no runs.launchers plug-in is called cloud" in str(failed)


def test_two_ranks_leave_one_log_and_end_with_one_model(tmp_path, store):
    (one,) = ddp(tmp_path)
    (record,) = launch_all([one], store)
    assert not isinstance(record, InputError), record
    rows = [json.loads(line) for line in store.path(record.identity, "trace").read_text().splitlines()]
    assert [(row["step"], row["rank"]) for row in rows] == [(step, 0) for step in range(12)]
    assert [output.file for output in record.outputs] == ["trace.jsonl"]
    assert (record.settings["world_size"], record.settings["ranks_equal"]) == ("2", "true")
    assert len(record.settings["parameters_sha256"]) == 64
    told = [json.loads((store.folder(record.identity) / f"rank-{n}.json").read_bytes()) for n in (0, 1)]
    assert told[0] == told[1]
    (again,) = launch_all([one], RunStore(tmp_path / "again"))
    assert again.outputs == record.outputs
    assert again.settings["parameters_sha256"] == record.settings["parameters_sha256"]


def test_ranks_that_drift_apart_or_fall_are_a_failed_run(tmp_path, store):
    drifts, falls = ({name: True} for name in ("drifts", "falls"))
    plans = ddp(tmp_path, config=drifts) + ddp(tmp_path, config=falls)
    drifted, fell = launch_all(plans, store)
    assert "rank 1 ended with parameters" in str(drifted)
    assert "ValueError: rank one fell over (prog.py:" in str(fell)
    assert store.list() == ()


def test_a_command_may_train_in_ranks_too_and_one_process_is_no_group(tmp_path, store):
    (tmp_path / "run.py").write_text(
        "import os, pathlib\n"
        "out = pathlib.Path(os.environ['HARNESS_OUTPUT'])\n"
        "(out / 'rank.json').write_text(os.environ['RANK'] + os.environ['WORLD_SIZE'])\n"
        "(out / 'model.safetensors').write_bytes(b'one model')\n"
    )
    run = Run(command=("python3", "run.py"), code=("run.py",), device="cpu", processes=2, limit=120)
    record, refused = launch_all([*plan("c", run, tmp_path)], store) + launch_all(
        ddp(tmp_path), store, launcher="local"
    )
    assert store.path(record.identity, "rank").read_text() == "02"
    assert record.settings["ranks_equal"] == "true"
    assert "launcher local starts one process and not 2: use torchrun" in str(refused)


def test_submitit_runs_jobs_and_tells_which_failed(tmp_path, store):
    pytest.importorskip("submitit", reason="extra cluster is not installed")
    plans = slow(tmp_path, (1, 2, 666), pause="0")
    seen = []
    records = launch_all(
        plans, store, launcher="submitit", show=lambda each: seen.append((each.plan.seed, each.state))
    )
    assert [record.seed for record in records[:2]] == [1, 2]
    assert "ValueError: the loss exploded (prog.py:" in str(records[2])
    assert {(1, "finished"), (2, "finished"), (666, "failed")} <= set(seen)
    assert [len(started(tmp_path, seed)) for seed in (1, 2, 666)] == [1, 1, 1]


def test_a_submitit_job_that_is_killed_is_a_lost_run(tmp_path, store):
    pytest.importorskip("submitit", reason="extra cluster is not installed")
    plans = slow(tmp_path, (1,), pause="5")
    killer = threading.Thread(target=kill_owner, args=(tmp_path, 1))
    killer.start()
    (lost,) = launch_all(plans, store, launcher="submitit")
    killer.join()
    assert isinstance(lost, InputError)
    assert "its job ended" in str(lost)
    worker = int(started(tmp_path, 1)[0].split()[0])
    end = time.monotonic() + 10
    while alive(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(worker), "the worker ends with what watched it"


def kill_owner(tmp_path, seed):
    """Kills the process of the cluster that watches the worker of a seed, once it has started."""
    path = tmp_path / "seen" / f"{seed}.started"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (path.exists() and len(path.read_text().split()) == 2):
        time.sleep(0.02)
    os.kill(int(path.read_text().split()[1]), signal.SIGKILL)


def test_ray_finishes_eight_runs_though_a_worker_is_killed(tmp_path, store):
    pytest.importorskip("ray", reason="extra cluster is not installed")
    plans = slow(tmp_path, tuple(range(1, 9)), pause="0.08")
    killer = threading.Thread(target=kill_owner, args=(tmp_path, 3))
    killer.start()
    finished = []
    records = launch_all(
        plans,
        store,
        launcher="ray",
        show=lambda each: finished.append(each.plan.seed) if each.state == "finished" else None,
    )
    killer.join()
    assert [getattr(record, "seed", record) for record in records] == list(range(1, 9))
    assert sorted(finished) == list(range(1, 9)), "none is told twice"
    assert len(store.list()) == 8
    assert len(started(tmp_path, 3)) == 2, "the killed one was tried again"
    assert all(len(started(tmp_path, seed)) == 1 for seed in range(1, 9) if seed != 3)
    for record in records:
        assert store.verify(record) == ()
        assert len(store.path(record.identity, "trace").read_text().splitlines()) == 10


@pytest.mark.full
def test_ray_tries_a_training_again_that_was_killed_alone(tmp_path, store):
    pytest.importorskip("ray", reason="extra cluster is not installed")
    (tmp_path / "prog.py").write_text(
        "import os\n"
        "def die(config, seed, device, out):\n"
        "    with open(config['seen'], 'a') as seen:\n        seen.write('x')\n"
        "    if os.path.getsize(config['seen']) < config['times']:\n        os.kill(os.getpid(), 9)\n"
        "    (out / 'x.txt').write_text('x')\n"
        "    return {'steps': 3}\n"
    )
    plans = ()
    for times in ("2", "9"):
        config = {"seen": str(tmp_path / f"seen{times}"), "times": Printed(times)}
        run = Run(python="prog:die", code=("prog.py",), config=config, device="cpu")
        plans += plan("d", run, tmp_path)
    record, lost = launch_all(plans, store, launcher="ray")
    assert getattr(record, "steps", record) == 3
    assert (tmp_path / "seen2").read_text() == "xx"
    assert "the worker ended by signal 9" in str(lost)
    assert (tmp_path / "seen9").read_text() == "xxxx", "three times more and then no longer"
