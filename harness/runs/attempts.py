"""What the attempts at a run have cost so far: kept beside it, so that a resumed run tells of all of them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "attempts.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Wall time in seconds, the largest memory in bytes, and how many attempts there were."""

    wall: float = 0.0
    peak_memory: int = 0
    attempts: int = 0

    def and_now(self, wall: float, peak_memory: int) -> Spent:
        """Returns the sum with one more attempt."""
        return Spent(
            wall=self.wall + wall,
            peak_memory=max(self.peak_memory, peak_memory),
            attempts=self.attempts + 1,
        )


def before(folder: Path) -> Spent:
    """Returns what earlier attempts in a run's folder noted; nothing if that cannot be read."""
    try:
        found = json.loads((folder / FILE).read_bytes())
        return Spent(
            wall=float(found["wall"]), peak_memory=int(found["peak_memory"]), attempts=int(found["attempts"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Spent()


def note(folder: Path, spent: Spent) -> None:
    """Writes down what has been spent until now; a full disk loses only that."""
    temporary = folder / f"{FILE}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(asdict(spent)), encoding="utf-8")
        temporary.replace(folder / FILE)
    except OSError:
        temporary.unlink(missing_ok=True)
