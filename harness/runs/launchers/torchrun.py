"""Starts each run as a group of processes of this machine that train one model together."""

from __future__ import annotations

from harness.runs.launchers.local import Local


def make() -> Local:
    """Returns the launcher for this machine that goes through torchrun, be it for one process."""
    return Local(grouped=True)
