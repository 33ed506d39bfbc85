"""Killed at every write, two at once, a full disk: nothing that counted is lost, and the next run mends."""

import json
import os
import shutil
import subprocess
import sys
import threading

import pytest
from forging import Signed
from workbench import LOG, REPOSITORY, Bench

DRIVER = """
import os, sys
at, how = int(sys.argv[1]), sys.argv[2]
seen = 0

def hooked(real, when):
    def call(*arguments, **named):
        global seen
        seen += 1
        mine = seen
        if mine == at and when == "before":
            os._exit(9) if how == "kill" else fail()
        found = real(*arguments, **named)
        if mine == at and when == "after":
            os._exit(9) if how == "kill" else fail()
        return found
    return call

def fail():
    raise OSError(28, "No space left on device")

os.replace = hooked(os.replace, "before")
os.fsync = hooked(os.fsync, "before")
if how == "kill":
    os.replace = hooked(os.replace, "after")
from harness.cli import run
code = run(sys.argv[3:])
print(f"writes: {seen}", file=sys.stderr)
sys.exit(code)
"""


def drive(bench, at, how, *arguments):
    """Runs a command that dies, or finds the disk full, at one of its writes; 0 lets it live."""
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(at), how, *arguments],
        cwd=bench.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def writes(done):
    return int(done.stderr.rpartition("writes: ")[2])


@pytest.mark.parametrize("how", ["kill", "full disk"])
def test_a_check_that_dies_at_any_write_loses_nothing(tmp_path, how):
    count = None
    at = 0
    while count is None or at < count:
        at += 1
        (tmp_path / str(at)).mkdir()
        bench = Bench(tmp_path / str(at)).two()
        assert bench("check").code == 0
        bench.log([*LOG, {"step": 6, "loss": 1.0}])
        if count is None:
            count = writes(drive(copied(bench, tmp_path / "whole"), 0, how, "check"))
            assert count >= 4
        done = drive(bench, at, how, "check")
        assert done.returncode == (9 if how == "kill" else 3), done.stderr
        assert "Traceback" not in done.stderr
        assert bench.statuses()["demo/SUM"] == "DISCHARGED", "what counted before still counts"
        assert bench.statuses()["demo/FALL"] in ("STALE", "DISCHARGED")
        for path in [*bench.evidence(), *bench.entries()]:
            json.loads(path.read_bytes())
        assert bench("check").code == 0
        assert bench("gate").code == 0


def copied(bench, target):

    shutil.copytree(bench.root, target)
    again = object.__new__(Bench)
    again.root = target
    return again


def test_a_signature_that_dies_at_any_write_leaves_the_old_one_or_the_new(tmp_path):
    (tmp_path / "project").mkdir()
    s = Signed(tmp_path / "project", tmp_path / "keys")
    arguments = ("sign", "--key", str(s.keys / "reviewer"), "--heads", "keys/heads")
    count = writes(drive(s.bench, 0, "kill", *arguments))
    for at in range(1, count + 1):
        done = drive(s.bench, at, "kill", *arguments)
        assert done.returncode == 9
        assert s.verify().code == 0
        assert s.bench("gate").code == 0
    assert drive(s.bench, 1, "full disk", *arguments).returncode == 3
    assert s.verify().code == 0


def test_a_lock_that_dies_is_made_by_the_next(tmp_path):
    bench = Bench(tmp_path).two()
    for at in (1, 2, 3):
        done = drive(bench, at, "kill", "lock")
        assert done.returncode in (0, 9)
    assert bench("lock").code == 0
    assert bench("check").code == 0
    assert not bench.board()["problems"]


def test_two_checks_at_once_leave_a_whole_ledger(tmp_path):
    bench = Bench(tmp_path).two()
    for _ in range(3):
        threads = [threading.Thread(target=bench.process, args=("check", "--all")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(bench.statuses().values()) == {"DISCHARGED"}
        assert not bench.board()["problems"]
        assert bench("gate").code == 0
