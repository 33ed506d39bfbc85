"""Which version of a contract's rules a subject is tried by: the one in force on its day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.model.contract import Contract, Criterion
from harness.model.dates import first_day

UNDATED = "undated"
"""The name of the rules of a subject that states no day: those that are in force in every version."""


def in_force(contract: Contract, root: Path) -> Contract:
    """Returns a subject's contract with the criteria of its version; unchanged where there are no versions.

    A subject whose day is missing, no day, or before every version keeps what all versions ask for. What
    only some ask for is UNTRIED then, with that as the reason.
    """
    if not contract.versions:
        return contract
    day = first_day(_texts(contract, root))
    begun = [(since, name) for name, since in contract.versions.items() if day and since <= day]
    rules = max(begun)[1] if begun else UNDATED
    if begun:
        kept = [one for one in contract.criteria if not one.versions or rules in one.versions]
    else:
        why = f"undated: {day} is before all rules" if day else "undated: no day is stated that can be read"
        kept = [_untried(one, why) if one.versions else one for one in contract.criteria]
    return replace(contract, rules=rules, criteria=tuple(kept))


def _untried(criterion: Criterion, why: str) -> Criterion:
    return replace(criterion, obligations=(), untried=f"{why}, so which rules hold is not known")


def _texts(contract: Contract, root: Path) -> Iterator[str]:
    for dated in contract.dated:
        document = _document(contract.inputs[dated.input].file, root)
        for name in dated.at:
            found: Any = document
            for step in name.split("."):
                found = found.get(step) if isinstance(found, dict) else None
            if isinstance(found, str):
                yield found


def _document(file: str | None, root: Path) -> Any:
    if file is None or "://" in file:
        return None
    try:
        return json.loads((root / file).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
