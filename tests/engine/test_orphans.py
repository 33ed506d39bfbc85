"""Processes that judge subjects side by side do not outlive the check that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import harness

PARENT = """
import multiprocessing, sys, time
from concurrent.futures import ProcessPoolExecutor
from harness.engine.many import _as_long_as_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=_as_long_as_parent) as pool:
        for one in [pool.submit(time.sleep, 0.5) for _ in range(4)]:
            one.result()
        print(*[p.pid for p in multiprocessing.active_children()], flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells a process that is gone by /proc")
def test_workers_end_when_their_check_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    room = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1])}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=room) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert workers
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while any(map(_alive, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    left = [pid for pid in workers if _alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
