"""Measures kind ``replay``: false alarms of honest replays, tampers caught, power and cost.

``python benchmarks/replay.py [STEPS KEPT SEED]`` prints a table of ``specs/statistics/replay.txt``, by
default for trainings of 2,400 steps, 63 of them kept, in float32 and bf16, from seed 0. The band's factor was
settled on seed 0; other seeds have other weights, batches and drawn steps.
``python benchmarks/replay.py --costs`` prints what replays cost beside steps of several sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
sys.path.insert(1, str(HERE))  # behind the standard library's modules of the same names

from _replay_panel import costs, panel  # noqa: E402

if __name__ == "__main__":
    if sys.argv[1:2] == ["--costs"]:
        costs()
    else:
        panel(*map(int, sys.argv[1:4]))
