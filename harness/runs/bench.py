"""Tries code of a contract in a process of its own, which is killed when it takes too long.

One server process imports what is heavy once; each target gets a fork of it, so that nothing that one
target does to the interpreter reaches the next. Questions and answers cross as lines of JSON.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.model.behaviour import Build
from harness.model.code import Reply, Target
from harness.model.problem import InputError
from harness.model.replaying import Setting
from harness.runs.bench_answers import answered
from harness.runs.bench_live import LiveTrying
from harness.runs.bench_retake import Retaking
from harness.runs.environment import scrubbed

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
MEMORY = 4 << 30  # bytes beyond what the server holds when it forks
ADDRESSES = 1 << 46  # what a GPU's memory is mapped into


class Bench:
    """Opens targets of one project, one at a time. Use it as a context manager, or call ``close``.

    ``root`` is the folder that the next target is loaded from, ``memory`` what it may take.
    """

    def __init__(self, root: Path, *, memory: int = MEMORY) -> None:
        self.root, self.memory = root, memory
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether there is a server process that has not ended."""
        return self._process is not None and self._process.poll() is None

    def open(self, target: Target, seconds: float) -> Trying:
        """Loads a target, to be tried for so many seconds in all; raises ``InputError`` if it does not load.

        What loads within ``START_SECONDS`` is not counted.
        """
        self._load(asdict(target))
        return Trying(self, target, time.monotonic() + seconds)

    def live(self, build: Build, seconds: float) -> LiveTrying:
        """Builds a live model, to be tried for so many seconds in all; raises ``InputError`` if it fails."""
        part = {"name": build.callable, "arguments": {}} if build.callable else None
        self._load({"role": "live", "build": asdict(build), "part": part, "stages": []})
        return LiveTrying(self.exchange, build, time.monotonic() + seconds)

    def retaker(self, build: Build, setting: Setting, seconds: float) -> Retaking:
        """Builds a training loop, to be tried for so many seconds; raises ``InputError`` if it fails."""
        part = {"name": build.callable, "arguments": {}} if build.callable else None
        told: dict[str, Any] = {
            "build": asdict(build),
            "setting": asdict(setting),
            "part": part,
            "stages": [],
        }
        if setting.device == "cuda":
            told["memory"] = ADDRESSES
        self._load({"role": "replay", **told})
        return Retaking(self.exchange, build.label, time.monotonic() + seconds)

    def _load(self, job: Mapping[str, Any]) -> None:
        if self._process is None:
            self._start()
        told = {"memory": self.memory, **job, "root": os.fspath(self.root.resolve())}
        found = self.exchange({"open": told}, time.monotonic() + START_SECONDS, "loading it")
        if "error" in found:
            raise InputError(str(found["error"]), reason=str(found["reason"]))

    def exchange(self, message: Mapping[str, object], deadline: float, doing: str) -> Mapping[str, Any]:
        """Sends a message and returns the answer; raises ``InputError``, the server dead, if none comes.

        An answer repeats the random ``turn`` of its request, so that nothing written before can be one.
        """
        process, request = self._process, {"turn": secrets.token_hex(16), **message}
        if process is None or process.stdin is None:
            raise InputError(f"the process was already ended when {doing}", reason="RUN_FAILED")
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = self._line(deadline)
        except OSError:
            line = b""
        if line is None:
            self.close()
            raise InputError(f"no answer in time from {doing}", reason="TIMED_OUT")
        found = answered(line, request) if line else {"died": "without a word"}
        for trouble, told in (("died", "ended "), ("garbled", "")):
            if trouble in found:
                self.close()
                raise InputError(f"the process {told}{found[trouble]} when {doing}", reason="RUN_FAILED")
        return found

    def close(self) -> None:
        """Ends the server and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        os.close(self._pipe)
        self._rest = b""

    def _start(self) -> None:
        receiving, sending = os.pipe()
        variables = scrubbed(os.environ)
        others = [path for path in variables.get("PYTHONPATH", "").split(os.pathsep) if path]
        variables["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait slow a busy machine
        variables["PYTHONPATH"] = os.pathsep.join([str(PACKAGE_ROOT), *others])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.runs.bench_worker", str(sending)],
            cwd=self.root,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(sending,),
        )
        os.close(sending)
        self._pipe, self._rest = receiving, b""

    def _line(self, deadline: float) -> bytes | None:
        """Reads one line; None when the deadline passes, empty when the server is gone."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return None
            piece = os.read(self._pipe, 1 << 16)
            if not piece:
                return b""
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


class Trying:
    """One loaded target (``harness.model.code.Session``)."""

    def __init__(self, bench: Bench, target: Target, deadline: float) -> None:
        self._bench, self._target, self._deadline = bench, target, deadline
        self._files: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._files is None:
            with suppress(InputError):
                self.loaded()

    def ask(self, values: Sequence[Fraction | int], *, named: bool) -> Reply:
        """Calls the code twice with the same values; raises ``InputError`` if the process is lost."""
        sent = [value if isinstance(value, int) else float(value).hex() for value in values]
        doing = f"calling {self._target.part.name} with {', '.join(map(str, sent))}"
        told = self._bench.exchange({"values": sent, "named": named}, self._deadline, doing)
        outs, again = (tuple(tuple(step) for step in told.get(key, ())) for key in ("outs", "again"))
        return Reply(outs=outs, again=again, raised=told.get("raised", ""), wrong=told.get("wrong", ""))

    def loaded(self) -> Mapping[str, str]:
        """Ends the trial; returns what the code was loaded from (``harness.model.code.Session``)."""
        if self._files is None:
            self._files = {}
            told = self._bench.exchange({"close": True}, time.monotonic() + START_SECONDS, "ending it")
            self._files = dict(told["files"])
        return self._files
