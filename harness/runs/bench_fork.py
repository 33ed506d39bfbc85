"""One fork of a server: asked line by line over pipes of its own, and ended with all that it wrote."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress

from harness.runs.worker import ending

MAX_LINE = 1 << 26  # bytes
LOOK_EVERY = 0.05  # seconds between looks whether a fork is gone whose pipe something else keeps open


class Fork:
    """A fork that runs ``work(asking, answering)`` without the server's stdin and without ``sending``."""

    def __init__(self, work: Callable[[int, int], None], sending: int) -> None:
        (theirs, self._asking), (self._answering, mine) = os.pipe(), os.pipe()
        self._rest = b""
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _alone(sending, self._asking, self._answering)
                work(theirs, mine)
            finally:
                os._exit(0)
        os.close(theirs)
        os.close(mine)

    def answer(self, line: bytes, turn: str) -> bytes:
        """Asks and returns the line that answers, or one that says why there is none."""
        if self._rest or select.select([self._answering], [], [], 0)[0]:
            return (
                _told(turn, "garbled", "wrote where its answers go") if self._speaks() else self._gone(turn)
            )
        with suppress(BrokenPipeError):
            send(self._asking, line)
        while b"\n" not in self._rest:
            if not self._speaks():
                return self._gone(turn)
            if len(self._rest) > MAX_LINE:
                return _told(turn, "garbled", f"answered more than {MAX_LINE} bytes")
        found, _, self._rest = self._rest.partition(b"\n")
        return found + b"\n"

    def end(self) -> None:
        """Kills the fork and forgets what it wrote."""
        self._reap()
        os.close(self._asking)
        os.close(self._answering)

    def _speaks(self) -> bool:
        """Waits for more from the fork; returns whether there is any, and not its end."""
        while True:
            ready, _, _ = select.select([self._answering, 0], [], [], LOOK_EVERY)
            if self._answering in ready:
                piece = os.read(self._answering, 1 << 16)
                self._rest += piece
                return bool(piece)
            if ready:  # nothing is asked before the answer, so whoever asks is gone
                self._reap()
                os._exit(0)
            if os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return False

    def _gone(self, turn: str) -> bytes:
        return _told(turn, "died", ending(self._reap()))

    def _reap(self) -> int:
        """Kills the fork if it lives; returns how it ended."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._pid = 0
        return self._code


def _alone(*descriptors: int) -> None:
    """Leaves a fork an empty stdin, and none of the descriptors."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for descriptor in (nothing, *descriptors):
        os.close(descriptor)


def _told(turn: str, what: str, said: str) -> bytes:
    return json.dumps({"turn": turn, what: said}).encode() + b"\n"


def read_line(descriptor: int) -> bytes | None:
    """Reads one request; nobody sends the next before the answer, so nothing is read ahead."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return None
        line += piece
    return line


def send(descriptor: int, data: bytes) -> None:
    """Writes all of it."""
    while data:
        data = data[os.write(descriptor, data) :]
