"""Times the laws of training on two sound programs and on their faults, and prints the matrix of each.

The subjects are the sound program of the tests, which offers every part, and system skc in a small
configuration; arguments choose among them. Two processes share the trials, whatever the machine has.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SUBJECTS = {"tests/invariants": "sound:build", "benchmarks": "_skc_small:build"}


def harness(folder: str, *words: str) -> tuple[str, float]:
    """Returns what a command said, and the seconds that it took."""
    began = time.monotonic()
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, "-m", "harness", *words, "--jobs", "2"],
        cwd=REPOSITORY / folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout or found.stderr, time.monotonic() - began


def main() -> None:
    """Prints times and matrices."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"load of the machine as it began: {load:.1f}")
    for folder, target in SUBJECTS.items():
        if sys.argv[1:] and target not in sys.argv[1:]:
            continue
        told, seconds = harness(folder, "check-model", target)
        print(f"\n{target}, every law without and with its own faults: {seconds:.0f} s")
        print(told.strip().splitlines()[-1])
        told, seconds = harness(folder, "mutate", target)
        print(f"and with the generic faults: {seconds:.0f} s\n\n{told.rstrip()}")


if __name__ == "__main__":
    main()
