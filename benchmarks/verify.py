"""Verifies a signed checkpoint folder beside ``model_signing verify``, in turns, on the same bytes.

    python benchmarks/verify.py [GIGABYTES [ROUNDS]]

Prints the seconds of each command, process start included, and the ratio of the medians; then the seconds
with --trust-times, when nothing and when one file was touched.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARDS = 8


def main() -> None:
    """Signs a folder of random shards and times both verifiers in turns."""
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "out").mkdir()
        (root / "harness.toml").write_text("")
        for number in range(SHARDS):
            write(root / f"out/model-{number + 1:05}-of-{SHARDS:05}.safetensors", int(size * 1e9 / SHARDS))
        run(root, "harness", "key", "new", "keys/c", "--checkpoint")
        run(root, "harness", "sign", "--checkpoint", "out", "--key", "keys/c")
        ours = ("harness", "verify", "--checkpoint", "out", "--key", "keys/c.pub")
        theirs = ("model_signing", "verify", "key", "out", "--public_key", "keys/c.pub")
        theirs += (
            "--signature",
            "out/model.sig",
            "--ignore-paths",
            "out/README.md",
            "--ignore-paths",
            "out/claims",
        )
        times: dict[str, list[float]] = {"harness verify": [], "model_signing verify": []}
        for _ in range(rounds):
            times["harness verify"].append(run(root, *ours))
            times["model_signing verify"].append(run(root, *theirs))
        print(f"{size:g} GB in {SHARDS} files, {rounds} rounds in turns, {os.cpu_count()} cores")
        for name, found in times.items():
            print(f"{name:28} {statistics.median(found):6.2f} s  ({min(found):.2f} to {max(found):.2f})")
        ratio = statistics.median(times["model_signing verify"]) / statistics.median(times["harness verify"])
        print(f"model_signing / harness      {ratio:6.2f}")
        run(root, *ours, "--trust-times")
        print(f"{'--trust-times, nothing new':28} {run(root, *ours, '--trust-times'):6.2f} s")
        os.utime(root / f"out/model-00001-of-{SHARDS:05}.safetensors")
        time.sleep(0.1)
        print(f"{'--trust-times, one touched':28} {run(root, *ours, '--trust-times'):6.2f} s")


def write(path: Path, size: int) -> None:
    """Writes random bytes: one mebibyte, shifted each time, so that no block repeats."""
    piece = os.urandom(1 << 20)
    with path.open("wb") as file:
        for at in range(0, size, 1 << 20):
            file.write((at.to_bytes(8, "little") + piece[8:])[: size - at])


def run(root: Path, *command: str) -> float:
    """Runs a module's command in a process of its own and returns its seconds."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return time.monotonic() - start


main()
