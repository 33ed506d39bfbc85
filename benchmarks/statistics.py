"""Measures overlap's speed, and the tests of ``harness/statistics``: false alarms, power, cost.

``python benchmarks/statistics.py [MB]`` prints the throughput of kind ``overlap`` on so many MB (40) beside
a plain Python set of windows and, where it is installed, datasketch.
``python benchmarks/statistics.py --panel [DRAWS]`` prints the table of ``specs/statistics/measured.txt``.
``python benchmarks/statistics.py --causes [RUNS]`` trains RUNS (15) small models of each known cause and
prints what kind ``memorization`` names; kept in ``specs/statistics/causes.txt``.
``python benchmarks/statistics.py --networks [RUNS [HALF]]`` trains RUNS (5) networks of each known cause and
half, or takes those that ``.harness/networks`` keeps, and prints what kinds memorization, gap and overlap say
of them; kept in ``specs/statistics/networks.txt``.
``python benchmarks/statistics.py --trends [DRAWS]`` prints the table of kinds trend and anytime, kept in
``specs/statistics/trends.txt``.
``python benchmarks/statistics.py --rates [DRAWS]`` prints the table of kind behaviour, kept in
``specs/statistics/rates.txt``.
``python benchmarks/statistics.py --readouts [DRAWS]`` prints those of representation, steering and shift,
kept in ``specs/statistics/readouts.txt``.
DRAWS (10,000) is for tests of about a millisecond; dearer ones get fewer, and every row says how many.
A rate stands with the half width of its 95 % interval.
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
    if sys.argv[1:2] == ["--panel"]:
        from _statistics_panel import panel

        panel(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    elif sys.argv[1:2] == ["--causes"]:
        from _causes_panel import causes

        causes(int(sys.argv[2]) if len(sys.argv) > 2 else 15)
    elif sys.argv[1:2] == ["--networks"]:
        from _networks_panel import HALVES, networks

        runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
        networks(HERE.parent, runs, sys.argv[3:4] or HALVES)
    elif sys.argv[1:2] == ["--trends"]:
        from _trends_panel import trends

        trends(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    elif sys.argv[1:2] == ["--rates"]:
        from _rates_panel import rates

        rates(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    elif sys.argv[1:2] == ["--readouts"]:
        from _readouts_panel import readouts

        readouts(int(sys.argv[2]) if len(sys.argv) > 2 else 300)
    else:
        from _overlap_throughput import throughput

        throughput(float(sys.argv[1]) if len(sys.argv) > 1 else 40.0)
