"""What stands in the repository for other people's CI does what it says."""

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from workbench import REPOSITORY

ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())
GUIDE = (REPOSITORY / "docs" / "first-contract.md").read_text()


def test_the_written_kinds_are_those_of_the_code(bench):
    said = bench("kinds", "--check", str(REPOSITORY / "docs" / "kinds.md"))
    assert said.code == 0, said.out


def test_a_document_that_drifted_is_a_finding_and_can_be_written_anew(bench):
    assert bench("kinds", "--format", "markdown", "--output", "k.md").code == 0
    assert bench("kinds", "--check", "k.md").code == 0
    bench.edit("k.md", "# Kinds of obligation", "# Kinds")
    said = bench("kinds", "--check", "k.md")
    assert said.code == 1
    assert "has drifted" in said.out
    assert bench("kinds", "--check", "absent.md").code == 1


def test_the_document_has_every_kind_with_a_case_that_holds_and_one_that_fails(bench):
    from harness.registry import kinds

    text = bench("kinds", "--format", "markdown").out
    for name, cls in kinds().items():
        section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
        assert re.search(r"^DISCHARGED, ", section, re.M)
        assert re.search(r"^FALSIFIED, ", section, re.M)
        for field in fields(cls):
            assert f"| `{field.name}` |" in section


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.S)


@pytest.fixture
def guided(bench):
    """The project of the guide, with a log as it describes it."""

    def rate(step):
        return 2e-5 * (step / 10 if step < 10 else 0.5 * (1 + math.cos(math.pi * (step - 10) / 50)))

    rows = [
        {"step": step, "loss": 2 + 3.5 * math.exp(-step / 12), "learning_rate": rate(step)}
        for step in range(61)
    ]
    bench.log(rows, "out/log.jsonl")
    bench.write("contracts/my-run.yaml", blocks("yaml")[0])
    return bench


def test_the_first_contract_works_as_printed(guided):
    assert guided("lint").code == 0
    said = guided("check")
    assert said.code == 0
    assert "DISCHARGED               checked, 61 of 61 rows" in said.out
    assert guided("explain", "my-run/LR").code == 0
    guided.edit("contracts/my-run.yaml", "steps: 60", "steps: 70")
    assert guided("check").code == 1
    assert guided.statuses() == {
        "my-run/LR": "FALSIFIED",
        "my-run/FINITE": "DISCHARGED",
        "my-run/FELL": "DISCHARGED",
    }
    said = guided("explain", "my-run/LR")
    assert "witness   out/log.jsonl:12" in said.out
    assert "the ledger remembers other obligations of this criterion" in said.out


def test_every_command_of_the_guide_exists(bench):
    from harness.cli import COMMANDS

    built_elsewhere = {"audit", "init"}
    named = set(re.findall(r"`?harness ([a-z]+)", GUIDE)) - built_elsewhere - {"and"}
    assert named <= COMMANDS.keys(), named - COMMANDS.keys()
    workflow = yaml.safe_load(blocks("yaml")[1])
    given = workflow["jobs"]["claims"]["steps"][-1]["with"]
    assert given.keys() <= ACTION["inputs"].keys()


def test_the_pre_commit_hook_lints_contracts_and_nothing_else():
    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["entry"], hook["pass_filenames"]) == ("harness-lint", "harness lint", False)
    files = re.compile(hook["files"])
    assert all(
        map(files.search, ("contracts/a.yaml", "contracts/b/c.yml", "specs/x/1.0.0.md", "harness.toml"))
    )
    assert not any(map(files.search, ("README.md", "train.py", "data/contracts.yaml")))


def test_the_action_names_no_host_and_splices_no_input_into_a_script():
    text = (REPOSITORY / "action.yml").read_text()
    assert "://" not in text
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]


class Runner:
    """Runs the steps of the action as GitHub would: inputs through the environment, outputs through files."""

    def __init__(self, bench, folder):
        self.bench, self.folder = bench, folder
        tools = folder / "bin"
        tools.mkdir()
        (tools / "harness").write_text(f'#!/bin/sh\nexec {sys.executable} -m harness "$@"\n')
        (tools / "harness").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    def __call__(self, **inputs):
        given = {name: str(told.get("default", "")) for name, told in ACTION["inputs"].items()} | inputs
        self.code, self.said = None, ""
        for step in ACTION["runs"]["steps"][1:]:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.bench.root / given["working-directory"],
                env={
                    "PATH": self.path,
                    "PYTHONPATH": str(REPOSITORY),
                    "GITHUB_OUTPUT": str(self.folder / "output"),
                    "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                    **{name: self._value(text, given) for name, text in step.get("env", {}).items()},
                },
                capture_output=True,
                text=True,
                check=False,
            )
            self.said += done.stdout + done.stderr
            if done.returncode:
                return done.returncode
        return 0

    def _value(self, text, given):
        name = re.fullmatch(r"\$\{\{ (?:inputs|steps\.check\.outputs)\.([\w-]+) \}\}", text)[1]
        if name == "code":
            return dict(line.split("=") for line in (self.folder / "output").read_text().splitlines())["code"]
        return given[name]


@pytest.fixture
def action(bench, tmp_path_factory):
    return Runner(bench, tmp_path_factory.mktemp("runner"))


def test_the_action_passes_a_sound_project_and_writes_what_was_asked(bench, action):
    bench.two()
    assert action(report="out/claims.html", junit="claims.xml", sarif="claims.sarif") == 0, action.said
    assert "gate: passes" in action.said
    assert "## Training claims" in (action.folder / "summary").read_text()
    assert (bench.root / "out/claims.html").is_file()
    assert "testsuites" in (bench.root / "claims.xml").read_text()
    assert json.loads((bench.root / "claims.sarif").read_text())["version"] == "2.1.0"


def test_the_action_fails_on_a_finding_with_an_annotation_and_still_writes_the_report(bench, action):
    bench.two().edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 3")
    assert action(report="claims.html") == 1
    assert "::error file=contracts/demo.yaml,line=" in action.said
    assert "FALSIFIED" in (bench.root / "claims.html").read_text()
    assert action(contracts="demo demo") == 1


def test_the_action_passes_on_exit_codes_and_does_not_run_what_an_input_says(bench, action):
    assert action() == 5
    bench.write("contracts/odd.yaml", "contract: odd\ncriteria: 3\n")
    assert action() == 4
    assert "::error file=contracts/odd.yaml,line=2,title=invalid contract::criteria" in action.said
    hostile = "$(touch owned) `touch owned` ; touch owned"
    assert action(contracts=hostile) == 4
    assert not list(Path(bench.root).rglob("owned"))
