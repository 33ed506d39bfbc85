"""Changes random single bytes of a signed scoreboard and its materials, one at a time, and verifies each.

    python benchmarks/flips.py [COUNT [SEED]]

Ends with 1 where ``harness verify`` missed one.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from campaign import flips  # noqa: E402 - the tests' helpers


def main() -> int:
    """Runs the campaign and prints what was found by folder; 1 where a byte was missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        of, found, missed = flips(Path(folder), count, seed)
    for name in sorted(of):
        print(f"{name:14} {found[name]:5} of {of[name]:5} found")
    for path, place, other in missed:
        print(f"MISSED {path} byte {place} by {other}")
    print(f"{sum(found.values())} of {count}, seed {seed} ({time.monotonic() - start:.0f} s)")
    return 1 if missed else 0


sys.exit(main())
