"""For people who push themselves: a callback that lets ``Trainer.push_to_hub`` through only with the gate.

trainer.add_callback(gate_callback("."))
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class GateRefused(RuntimeError):
    """The gate refuses the release, with its reasons; nothing was pushed."""


def ask_gate(project: Path, tier: str = "private") -> str:
    """Runs ``harness gate`` in a project's folder; returns what it said, raises ``GateRefused``.

    Anything but a pass refuses: findings, an invalid contract, nothing to check, a gate that broke. What lies
    in the project's folder is not imported (``-P``), and a pass is believed only where the gate says so.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "gate", "--tier", tier, "--format", "json"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not _passes(done.stdout):
        raise GateRefused(f"not pushed: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def _passes(said: str) -> bool:
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("decision") == "passes"


def gate_callback(project: str | Path, tier: str = "private") -> Any:
    """Returns a ``TrainerCallback`` of transformers that raises ``GateRefused`` before anything is pushed."""
    from transformers import TrainerCallback

    class Gate(TrainerCallback):
        """Asks the gate at the beginning of every push."""

        def on_push_begin(self, *_: Any, **__: Any) -> None:
            """Raises where the gate refuses."""
            ask_gate(Path(project), tier)

    return Gate()
