"""Versions of a contract's rules: their days, where a subject's day stands, and who is bound to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.model.contract import Criterion
from harness.model.dates import is_day
from harness.reading.binder import Binder, did_you_mean
from harness.reading.nodes import Table


def check_versions(binder: Binder, node: Table, document: Any, criteria: Sequence[Criterion]) -> None:
    """Notes days that are none, days in no order, inputs that are not declared, and unknown versions."""
    at = node.get("versions") or node
    known = document.versions
    for name, day in known.items():
        if not is_day(day):
            binder.note(at, f"versions.{name}", f"{day!r} is no day", "write it as 2026-03-18")
    if len(set(known.values())) < len(known):
        binder.note(at, "versions", "two versions from the same day on", "give each its own day")
    if known and not document.dated:
        binder.note(
            at, "versions", "nothing says on which day a subject is", "add dated: [{input: …, at: …}]"
        )
    for number, dated in enumerate(document.dated):
        place = node.get("dated") or node
        if dated.input not in document.inputs:
            hint = did_you_mean(dated.input, document.inputs)
            binder.note(place, f"dated[{number}].input", f"no input is called {dated.input!r}", hint)
    for criterion in criteria:
        for name in criterion.versions:
            if name not in known:
                hint = did_you_mean(name, known)
                binder.note(node, f"criteria.{criterion.id}.versions", f"no version is called {name!r}", hint)
