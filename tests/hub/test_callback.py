"""A push of one's own goes through the gate too."""

import os
import subprocess
import sys

import pytest
from workbench import REPOSITORY, Bench

from harness.hub.callback import GateRefused, ask_gate

PUSH = """
import sys
import torch
from transformers import Trainer, TrainingArguments
from harness.hub.callback import GateRefused, gate_callback

class Watched(Trainer):
    def init_hf_repo(self, *_, **__):
        print("a repository is made")
        raise SystemExit(7)

arguments = TrainingArguments(output_dir=sys.argv[1], report_to=[], use_cpu=True)
trainer = Watched(model=torch.nn.Linear(2, 2), args=arguments)
trainer.add_callback(gate_callback("."))
try:
    trainer.push_to_hub()
except GateRefused as refused:
    print(refused)
    raise SystemExit(3)
"""


def push(bench, out):
    """Pushes from a process of its own: the client reads its settings when it is imported."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", PUSH, str(out)]
    return subprocess.run(
        command, cwd=bench.root, env=environment, capture_output=True, text=True, check=False
    )


def test_the_trainer_pushes_nothing_while_the_gate_refuses(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    said = push(bench, tmp_path / "out")
    assert (said.returncode, "demo/FALL: is UNTRIED" in said.stdout) == (3, True), said
    assert "a repository is made" not in said.stdout
    assert bench("check").code == 0
    said = push(bench, tmp_path / "out")
    assert (said.returncode, "a repository is made" in said.stdout) == (7, True), said


def test_whatever_is_no_pass_refuses(bench):
    for breaks in (lambda: None, lambda: bench.contract("criteria: []\n")):
        breaks()
        with pytest.raises(GateRefused, match="not pushed"):
            ask_gate(bench.root)


@pytest.mark.parametrize("name", ["harness.py", "yaml.py", "json.py"])
def test_what_lies_in_the_project_does_not_speak_for_the_gate(bench, name):
    bench.two()
    bench.write(name, "import os\nprint('gate: passes', flush=True)\nos._exit(0)\n")
    with pytest.raises(GateRefused, match="UNTRIED"):
        ask_gate(bench.root)
    (bench.root / name).unlink()
    assert bench("check").code == 0
    assert '"decision": "passes"' in ask_gate(bench.root)


def test_only_a_gate_that_says_so_passes(bench, monkeypatch):
    bench.write("sub/harness/__main__.py", "print('gate: passes')\n")
    monkeypatch.setenv("PYTHONPATH", str(bench.root / "sub"))
    with pytest.raises(GateRefused):
        ask_gate(bench.root)
