"""``harness runs`` and the options of ``harness run``, as a user types them."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import json, os, pathlib

def train(config, seed, device, out):
    with (out / "trace.jsonl").open("w") as trace:
        for step in range(6):
            trace.write(json.dumps({"step": step, "loss": 9 - step}) + "\\n")
    kept = pathlib.Path(os.environ["HARNESS_RESUME"])
    kept.mkdir(exist_ok=True)
    (kept / "state").write_text("6")
    if config["die"] and not pathlib.Path(config["mark"]).exists():
        pathlib.Path(config["mark"]).touch()
        os._exit(3)
    return {"steps": 6, "parameters": 1}
"""
CONTRACT = """
inputs:
  here: {{run: small, output: trace}}
  there: {{run: large, output: trace}}
runs:
  small: {{python: "prog:train", code: [prog.py], config: {{die: false}}, seeds: [1, 2], device: cpu}}
  large: {{python: "prog:train", code: [prog.py], config: {{die: true, mark: "{mark}"}}, device: {large}}}
criteria:
  SMALL: {{claim: It falls., metric: loss, log: here, falls_by: 4}}
  LARGE: {{claim: It falls., metric: loss, log: there, falls_by: 4}}
"""


def lay_out(bench, large="auto"):
    bench.write("prog.py", PROGRAM)
    bench.contract(CONTRACT.format(mark=bench.root / "mark", large=large))
    return bench


def listed(bench):
    return [
        (row["run"], row["seed"], row["state"], row["declared"], row["resumable"])
        for row in bench("runs", "--format", "json").json
    ]


def test_runs_are_listed_with_their_state_and_size_and_deleted_by_name(bench, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "no runs are kept" in bench("runs").out
    lay_out(bench)
    assert bench("run", "--allow-code").code == 3
    assert listed(bench) == [
        ("large", 0, "failed", "demo/large", True),
        ("small", 1, "finished", "demo/small", False),
        ("small", 2, "finished", "demo/small", False),
    ]
    rows = bench("runs", "--format", "json").json
    assert all(row["bytes"] > 100 for row in rows)
    text = bench("runs").out
    assert "goes on from its checkpoint" in text
    assert "3 runs, 0.0 MB" in text
    assert bench("run", "--allow-code").code == 0
    assert [row[2] for row in listed(bench)] == ["finished"] * 3
    assert bench("runs", "rm", rows[1]["identity"][:12]).code == 0
    assert [row[:2] for row in listed(bench)] == [("large", 0), ("small", 2)]
    details = [json.loads(path.read_bytes())["details"] for path in bench.entries()]
    assert {f"removed {rows[1]['identity']}": "finished"} in details


def test_what_no_contract_declares_any_more_can_be_deleted_at_once(bench, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lay_out(bench)
    bench("run", "--allow-code")
    assert bench("runs", "rm", "--failed").code == 0
    assert bench("runs", "rm", "--failed").code == 5
    bench.edit("contracts/demo.yaml", "seeds: [1, 2]", "seeds: [2, 3]")
    assert [(row[1], row[3]) for row in listed(bench)] == [(1, None), (2, "demo/small")]
    assert "no contract declares it" in bench("runs").out
    assert bench("runs", "rm", "--undeclared").out.startswith("deleted 1 run")
    assert [row[1] for row in listed(bench)] == [2]


@pytest.mark.parametrize(("name", "said"), [("ab", "four digits"), ("ffff0000", "no run's identity")])
def test_a_name_that_means_no_run_deletes_nothing(bench, monkeypatch, name, said):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lay_out(bench)
    bench("run", "--allow-code")
    refused = bench("runs", "rm", name)
    assert (refused.code, said in refused.err) == (4, True)
    assert len(listed(bench)) == 3


def test_only_runs_of_a_device_are_made_and_their_evidence_comes_home(bench, tmp_path_factory):
    lay_out(bench, large="cpu")
    (bench.root / "mark").touch()
    bench.edit("contracts/demo.yaml", "seeds: [1, 2], device: cpu", "seeds: [1, 2], device: auto")
    home = type(bench)(tmp_path_factory.mktemp("home"))
    home.write("prog.py", PROGRAM)
    home.write("contracts/demo.yaml", (bench.root / "contracts/demo.yaml").read_bytes())
    said = bench("run", "--device", "cpu", "--pack", "found.tar", "--allow-code")
    assert said.code == 0, said.err
    assert [row[:3] for row in listed(bench)] == [("large", 0, "finished")]
    assert "its run was not asked for here" in said.err
    assert bench.statuses() == {"demo/LARGE": "DISCHARGED", "demo/SMALL": "UNTRIED"}
    shutil.copy(bench.root / "found.tar", home.root / "found.tar")
    taken = home("evidence", "import", "found.tar")
    assert taken.code == 0, taken.out + taken.err
    assert home.statuses() == {"demo/LARGE": "DISCHARGED", "demo/SMALL": "UNTRIED"}
    assert [row[:3] for row in listed(home)] == [("large", 0, "finished")]


def test_a_device_that_is_not_here_and_one_that_nobody_asks_for(bench, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lay_out(bench, large="cuda")
    said = bench("run", "--device", "cuda", "--allow-code")
    assert (said.code, "no such device" in said.out) == (1, True)
    assert bench("run", "--device", "auto").code == 5


def test_a_launcher_is_chosen_and_an_unknown_one_is_wrong_usage(bench):
    lay_out(bench)
    refused = bench("run", "--launcher", "cloud")
    assert (refused.code, "known: local, ray, submitit, torchrun" in refused.err) == (4, True)
    bench.write("harness.toml", '[run]\nlauncher = "cloud"\n')
    assert bench("run").code == 4
    bench.write("harness.toml", "[run]\nlaunchers = 1\n")
    assert "unknown key run.launchers" in bench("run").err
    bench.write("harness.toml", "")
    for old, new in (("device: cpu}", "device: cpu, launch: clowd}"), ("seeds: [1, 2]", "processes: 0")):
        lay_out(bench)
        bench.edit("contracts/demo.yaml", old, new)
        assert bench("lint").code == 4


def test_an_interrupt_ends_with_2_and_keeps_what_had_finished(bench):
    bench.write(
        "prog.py",
        "import os, time\n"
        "def train(config, seed, device, out):\n"
        "    (out / 'trace.jsonl').write_text(str(os.getpid()))\n"
        "    time.sleep(0 if seed == 1 else 60)\n"
        "    return {'steps': 1, 'parameters': 1}\n",
    )
    bench.contract(CONTRACT.format(mark="", large="cuda"))
    command = [sys.executable, "-m", "harness", "run", "--device", "cpu", "--allow-code"]
    launcher = subprocess.Popen(command, cwd=bench.root, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        states = sorted(row[2] for row in listed(bench))
        slow = next(bench.root.glob(".harness/runs/.partial-*/out/trace.jsonl"), None)
        if states == ["finished", "training"] and slow is not None and slow.read_text():
            break
        time.sleep(0.1)
    worker = int(slow.read_text())
    launcher.send_signal(signal.SIGINT)
    said = launcher.communicate(timeout=20)[1]
    assert launcher.returncode == 2
    assert "interrupted; what had finished stays" in said
    assert [row[:3] for row in listed(bench)] == [("small", 1, "finished")]
    assert not Path(f"/proc/{worker}").exists()


def test_run_lists_what_the_contracts_asked_for_declare_now_and_nothing_else(bench):
    bench.write("prog.py", PROGRAM)
    body = """
    inputs: {{trace: {{run: {run}, output: trace}}}}
    runs:
      {run}: {{python: "prog:train", code: [prog.py], config: {{die: false}}, seeds: {seeds}, device: cpu}}
    criteria: {{A: {{claim: It falls., metric: loss, log: trace, falls_by: 4}}}}
    """

    def listed_by(*arguments):
        said = bench("run", "--allow-code", *arguments)
        assert said.code == 0, said.err
        return [tuple(line.split()[:2]) for line in said.out.splitlines()[1:]]

    bench.contract(body.format(run="mine", seeds="[1, 2]"), "mine")
    assert listed_by() == [("mine", "1"), ("mine", "2")]
    bench.contract(body.format(run="mine", seeds="[2]"), "mine")
    bench.contract(body.format(run="other", seeds="[7]"), "other")
    assert listed_by("contracts/mine.yaml") == [("mine", "2")]
    assert listed_by("contracts/other.yaml") == [("other", "7")]
    assert listed_by() == [("mine", "2"), ("other", "7")]
    assert [row[:2] for row in listed(bench)] == [("mine", 1), ("mine", 2), ("other", 7)]
