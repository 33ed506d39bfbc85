"""Asks the field's own checker, in its own process: ``_mlperf_checker.py FILE…`` prints a line of JSON each.

Needs the package mlperf-logging (4.1.68 was used), which the harness does not.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

from mlperf_logging.compliance_checker import mlp_compliance

RULES = "6.1.0"


def judged(path: str) -> dict[str, object]:
    """Returns the verdict on one log, how it broke if it did, and the seconds of wall and processor."""
    mlp_compliance.enqueued_configs.clear()
    checker = mlp_compliance.make_checker("training", RULES, quiet=False, werror=False)
    begun, used, broke = time.perf_counter(), time.process_time(), ""
    try:
        valid = bool(mlp_compliance.main(path, f"training_{RULES}/common.yaml", checker)[0])
    except Exception as error:  # noqa: BLE001 - a crash of it is no success
        valid, broke = False, type(error).__name__
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    return {"name": Path(path).parent.name, "valid": valid, "broke": broke, "wall": wall, "cpu": cpu}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for path in sys.argv[1:]:
        sys.stdout.write(json.dumps(judged(path)) + "\n")
