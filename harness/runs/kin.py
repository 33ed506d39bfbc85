"""The processes that a run started, be they in sessions of their own: found in /proc and ended with it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARK = "HARNESS_RUN_FOLDER"
"""The variable by which a run's processes are known, wherever their parents are."""
ROUNDS = 20  # of looking for what was forked meanwhile
_PROC = Path("/proc")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One process. ``started``, in clock ticks, tells it from a later one of its number.

    Its parent changes when that ends, and is no part of what it is.
    """

    number: int
    started: int
    parent: int = field(compare=False)
    session: int = field(compare=False)


def adopt() -> None:
    """Makes this process the parent of what its children leave behind, where the system offers that."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def descendants(number: int) -> frozenset[Process]:
    """Returns the children of a process and all of theirs; none where there is no /proc."""
    every = list(_living())
    found: set[Process] = set()
    above = {number}
    while below := {one for one in every if one.parent in above} - found:
        found |= below
        above = {one.number for one in below}
    return frozenset(found)


def end(known: frozenset[Process], folder: Path | None = None) -> None:
    """Kills the processes that are known and go on, and those that carry the mark of a run's ``folder``."""
    for _ in range(ROUNDS):
        left = [one for one in _living() if one in known or (folder and _marked(one, folder))]
        left = [one for one in left if one.number != os.getpid()]
        for one in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one.number, signal.SIGKILL)
        if folder is None or not left:
            return


def _living() -> Iterator[Process]:
    numbers = [entry.name for entry in _PROC.iterdir() if entry.name.isdigit()] if _PROC.is_dir() else []
    for number in numbers:
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            told = (_PROC / number / "stat").read_bytes().rpartition(b")")[2].split()
            if told[0] not in (b"Z", b"X"):
                yield Process(
                    number=int(number), parent=int(told[1]), session=int(told[3]), started=int(told[19])
                )


def _marked(one: Process, folder: Path) -> bool:
    try:
        variables = (_PROC / str(one.number) / "environ").read_bytes().split(b"\0")
    except OSError:  # another's, or it has ended
        return False
    return os.fsencode(f"{MARK}={folder}") in variables
