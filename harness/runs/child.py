"""One worker process, or one group of ranks: a session of its own, read without blocking, ended whole."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.runs import kin
from harness.runs.environment import scrubbed
from harness.runs.launchers._launcher import Ending, Task
from harness.runs.store import JOB, LOG

GRACE = 5.0  # seconds between asking a group to end and killing it
TOLD = "told"  # the named pipe of a group: torchrun does not hand descriptors down


class Child:
    """A running worker of this machine. ``variables`` are added to its environment.

    More than one process, or ``grouped``, goes through torchrun with an endpoint on this machine.
    """

    def __init__(self, task: Task, variables: Mapping[str, str], *, grouped: bool = False) -> None:
        self._fifo = task.folder / TOLD if grouped or task.needs.processes > 1 else None
        self._process, self._pipe = _start(task, variables, self._fifo)
        self._folder = task.folder.resolve()
        self._deadline = time.monotonic() + task.limit
        self._rest = b""
        self.closed = False

    def read(self) -> list[Mapping[str, Any]]:
        """Returns the messages that have arrived since the last call."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._pipe, 1 << 16):
                self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def ended(self) -> bool:
        """Whether the worker has ended or is out of time."""
        return self._over() or time.monotonic() > self._deadline

    def close(self) -> Ending:
        """Ends whatever is left of the worker's group and returns how the worker ended."""
        late = not self._over()
        known = kin.descendants(self._process.pid)  # before the worker ends and leaves them to others
        if late:
            self._signal(signal.SIGTERM)
            patience = time.monotonic() + GRACE
            while not self._over() and time.monotonic() < patience:
                time.sleep(0.02)
        self._signal(signal.SIGKILL)
        status = self._process.wait()
        kin.end(known, self._folder)
        os.close(self._pipe)  # a rank in a session of its own ends itself once nobody reads
        if self._fifo is not None:
            self._fifo.unlink(missing_ok=True)
        self.closed = True
        return Ending(status=status, late=late)

    def _over(self) -> bool:
        """Whether the worker has ended (left unreaped, so that its group's number stays taken)."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _start(
    task: Task, variables: Mapping[str, str], fifo: Path | None
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts the worker and returns it with the end of the pipe on which it tells."""
    passed: tuple[int, ...] = ()
    job = str(task.folder / JOB)
    if fifo is None:
        receiving, sending = os.pipe()
        os.set_blocking(receiving, False)
        command = [sys.executable, "-P", "-m", "harness.runs.worker", job, str(sending)]
        passed = (sending,)
    else:
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo, 0o600)
        receiving = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        worker = (sys.executable, "-P", "-m", "harness.runs.worker")  # torchrun itself would leave -P out
        command = [*_torchrun(task.needs.processes), "--no-python", *worker, job, str(fifo)]
    threads = str(task.needs.cpus)
    share = dict.fromkeys(("HARNESS_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    try:
        with (task.folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=task.folder,
                env={**scrubbed(os.environ), **share, **variables, kin.MARK: str(task.folder.resolve())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=passed,
            )
    except OSError:
        os.close(receiving)
        raise
    finally:
        for sending in passed:
            os.close(sending)
    return process, receiving


def _torchrun(processes: int) -> list[str]:
    """Returns torchrun's command line. A lost rank ends the group: a restarted one was seen to hang."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        *(sys.executable, "-P", "-m", "torch.distributed.run"),
        *("--nnodes=1", f"--nproc-per-node={processes}", "--max-restarts=0"),
        *("--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--local-addr=127.0.0.1"),
    ]
