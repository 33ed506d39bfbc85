"""The recorded settings of every step beside those that the loop says of it, drawn or not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.model.verdict import Witness
from harness.transcript.chain import Step

ROUNDING = 1e-9
"""Schedules are computed in float64, by other machines with other last digits."""

Settings = Sequence[Sequence[Mapping[str, Any]]]


def told_otherwise(label: str, rows: Sequence[Step], settings: Settings) -> Iterator[Witness]:
    """Yields one witness where recorded settings are not those of the loop: the first, and how many steps."""
    found: list[tuple[int, str, object, object]] = []
    for row in rows:
        groups = settings[row.step] if 0 <= row.step < len(settings) else ()
        odd = next(_odd(row.hyper, groups), None)
        if odd is not None:
            found.append((row.step, *odd))
    if found:
        step, name, was, wanted = found[0]
        yield Witness(
            where=f"{label}: step {step}, the first of {len(found)} whose recorded settings are others",
            found=f"{name} {was}",
            expected=f"{name} {wanted}, as the loop says",
        )


def _odd(
    recorded: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, object, object]]:
    """Yields settings that differ; one group that is told stands for all of them."""
    if len(told) not in (0, 1, len(recorded)):
        yield "groups of parameters:", len(recorded), len(told)
        return
    for at, group in enumerate(recorded):
        wanted = told[at if len(told) > 1 else 0] if told else {}
        for name, value in wanted.items():
            if name not in group or not _alike(group[name], value):
                yield name, group.get(name), value


def _alike(one: object, other: object) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if _number(one) and _number(other):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=0.0)  # type: ignore[arg-type]
    return one == other


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
