"""Measures the tests of ``harness/statistics`` by simulation: false alarms under the null, power, cost.

``python benchmarks/statistics.py --panel [DRAWS]`` prints the table that is kept in
``specs/statistics/measured.txt``. DRAWS (10,000) is for tests of about a millisecond; dearer ones get fewer,
and every row says how many. A rate stands with the half width of its 95 % interval.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
if __name__ != "__main__":
    # Another script of this folder asked for the standard library's module of the same name.
    del sys.modules[__name__]
    __import__(__name__)
else:
    sys.path.insert(0, str(HERE))
    from _statistics_panel import panel

    if sys.argv[1:2] == ["--panel"]:
        panel(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    else:
        sys.exit(__doc__)
