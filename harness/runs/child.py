"""One worker process: started in a session of its own, read without blocking, ended with its group."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.runs.environment import scrubbed
from harness.runs.store import LOG

GRACE = 5.0  # seconds between asking a group to end and killing it


class Child:
    """A running worker. ``told`` are the messages read so far; the caller polls ``read`` and ``ended``."""

    def __init__(self, job: Path, limit: float) -> None:
        receiving, sending = os.pipe()
        os.set_blocking(receiving, False)
        command = [sys.executable, "-P", "-m", "harness.runs.worker", str(job), str(sending)]
        with (job.parent / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=job.parent,
                env=scrubbed(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(sending,),
            )
        os.close(sending)
        self.pipe = receiving
        self.deadline = time.monotonic() + limit
        self._rest = b""

    def read(self) -> list[Mapping[str, Any]]:
        """Returns the messages that have arrived since the last call."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.pipe, 1 << 16):
                self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def ended(self) -> bool:
        """Whether the worker itself has ended (left unreaped, so that its group's number stays taken)."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def close(self) -> int:
        """Ends whatever is left of the worker's group and returns the worker's exit status."""
        if not self.ended():
            self._signal(signal.SIGTERM)
            patience = time.monotonic() + GRACE
            while not self.ended() and time.monotonic() < patience:
                time.sleep(0.02)
        self._signal(signal.SIGKILL)
        status = self._process.wait()
        os.close(self.pipe)
        return status

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
