"""A folder, a pipe or a link where a file of the project should be: told at once, and never for nothing."""

import os
import shutil
import subprocess
import sys

import pytest
from forging import Signed
from workbench import REPOSITORY

COMMANDS = (["gate"], ["check"], ["scoreboard"], ["verify", "--key", "KEY"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))


@pytest.fixture
def signed(whole, tmp_path):
    shutil.copytree(whole.root, tmp_path / "project")
    one = object.__new__(Signed)
    one.root, one.keys = tmp_path / "project", whole.keys
    one.bench = object.__new__(type(whole.bench))
    one.bench.root = one.root
    return one


def in_time(signed, *arguments):
    """Runs a command in a process that is killed where it hangs."""
    words = [str(signed.keys / "reviewer.pub") if word == "KEY" else word for word in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=signed.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def a_folder(path):
    path.mkdir()


def a_pipe(path):
    os.mkfifo(path)


def a_link_to_nothing(path):
    path.symlink_to("/nonexistent")


def a_link_to_a_weaker_one(path):
    (path.parent / "weak.yaml").write_text("policy: 1\n")
    path.symlink_to("weak.yaml")


@pytest.mark.parametrize("put", [a_folder, a_pipe, a_link_to_nothing, a_link_to_a_weaker_one])
def test_what_is_no_policy_is_not_taken_for_none(signed, put):
    (signed.root / "policy.yaml").unlink()
    put(signed.root / "policy.yaml")
    for words in (["gate"], ["publish", "out", "--repo", "me/model"]):
        said = in_time(signed, *words)
        assert (said.returncode, "policy.yaml: is no regular file" in said.stderr) == (4, True), said


def test_a_policy_that_was_signed_and_is_gone_is_missed(signed):
    (signed.root / "policy.yaml").unlink()
    for words in (["gate"], ["publish", "out", "--repo", "me/model"]):
        said = signed.bench(*words)
        assert (said.code, "seals a policy.yaml that is gone" in said.out) == (1, True), said


@pytest.mark.parametrize(
    "name", ["evidence/signed/x.dsse.json", f"evidence/ledger/{'0' * 64}.json", ".harness/pending/a.jsonl"]
)
def test_nobody_waits_for_a_pipe(signed, name):
    (signed.root / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(signed.root / name)
    for words in COMMANDS:
        said = in_time(signed, *words)
        assert said.returncode == 0 or not name.startswith(".harness"), said
        if "ledger" in name and words[0] in ("gate", "verify"):
            assert (said.returncode, "was changed" in said.stdout) == (1, True), said


def test_a_closed_stdout_does_not_change_what_the_gate_decides(signed):
    def gate():
        return subprocess.run(
            ["sh", "-c", f"{sys.executable} -m harness gate >&-"],
            cwd=signed.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (gate().returncode, gate().stderr) == (0, "")
    (signed.root / "log.jsonl").write_text("")
    assert (gate().returncode, gate().stderr) == (1, "")


@pytest.mark.parametrize("name", ["absent", "contracts", "policy.yaml"])
def test_what_is_no_release_is_said_to_be_none_with_a_remedy(signed, name):
    said = signed.verify("--release", str(signed.root / name))
    assert (said.code, "is no release" in said.err, "folder that was downloaded" in said.err) == (
        4,
        True,
        True,
    )
