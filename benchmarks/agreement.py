"""Compares the pack's verdicts with a key made by hand, and names every disagreement.

python benchmarks/agreement.py ../shared/data/submissions
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

KEY = Path(__file__).parents[1] / "tests/data/submissions/key.json"
SIZES = ("SIZE-STATED", "SIZE-LOGGED")


def verdicts(entries: str) -> dict[str, dict[str, str]]:
    """Judges a folder of entries in a project of its own; returns the statuses by entry and criterion."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "harness.toml").touch()
        board = os.path.join(folder, "board.json")
        check = ("check", "--pack", "parameter-golf", entries, "--format", "json", "--output", board)
        subprocess.run(
            [sys.executable, "-m", "harness", *check], cwd=folder, capture_output=True, check=False
        )
        told = json.loads(Path(board).read_bytes())
    return {
        one["subject"].rpartition("/")[2]: {row["id"]: row["status"] for row in one["criteria"]}
        for one in told["contracts"]
    }


def words(found: Mapping[str, str]) -> dict[str, str]:
    """Returns what verdicts say in the words of the key."""
    sizes = [found[name] for name in SIZES]
    return {
        "claim": {"DISCHARGED": "supported", "FALSIFIED": "contradicted"}.get(found["CLAIM"], "unsupported"),
        "mean": {"DISCHARGED": "ok", "FALSIFIED": "wrong"}.get(found["MEAN"], "none"),
        "size": "over" if "FALSIFIED" in sizes else "within" if "DISCHARGED" in sizes else "none",
        "time": {"DISCHARGED": "within", "FALSIFIED": "over"}.get(found["TIME"], "none"),
    }


def main() -> None:
    """Prints every disagreement and how many of the judgements agree."""
    key = json.loads(KEY.read_bytes())
    found = {
        name.partition("-")[0]: words(row) for name, row in verdicts(os.path.abspath(sys.argv[1])).items()
    }
    agreed = total = 0
    for name, judged in key.items():
        for part in ("claim", "mean", "size", "time"):
            mine = found[name][part]
            same = mine == judged[part] or {mine, judged[part]} == {"none", "unsupported"}
            agreed, total = agreed + same, total + 1
            if not same:
                sys.stdout.write(f"{name} {part}: {mine}, by hand {judged[part]} ({judged['why']})\n")
    sys.stdout.write(f"{agreed} of {total} judgements on {len(key)} entries agree\n")


if __name__ == "__main__":
    main()
