"""Times the pack for entries on a folder of them: cold, unchanged, and the scoreboard.

python benchmarks/submissions.py ../shared/data/submissions [--times 3]

Of each command the least of ``--times`` whole rounds is told, each round in a project of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECK = ("check", "--pack", "parameter-golf")
STEPS = ("check, cold", "check, right after it", "check, unchanged", "scoreboard, first", "scoreboard, warm")


def timed(folder: str, *arguments: str) -> tuple[float, float]:
    """Runs one command of the harness in a project; returns its seconds of wall and of processor."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "harness", *arguments]
    begun, used = time.perf_counter(), _children()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return time.perf_counter() - begun, _children() - used


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(entries: str) -> list[tuple[float, float]]:
    """Times every step once, in a project of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "harness.toml").touch()
        checks = [timed(folder, *CHECK, entries) for _ in range(3)]
        return [*checks, timed(folder, "scoreboard"), timed(folder, "scoreboard")]


def main() -> None:
    """Prints what each command took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("entries")
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args()
    entries = os.path.abspath(options.entries)
    count = sum(any(one.glob("submission*.json")) for one in Path(entries).iterdir())
    load = f"load {os.getloadavg()[0]:.1f} before"
    sys.stdout.write(f"Python {platform.python_version()}, {os.cpu_count()} cores, {load}, {count} folders\n")
    rounds = [measured(entries) for _ in range(options.times)]
    for at, name in enumerate(STEPS):
        wall, cpu = (min(one[at][kind] for one in rounds) for kind in (0, 1))
        sys.stdout.write(f"{name:<24} {wall:6.2f} s, processor {cpu:6.2f} s\n")


if __name__ == "__main__":
    main()
