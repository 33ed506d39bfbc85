"""Logs made by the real tools, and the reading of them."""

from __future__ import annotations

from pathlib import Path

from harness.logs._read import read_frames
from harness.model.frame import Frame

DATA = Path(__file__).parents[2] / "data"
RUNS = Path(__file__).parents[1] / "data/runs"
HF = RUNS / "hf/trainer_state.json"
LINEAR = RUNS / "linear_trainer_state.json"
LIGHTNING = RUNS / "metrics.csv"
NANOGPT = RUNS / "nanogpt.log"
CONSOLE = RUNS / "hf-console.out"
CANARY = DATA / "canary/canary-log.jsonl"
HEXAD = DATA / "hexad/trajectory.json"


def frame(path: Path, **how: str) -> Frame:
    (found,) = read_frames([(path.name, path)], **how)
    return found


def written(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(found: Frame, column: str) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in found.columns[column]]
