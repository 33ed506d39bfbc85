"""When each remote input of a project was last looked at, and what was there: all a scoreboard reads.

Kept in ``.harness/cache/remote.json``. Like the memo it decides nothing: check and gate look for themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one input was when it was looked at: RFC 3339 time, and the digest of each file by its name."""

    seen: str
    files: Mapping[str, str]


def sightings_path(root: Path) -> Path:
    """Returns where a project keeps its sightings."""
    return root / ".harness" / "cache" / "remote.json"


def read_sightings(path: Path) -> dict[str, Sighting]:
    """Returns the sightings by the input's URL; a file that is absent or damaged holds none."""
    try:
        with open(path, "rb") as stream:
            told = json.load(stream)
        return {
            str(url): Sighting(seen=str(one["seen"]), files={str(k): str(v) for k, v in one["files"].items()})
            for url, one in told.items()
        }
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}


def write_sightings(path: Path, new: Mapping[str, Sighting]) -> None:
    """Adds sightings to those that are kept; that they cannot be written is no error."""
    from harness.evidence.memo import write_atomically

    kept: dict[str, Any] = {
        url: {"seen": one.seen, "files": dict(one.files)}
        for url, one in {**read_sightings(path), **new}.items()
    }
    try:
        os.makedirs(path.parent, exist_ok=True)
        write_atomically(path, json.dumps(kept, indent=1, sort_keys=True).encode())
    except OSError:
        return
