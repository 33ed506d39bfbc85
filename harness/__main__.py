"""The command ``harness``."""

from __future__ import annotations

import gc
import io
import os
import sys

GARBAGE = 50_000
"""So many objects are made before garbage is looked for: little of what a command makes lies in circles."""


def main() -> int:
    """Runs the command line and returns its exit code.

    The scoreboard reads, prints and ends: it collects no garbage and leaves its memory to the system,
    which is a fifth of the time that it takes.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: the exit code still counts
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no failure
    quick = sys.argv[1:2] == ["scoreboard"]
    if quick:
        gc.disable()
    else:
        gc.set_threshold(GARBAGE)  # importing alone would have it look through everything several times
    from harness.cli import run

    code = run(sys.argv[1:])
    if quick:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
