"""The scoreboard stays light: with unchanged evidence it imports none of the heavy libraries."""

import sys

import pytest
from workbench import TWO

HEAVY = {"torch", "sympy", "numpy", "polars", "jsonschema", "z3", "yaml", "rich", "safetensors"} | {
    "cryptography",
    "securesystemslib",
    "huggingface_hub",
}
RUNS = """
  trace: {run: tiny, output: trace}
  own: {run: mine, output: trace}
runs:
  tiny: {system: hexad, config: {steps: 4, warmup: 1}, seeds: [1, 2]}
  mine: {command: ["PYTHON", train.py], code: [train.py], device: cpu}
"""
OWN = "  OWN: {claim: The run descends., metric: loss, log: own, falls_by: 1}\n"
TINY = "  TINY: {claim: The tiny run descends., metric: loss, log: trace, falls_by: 1}\n"
TRAIN = """
import json, os
with open(os.environ["HARNESS_OUTPUT"] + "/trace.jsonl", "w") as out:
    for step in range(4):
        out.write(json.dumps({"step": step, "loss": 9 - step}) + "\\n")
"""


def imported(said):
    lines = (line for line in said.err.splitlines() if line.startswith("import time:"))
    return {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines}


@pytest.fixture
def checked(bench):
    """A project with evidence about files, about a run that was made, and with a run that was not."""
    bench.log()
    bench.write("train.py", TRAIN)
    body = TWO.replace("\ncriteria:", RUNS.rstrip().replace("PYTHON", sys.executable) + "\ncriteria:") + OWN
    bench.contract(body)
    assert bench("check", "--allow-code").code == 0
    bench.contract(body + TINY)
    return bench


def test_the_scoreboard_imports_nothing_heavy_when_evidence_is_unchanged(checked):
    checked.settle()
    first = checked.process("scoreboard", python=("-X", "importtime"))
    assert "yaml" in imported(first), "the first look at a contract has to read it"
    second = checked.process("scoreboard", python=("-X", "importtime"))
    assert second.out == first.out
    assert "OWN" in second.out
    assert "harness" in imported(second)
    assert sorted(imported(second) & HEAVY) == []


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("scoreboard", "--format", "json")], ids=" ".join
)
def test_so_do_others_that_look_at_nothing_new(checked, arguments):
    checked.settle()
    checked.process(*arguments)
    assert not imported(checked.process(*arguments, python=("-X", "importtime"))) & HEAVY


def test_a_check_of_files_imports_no_library_that_it_does_not_need(bench):
    bench.log()
    bench.contract(TWO)
    seen = imported(bench.process("check", python=("-X", "importtime")))
    assert not seen & {"torch", "sympy", "z3", "polars", "jsonschema"}


def test_lint_imports_no_prover_and_no_torch(bench):
    bench.log()
    bench.contract(TWO)
    seen = imported(bench.process("lint", python=("-X", "importtime")))
    assert not seen & {"torch", "sympy", "z3", "polars", "jsonschema"}
