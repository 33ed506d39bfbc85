"""Commands that die, or find the disk full, at one of their writes: a hook that walks them all.

A command runs in a forked process. Every file that it opens for writing, renames, links, removes or forces to
disk below the project is one point, and so is every request to a Hub; at the chosen one it is killed as by
``kill -9``, or the system says that there is no room.
"""

import errno
import io
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from harness.cli import run

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NAMED = {
    "os.rename": 2,
    "os.remove": 1,
    "os.link": 2,
    "os.symlink": 2,
    "os.mkdir": 1,
    "os.truncate": 1,
}


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, -9 where it was killed, and the points that it passed."""

    code: int
    err: str
    points: tuple[str, ...]


def drive(root, at, how, *arguments, variables=None, kill_after=None):
    """Runs a command that dies (``kill``) or finds the disk full at its point ``at``; 0 lets it live.

    After ``kill_after`` seconds it is killed from outside, wherever it is.
    """
    with tempfile.TemporaryDirectory() as kept:
        said, passed = Path(kept) / "said", Path(kept) / "passed"
        child = os.fork()
        if child == 0:
            _be(root, at, how, arguments, variables or {}, said, passed)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        status = _waited(child)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        points = tuple(passed.read_text().splitlines()) if passed.exists() else ()
        return Ended(code=code, err=said.read_text(errors="replace") if said.exists() else "", points=points)


def _waited(child, limit=120.0):
    """Returns the status of a child; one that hangs is killed, and that is told."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError("the command hangs")


def _be(root, at, how, arguments, variables, said, passed):
    """Is the command, in a process of its own that never returns."""
    code = 97
    try:
        os.chdir(root)
        os.environ.update(variables)
        out = os.open(said, os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w")) for number in (1, 2))
        log = os.open(passed, os.O_WRONLY | os.O_CREAT)
        hook(Walk(str(Path(root).resolve()), at, how, log))
        code = run(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


class Walk:
    """Counts the points of a process and strikes at one of them."""

    def __init__(self, root, at, how, log):
        self.root, self.at, self.how, self.log = root, at, how, log
        self.seen, self.pid = 0, os.getpid()

    def inside(self, path):
        if isinstance(path, int):
            path = _named(path)
        return os.path.abspath(os.fsdecode(path)).startswith(self.root)

    def point(self, name, *, may_fill=True):
        """Passes one point: dies here, or raises what a full disk raises, if it is the chosen one."""
        if os.getpid() != self.pid or (self.how != "kill" and not may_fill):
            return
        self.seen += 1
        os.write(self.log, f"{name}\n".encode())
        if self.seen != self.at:
            return
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    def audit(self, event, arguments):
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
            path = arguments[0]
            if not isinstance(path, int) and self.inside(path):
                self.point(f"open {os.path.basename(os.fsdecode(path))}")
        elif event in NAMED and any(self.inside(p) for p in arguments[: NAMED[event]] if p is not None):
            name = os.path.basename(os.fsdecode(arguments[0]))
            there = event == "os.mkdir" and os.path.isdir(arguments[0])
            self.point(f"{event} {name}", may_fill=event != "os.remove" and not there)


def _named(descriptor):
    return os.readlink(f"/proc/self/fd/{descriptor}")


def hook(walk):
    """Installs the walk in this process, which cannot be rid of it again."""
    sys.addaudithook(walk.audit)
    fsync, write = os.fsync, os.write

    def forced(descriptor):
        if walk.inside(descriptor):
            walk.point("fsync")
        fsync(descriptor)

    def half(descriptor, data):
        """Writes half of the bytes before the point, the rest after it."""
        if descriptor == walk.log or not walk.inside(descriptor):
            return write(descriptor, data)
        done = write(descriptor, data[: len(data) // 2])
        walk.point("half a write")
        return done + write(descriptor, data[done:])

    os.fsync, os.write = forced, half
    os.replace = after(os.replace, walk)
    fdopen = os.fdopen

    def opened(descriptor, *arguments, **named):
        stream = fdopen(descriptor, *arguments, **named)
        return Halved(stream, walk) if walk.inside(descriptor) and "w" in stream.mode else stream

    os.fdopen = opened
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    constants.HF_HUB_DISABLE_XET = True  # read when it is imported, which may have been before the fork
    client = type(get_session())
    send = client.send

    def sent(self, request, **named):
        walk.point(f"ask {request.method} {request.url.path}", may_fill=False)
        found = send(self, request, **named)
        walk.point(f"told {request.method} {request.url.path}", may_fill=False)
        return found

    client.send = sent


def after(real, walk):
    """Returns a function that is a point once it has done its work too."""

    def call(*arguments, **named):
        found = real(*arguments, **named)
        walk.point("renamed", may_fill=False)
        return found

    return call


class Halved:
    """A stream that reaches its point when half of what it is given is on its way to the disk."""

    def __init__(self, stream, walk):
        self._stream, self._walk = stream, walk

    def write(self, data):
        self._stream.write(data[: len(data) // 2])
        self._stream.flush()
        self._walk.point("half a write")
        return self._stream.write(data[len(data) // 2 :])

    def __enter__(self):
        self._stream.__enter__()
        return self

    def __exit__(self, *told):
        return self._stream.__exit__(*told)

    def __getattr__(self, name):
        return getattr(self._stream, name)
