"""The ports that a row-wise kind asks, served by the real log readers, and ways to write a log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.logs._read import read_frames
from harness.logs._streams import read_streams
from harness.model.contract import Formula
from harness.model.frame import Frame
from harness.model.kind import Fault, Kind, Scope
from harness.model.stream import Stream
from harness.model.values import Printed
from harness.model.verdict import Basis, Verdict

DATA = Path(__file__).parents[2] / "data"
HEXAD = DATA / "hexad/trajectory.json"
CANARY = DATA / "canary/canary-log.jsonl"
FOUR_TIMES = DATA / "model-2/model-2-corpus-4x-2026-04-27/training-summary.json"
FIRST_RUN = tuple(sorted((DATA / "model-2/model-2-first-training-2026-04-26").glob("epoch-*.json")))


@dataclass
class Ports:
    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    constants: Mapping[str, Printed] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)

    def frames(self, name: str) -> tuple[Frame, ...]:
        files = [(path.name, path) for path in self.files[name]]
        return read_frames(files, rows=self.rows.get(name))

    def streams(self, name: str) -> tuple[Stream, ...]:
        files = [(path.name, path) for path in self.files[name]]
        return read_streams(files, rows=self.rows.get(name))

    def basis(self, *names: str) -> Basis:
        return Basis.CHECKED


def judge(kind: Kind, *paths: Path, **ports: Any) -> Verdict:
    return kind.discharge(Ports(files={"log": paths}, **ports))


def faults(kind: Kind, constants: Mapping[str, Printed] | None = None) -> list[Fault]:
    return list(kind.faults(Scope(formulas={}, constants=constants or {}, inputs=frozenset({"log"}))))


def write(folder: Path, rows: Iterable[Mapping[str, Any]], name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def numbers(**values: str) -> dict[str, Printed]:
    return {name: Printed(text) for name, text in values.items()}
