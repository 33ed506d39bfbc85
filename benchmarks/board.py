"""Times the scoreboard of 100 contracts with 1,000 obligations against a bare interpreter.

``python benchmarks/board.py`` generates the contracts in a temporary project, checks them once, and
prints the median of paired starts with their ratio. Seconds differ between machines, the ratio less so.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTRACTS, CRITERIA, PAIRS = 100, 10, 15
HARNESS = (str(Path(sys.executable).parent / "harness"),)


def generate(root: Path) -> None:
    """Writes a project of contracts whose obligations are sums of published numbers."""
    (root / "contracts").mkdir()
    (root / "harness.toml").write_text('[project]\ncontracts = "contracts"\n')
    for number in range(CONTRACTS):
        lines = [f"contract: claim-{number:03}", "criteria:"]
        for index in range(CRITERIA):
            a, b = 1000 + 17 * number, 20 + index
            lines += [
                f"  C{index}:",
                f"    claim: {a} documents and {b} more are {a + b}.",
                '    holds: "total == first + second"',
                f"    numbers: {{first: {a}, second: {b}, total: {a + b}}}",
            ]
        (root / "contracts" / f"claim-{number:03}.yaml").write_text("\n".join(lines) + "\n")


def timed(command: tuple[str, ...], folder: Path) -> float:
    """Returns the seconds that one whole process takes."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Generates, checks, and prints the medians of paired runs with their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        generate(root)
        cold = timed((*HARNESS, "check", "--format", "json"), root)
        time.sleep(0.2)
        board = (*HARNESS, "scoreboard")
        first = timed(board, root)
        pairs = [(timed((sys.executable, "-c", "pass"), root), timed(board, root)) for _ in range(PAIRS)]
        again = timed((*HARNESS, "check", "--format", "json"), root)
    bare, warm = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"obligations          {CONTRACTS * CRITERIA:>8,}")
    print(f"first check          {cold:>8.2f} s")
    print(f"check, all fresh     {again:>8.2f} s")
    print(f"first scoreboard     {first:>8.2f} s")
    print(f"bare interpreter     {1000 * bare:>8.1f} ms")
    print(f"scoreboard           {1000 * warm:>8.1f} ms")
    print(f"ratio                {statistics.median(w / b for b, w in pairs):>8.1f}")


if __name__ == "__main__":
    main()
