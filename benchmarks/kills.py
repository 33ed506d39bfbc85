"""Kills the commands that write at random moments, as by ``kill -9``, and holds that nothing was lost.

    python benchmarks/kills.py [COUNT [SEED]]

Each command runs in a process of its own, forked from one that has everything imported, so that the kill
falls into its work and not into its imports. After every kill: no file that counts is torn, what was
discharged still counts or is taken up by the next check, no half release lies on the Hub; then check, lock,
sign, verify and gate end well. The first loss ends the campaign with an error, and is no line of the table.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from campaign import Kills  # noqa: E402 - the tests' helpers


def main() -> None:
    """Runs the campaign and prints what came of it by command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = Kills(Path(folder), seed).run(count)
    print(f"{'command':12} {'killed':>7} {'ended before':>13} {'taken up':>9} {'lost':>5}")
    for name, found in sorted(tally.items()):
        print(
            f"{name:12} {found['kills']:7} {found['ended before']:13} {found['taken up']:9} {found['lost']:5}"
        )
    killed = sum(found["kills"] for found in tally.values())
    print(f"{killed} processes killed, seed {seed}: nothing lost ({time.monotonic() - start:.0f} s)")


main()
