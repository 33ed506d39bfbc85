"""Whether texts in which a leak is looked for are those of the documents that were scored, by their names."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.model.problem import InputError

Files = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """How many of the scored documents have a text, and why a leak is not excluded, if it is not."""

    known: int
    why: str = ""


def looked(held: Files, train: Files, scored: Collection[str], trained: Collection[str]) -> Looked:
    """Tells how far texts are those of the scored documents; raises ``InputError`` for no JSON.

    Rows of held-out texts name their ``document``. Training texts may: then those that were scored of the
    training data must be among them, or it is not the data of this training.
    """
    names, known = set(_names(held)), set(_names(train))
    found, why = sum(name in names for name in scored), ""
    if not names:
        why = "held_texts say of no text which document it is: give each row its document"
    elif known and (lost := next((name for name in trained if name not in known), None)):
        why = f"train_texts are of other documents than were scored: {lost} is not among them"
    return Looked(known=found, why=why)


def _names(files: Files) -> Iterator[str]:
    """Yields the documents that rows of JSON name; plain text names none."""
    for name, path in files:
        if not name.endswith((".jsonl", ".ndjson", ".json")):
            continue
        with Path(path).open("rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise InputError(f"{name}:{number}: not JSON ({error})") from error
                if isinstance(row, dict) and isinstance(row.get("document"), str | int | float):
                    yield str(row["document"])
