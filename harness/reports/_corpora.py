"""The corpora as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.reports._out import clean


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A corpus by its manifest, where it lies or would lie, and whether it is there."""

    manifest: Mapping[str, Any]
    folder: str
    built: bool


HEAD = f"{'corpus':<10} {'file':<15} {'documents':>9} {'text bytes':>11} {'bytes':>11}  sha256"


def corpora_text(shown: Sequence[Shown], faults: Mapping[str, Sequence[str]]) -> str:
    """Returns one line a file, and below each corpus what it is, of what, and whether it is there."""
    lines = [HEAD] if shown else ["no corpus is built here: harness data build"]
    for one in shown:
        told, name = one.manifest, one.manifest["corpus"]
        for file, values in told["files"].items():
            lines.append(
                f"{name:<10} {file:<15} {values['documents']:>9,} {values['text_bytes']:>11,} "
                f"{values['bytes']:>11,}  {values['sha256'][:12]}"
            )
        sources = ", ".join(f"{source['package']} {source['version']}" for source in told["sources"])
        state = f"built in {clean(one.folder)}" if one.built else f"not built: harness data build {name}"
        lines += [f"  {told['about']}; from {sources} ({told['licence']})", f"  {state}"]
        lines += [f"  {clean(fault)}; harness data build {name}" for fault in faults.get(name, ())]
    return "\n".join(lines)


def corpora_json(shown: Sequence[Shown], faults: Mapping[str, Sequence[str]]) -> str:
    """Returns each corpus as its manifest with its folder, whether it is built and what is wrong with it."""
    rows = [
        {
            **one.manifest,
            "folder": one.folder,
            "built": one.built,
            "faults": list(faults.get(one.manifest["corpus"], ())),
        }
        for one in shown
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)
