"""Times the pack for entries on a folder of them: cold, unchanged, and the scoreboard.

python benchmarks/submissions.py ../shared/data/submissions
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(folder: str, *arguments: str) -> float:
    """Runs one command of the harness in a project and returns its seconds."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "harness", *arguments], cwd=folder, capture_output=True, check=False
    )
    return time.perf_counter() - begun


def main() -> None:
    """Prints what each command took."""
    entries = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "harness.toml").touch()
        check = ("check", "--pack", "parameter-golf", entries)
        sys.stdout.write(f"{os.cpu_count()} cores\n")
        for name, arguments in (
            ("check, cold", check),
            ("check, unchanged", check),
            ("scoreboard, first", ("scoreboard",)),
            ("scoreboard, warm", ("scoreboard",)),
        ):
            sys.stdout.write(f"{name:<20} {timed(folder, *arguments):6.2f} s\n")


if __name__ == "__main__":
    main()
